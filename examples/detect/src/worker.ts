/** The Web Worker: holds the detector and runs it, so that the page never waits. A file that is refused leaves the one before it. */
import { loadDetector, ModelFileError } from '@surge-bnn/runtime';
import type { PackedDetector, Picture } from '@surge-bnn/runtime';
import { Refusal } from '../../shared/refusal.js';
import type { Answer, Found, Loaded, Request } from './protocol.js';

/** Only where the page is isolated can threads share memory; more than a few wait for each other. */
const threads = crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;

let detector: PackedDetector | undefined;
let last = Promise.resolve();

// One after the other, as loading takes turns of the event loop.
self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  last = last.then(async () => {
    self.postMessage(await answer(data));
  });
});

async function answer(request: Request): Promise<Answer> {
  try {
    if (request.kind === 'load') return { loaded: await load(request) };
    return { found: detect(request.picture) };
  } catch (error) {
    const refusal = error instanceof Refusal || error instanceof ModelFileError;
    const sentence = error instanceof Error ? error.message : String(error);
    return { failed: { sentence, refusal } };
  }
}

async function load({ name, bytes }: Extract<Request, { kind: 'load' }>): Promise<Loaded> {
  let loading: PackedDetector;
  try {
    loading = await loadDetector(bytes, { threads });
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    throw new Refusal(`${name} cannot be run: ${error.message}.`, { cause: error });
  }
  detector?.close();
  detector = loading;
  return { classes: loading.classes, kernels: loading.describe().kernels };
}

function detect(picture: Picture): Found {
  if (detector === undefined) throw new Refusal('Open a detector first.');
  const start = performance.now();
  const found = detector.detect(picture);
  return { ...found, milliseconds: performance.now() - start, times: detector.lastTimes };
}
