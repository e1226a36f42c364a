/** The Web Worker: holds the detector and runs it, so that the page never waits. A file that is refused leaves the one before it. */
import { loadDetector } from '@surge-bnn/runtime';
import type { PackedDetector, Picture } from '@surge-bnn/runtime';
import { answering, opened, threadsHere } from '../../shared/answering.js';
import { Refusal } from '../../shared/refusal.js';
import type { Found, Loaded, Result, Task } from './protocol.js';

let detector: PackedDetector | undefined;

answering<Task, Result>(async (task) =>
  task.kind === 'load' ? { loaded: await load(task) } : { found: detect(task.picture) },
);

async function load({ name, bytes }: Extract<Task, { kind: 'load' }>): Promise<Loaded> {
  const loading = await opened(name, () => loadDetector(bytes, { threads: threadsHere }));
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
