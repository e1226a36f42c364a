/** `runTraining` in a worker thread: the same events, signal, summary and errors as in this one. */
import { Worker } from 'node:worker_threads';
import { InputError } from '@surge-bnn/contract';
import type { Recipe, RunSummary, TrainEvent } from '@surge-bnn/train';

export interface ThreadJob {
  readonly recipe: Recipe;
  readonly out: string;
}

export type ThreadMessage =
  | { readonly event: TrainEvent }
  | { readonly summary: RunSummary }
  /** The message of an InputError. */
  | { readonly mistake: string };

export interface ThreadOptions {
  readonly signal: AbortSignal;
  readonly onEvent: (event: TrainEvent) => void;
}

/** @throws InputError as runTraining does; an Error when the thread dies. */
export async function trainInThread(
  job: ThreadJob,
  { signal, onEvent }: ThreadOptions,
): Promise<RunSummary> {
  const worker = new Worker(new URL('./train-worker.js', import.meta.url), { workerData: job });
  const abort = (): void => {
    worker.postMessage('abort');
  };
  try {
    return await new Promise<RunSummary>((resolve, reject) => {
      worker.on('message', (message: ThreadMessage) => {
        if ('event' in message) onEvent(message.event);
        else if ('summary' in message) resolve(message.summary);
        else reject(new InputError(message.mistake));
      });
      worker.once('error', reject);
      worker.once('exit', (code) => {
        reject(new Error(`the training thread for ${job.out} ended early (exit code ${code})`));
      });
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
    });
  } finally {
    signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
