/**
 * The entry of the worker thread: answers each request for a batch. Started by worker-producer.ts from
 * the built package, never imported.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { BatchMaker } from './batch-maker.js';
import type { BatchReply, BatchRequest, BatchWorkerData } from './worker-producer.js';

const { source, plan } = workerData as BatchWorkerData;
const maker = new BatchMaker(source, plan);

parentPort?.on('message', ({ id, epoch, batch, buffer }: BatchRequest) => {
  const { count } = maker.make(epoch, batch, buffer);
  const reply: BatchReply = { id, count, buffer };
  // Transferred, not copied; the reader's next request brings a buffer back.
  parentPort?.postMessage(reply, [buffer]);
});
