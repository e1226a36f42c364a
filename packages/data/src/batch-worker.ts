/**
 * The entry of the worker thread: answers each request for a batch. Started by worker-producer.ts from
 * the built package, never imported.
 */
import { workerData } from 'node:worker_threads';
import { makerFor } from './batch-maker.js';
import type { BatchReply, BatchRequest, BatchWorkerData } from './worker-producer.js';
import { serve } from './worker-server.js';

const { source, plan } = workerData as BatchWorkerData;
const maker = makerFor(source, plan);

serve<BatchRequest, BatchReply>(async ({ epoch, batch, buffer }) => {
  const { count, skipped } = await (await maker).make(epoch, batch, buffer);
  const answer = { count, buffer, ...(skipped === undefined ? {} : { skipped }) };
  return { answer, transfer: [buffer] };
});
