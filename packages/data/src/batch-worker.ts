/**
 * The entry of the worker thread: answers each request for a batch. Started by worker-producer.ts from
 * the built package, never imported.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '@surge-bnn/contract';
import { makerFor } from './batch-maker.js';
import type { BatchReply, BatchRequest, BatchWorkerData } from './worker-producer.js';

const { source, plan } = workerData as BatchWorkerData;
const maker = makerFor(source, plan);

parentPort?.on('message', (request: BatchRequest) => {
  // A defect ends the worker, and with it whoever waits; a picture that cannot be read fails its batch alone.
  answer(request).catch((error: unknown) => {
    setImmediate(() => {
      throw error;
    });
  });
});

async function answer({ id, epoch, batch, buffer }: BatchRequest): Promise<void> {
  let reply: BatchReply;
  try {
    const { count, skipped } = await (await maker).make(epoch, batch, buffer);
    reply = { id, count, buffer, ...(skipped === undefined ? {} : { skipped }) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    reply = { id, count: 0, buffer, refusal: error.message };
  }
  // Transferred, not copied; the reader's next request brings a buffer back.
  parentPort?.postMessage(reply, [buffer]);
}
