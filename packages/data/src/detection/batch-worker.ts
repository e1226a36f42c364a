/**
 * The entry of the worker thread of a DetectionLoader. Started by loader.ts from the built package, never imported.
 */
import { workerData } from 'node:worker_threads';
import { serve } from '../worker-server.js';
import { DetectionBatchMaker } from './batch-maker.js';
import type { DetectionReply, DetectionRequest, DetectionWorkerData } from './loader.js';

const { source, plan } = workerData as DetectionWorkerData;
const maker = new DetectionBatchMaker(source, plan);

serve<DetectionRequest, DetectionReply>(async ({ epoch, batch, buffer }) => {
  // The pixels go with the buffer; a view of it would be copied.
  const { images: _, ...facts } = await maker.make(epoch, batch, buffer);
  return { answer: { facts, buffer }, transfer: [buffer] };
});
