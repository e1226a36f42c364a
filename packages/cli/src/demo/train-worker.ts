/**
 * One training in a thread of its own, so that the demo's two runs take one core each. TF.js and the engine are
 * loaded anew in every thread; nothing is shared. Started by train-thread.ts, from the built file.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { asOutOfMemory, InputError } from '@surge-bnn/contract';
import { runTraining } from '@surge-bnn/train';
import type { ThreadJob, ThreadMessage } from './train-thread.js';

const job = workerData as ThreadJob;
const abort = new AbortController();
parentPort?.on('message', () => {
  abort.abort();
});
const post = (message: ThreadMessage): void => parentPort?.postMessage(message);

try {
  const summary = await runTraining(job.recipe, {
    out: job.out,
    signal: abort.signal,
    onEvent: (event) => {
      post({ event });
    },
  });
  post({ summary });
} catch (error) {
  const mistake = error instanceof InputError ? error : asOutOfMemory(error);
  if (mistake === undefined) throw error;
  // A class does not survive the way between threads; what it stands for has to.
  post({ mistake: mistake.message });
}
// The listener for the abort would keep the thread alive.
parentPort?.close();
