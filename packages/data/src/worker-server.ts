/**
 * The worker's side of worker-pool.ts. Imported by the files that workers are started from, and by nothing else.
 */
import { parentPort } from 'node:worker_threads';
import { InputError } from '@surge-bnn/contract';
import type { Asked, Reply } from './worker-pool.js';

/** An answer and its buffers that go over to the asking thread, which sends them back with a later question. */
export interface Served<A> {
  readonly answer: A;
  readonly transfer: readonly ArrayBuffer[];
}

/** Answers every question. An InputError fails its question alone; any other error ends the worker, and with it whoever waits. */
export function serve<Q, A>(answerTo: (question: Q) => Promise<Served<A>>): void {
  parentPort?.on('message', (asked: Asked<Q>) => {
    answer(asked, answerTo).catch((error: unknown) => {
      setImmediate(() => {
        throw error;
      });
    });
  });
}

async function answer<Q, A>(
  { id, question }: Asked<Q>,
  answerTo: (question: Q) => Promise<Served<A>>,
): Promise<void> {
  let reply: Reply<A>;
  let buffers: readonly ArrayBuffer[] = [];
  try {
    const { answer: ready, transfer } = await answerTo(question);
    reply = { id, answer: ready };
    buffers = transfer;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    reply = { id, refusal: error.message };
  }
  parentPort?.postMessage(reply, buffers);
}
