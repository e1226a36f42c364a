// @ts-check
/**
 * Has a worker thread try numbered cases, and finds out what it cannot tell itself: that it hangs, or died. Then the case counts as a
 * finding, and another worker goes on behind it.
 */
import { clearInterval, setInterval } from 'node:timers';
import { Worker } from 'node:worker_threads';

/** How often the worker is looked at, in milliseconds. */
const tick = 100;

/**
 * @typedef {{ number: number, what: string }} Finding
 * @typedef {object} Watch
 * @property {URL | string} worker its file; posts findings, and says in `progress` which number it is at
 * @property {import('node:worker_threads').WorkerOptions} [workerOptions]
 * @property {object} task what the worker is given besides from, to and progress
 * @property {number} from
 * @property {number} to
 * @property {number} patience ticks on one number, of a tenth of a second of this thread's, so that a process that is stopped does not count
 * @property {(finding: Finding) => void} onFinding
 * @property {(number: number) => void} [onProgress] about once a second
 */

/**
 * @param {Watch} watch
 * @returns {Promise<{ refused: number, notRun: number, ran: number }>} how many cases ended in each way that is allowed
 */
export async function watchWorkers(watch) {
  const progress = new SharedArrayBuffer(16);
  const shared = new Int32Array(progress);
  let from = watch.from;
  while (from < watch.to) {
    shared[0] = from;
    const ended = await watchOne(watch, from, progress);
    if (ended === undefined) break;
    const number = Atomics.load(shared, 0);
    watch.onFinding({ number, what: ended });
    from = number + 1;
  }
  const [, refused, notRun, ran] = shared;
  return { refused, notRun, ran };
}

/**
 * @param {Watch} watch
 * @param {number} from
 * @param {SharedArrayBuffer} progress
 * @returns {Promise<string | undefined>} why the worker ended before it was done
 */
function watchOne(watch, from, progress) {
  const { to, task, patience, onFinding, onProgress } = watch;
  const shared = new Int32Array(progress);
  return new Promise((resolve) => {
    const worker = new Worker(watch.worker, {
      ...watch.workerOptions,
      workerData: { ...task, from, to, progress },
    });
    let last = -1;
    let quiet = 0;
    let ticks = 0;
    const timer = setInterval(() => {
      const now = Atomics.load(shared, 0);
      quiet = now === last ? quiet + 1 : 0;
      last = now;
      ticks += 1;
      if (ticks % 10 === 0) onProgress?.(now);
      if (quiet >= patience) end(`took more than ${(patience * tick) / 1000} s`);
    }, tick);
    /** @param {string | undefined} why */
    const end = (why) => {
      clearInterval(timer);
      worker.removeAllListeners('exit');
      void worker.terminate().then(() => resolve(why));
    };
    worker.on('message', onFinding);
    worker.on('error', (error) => end(`ended the worker: ${error.message}`));
    worker.on('exit', (code) => end(code === 0 ? undefined : `ended the worker: code ${code}`));
  });
}
