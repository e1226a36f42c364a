/** The cases in a Web Worker, on two threads where it may have them: posts the outputs, or a sentence about what failed. */
import { runCases } from '../run-cases.mjs';

async function read(file: string): Promise<Uint8Array> {
  const address = new URL(`/cases/${file}`, self.location.origin);
  return new Uint8Array(await (await fetch(address)).arrayBuffer());
}

runCases(read, crossOriginIsolated ? 2 : 1).then(
  (outputs) => {
    self.postMessage(outputs);
  },
  (error: unknown) => {
    self.postMessage(String(error));
  },
);
