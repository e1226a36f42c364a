/**
 * A process that knows nothing but the runtime: loads a model file, runs it on the pictures that it is sent, and answers with
 * all outputs. Started by fresh-process.ts, from the built file.
 */
import { load } from '@surge-bnn/runtime';
import type { PackedAnswer, PackedJob, PackedMessage } from './fresh-process.js';

/** Pictures that are timed one by one. */
const TIMED = 500;

async function answer({ file, pictures }: PackedJob): Promise<PackedAnswer> {
  const model = await load(file);
  // All of them at once, which also lets the compiler finish its work before anything is timed.
  const outputs = model.run(pictures);
  const size = model.inputShape.reduce((a, b) => a * b, 1);
  const one = new Float32Array(model.outputShape.reduce((a, b) => a * b, 1));
  const times = Float64Array.from(
    { length: Math.min(TIMED, pictures.length / size) },
    (_, i): number => {
      const picture = pictures.subarray(i * size, (i + 1) * size);
      const start = performance.now();
      model.run(picture, one);
      return performance.now() - start;
    },
  ).sort();
  return { outputs, milliseconds: times[times.length >> 1], node: process.version };
}

function send(message: PackedMessage): void {
  process.send?.(message, undefined, undefined, () => {
    // Nothing else keeps the process alive.
    process.disconnect();
  });
}

// Ctrl-C reaches all processes of a terminal; the one that started this decides.
process.on('SIGINT', () => undefined);
process.once('message', (job: PackedJob) => {
  answer(job).then(send, (error: unknown) => {
    send({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  });
});
