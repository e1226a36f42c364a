/**
 * The worker thread of `npm run fuzz`: tries damaged files, number after number, and says in shared memory where it is, so that
 * whoever started it knows which file it was when it hangs or dies. scripts/fuzz/watch.mjs is the other side.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { LoadOptions } from '../execute/load-options.js';
import { damagedFile } from './damaged-file.fixture.js';
import { tryFile } from './try-file.fixture.js';

interface Task {
  readonly seed: number;
  readonly options: LoadOptions;
  /** Most bytes by which one file may let the process's buffers grow. */
  readonly mostGrowth: number;
  /** Numbers of the files: from, up to but not including to. */
  readonly from: number;
  readonly to: number;
  /** Of int32: the number that is being tried; how many were refused, not run, run. */
  readonly progress: SharedArrayBuffer;
}

const places = { refused: 1, 'not run': 2, ran: 3 } as const;

async function work({ seed, options, mostGrowth, from, to, progress }: Task): Promise<void> {
  const shared = new Int32Array(progress);
  for (let number = from; number < to; number++) {
    Atomics.store(shared, 0, number);
    const { bytes } = damagedFile(seed, number);
    const before = buffers();
    try {
      const outcome = await tryFile(bytes, options);
      Atomics.add(shared, places[outcome], 1);
    } catch (error) {
      parentPort?.postMessage({ number, what: inWords(error) });
    }
    const growth = buffers() - before;
    if (growth > mostGrowth) {
      parentPort?.postMessage({ number, what: `took ${growth} bytes of buffers` });
    }
  }
}

function buffers(): number {
  const { external, arrayBuffers } = process.memoryUsage();
  return external + arrayBuffers;
}

/** With the places of its own stack, not those of the machinery below it. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  return (error.stack ?? error.message).split('\n').slice(0, 5).join('\n');
}

await work(workerData as Task);
