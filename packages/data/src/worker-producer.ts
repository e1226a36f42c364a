/**
 * Batches prepared in worker threads while the calling thread trains. The pictures lie in shared
 * memory, the batches travel in transferred buffers: nothing is copied between the threads.
 */
import { batchBytes, viewBatch, type BatchPlan, type BatchSource } from './batch-maker.js';
import { BufferPool, type BatchProducer, type PreparedBatch } from './batch-producer.js';
import { allocateBytes, allocateLabels } from './image-set.js';
import type { ClassLabels } from './types.js';
import { builtWorker, WorkerPool } from './worker-pool.js';

export interface BatchWorkerData {
  readonly source: BatchSource;
  readonly plan: BatchPlan;
}

export interface BatchRequest {
  readonly epoch: number;
  readonly batch: number;
  readonly buffer: ArrayBuffer;
}

export interface BatchReply {
  readonly count: number;
  readonly buffer: ArrayBuffer;
  readonly skipped?: readonly string[];
}

export class WorkerProducer implements BatchProducer {
  /** Each worker has a batch to prepare while the reader looks at one. */
  readonly ahead: number;
  private readonly source: BatchSource;
  private readonly workers: WorkerPool<BatchRequest, BatchReply>;
  private readonly pool: BufferPool;

  constructor(
    source: BatchSource,
    private readonly plan: BatchPlan,
    {
      workers = 1,
      file = builtWorker('batch-worker.js'),
    }: { workers?: number; file?: string } = {},
  ) {
    this.ahead = workers + 1;
    this.source = sharedSource(source);
    this.pool = new BufferPool(batchBytes(plan, source));
    const workerData: BatchWorkerData = { source: this.source, plan };
    this.workers = new WorkerPool({ file, workerData, workers });
  }

  async prepare(epoch: number, batch: number): Promise<PreparedBatch> {
    const question = { epoch, batch, buffer: this.pool.take() };
    const what = `batch ${batch} of epoch ${epoch}`;
    const { buffer, count, skipped } = await this.workers.ask(question, what, [question.buffer]);
    const ready = viewBatch(buffer, count, this.plan, this.source);
    return { batch: skipped === undefined ? ready : { ...ready, skipped }, buffer };
  }

  recycle(buffer: ArrayBuffer): void {
    this.pool.give(buffer);
  }

  close(): Promise<void> {
    return this.workers.close();
  }
}

/** What a source is made from, in shared memory; lists of pictures are there already. */
function sharedSource(source: BatchSource): BatchSource {
  const { count, height, width, channels } = source;
  const facts = { count, height, width, channels, labels: sharedLabels(source.labels) };
  if ('images' in source) return { ...facts, images: sharedBytes(source.images) };
  const { pictures, resize, skipCorrupt } = source;
  return { ...facts, pictures, resize, skipCorrupt };
}

/** The bytes in shared memory: as they are, or copied once. */
function sharedBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = allocateBytes(bytes.length);
  copy.set(bytes);
  return copy;
}

function sharedLabels(labels: ClassLabels): ClassLabels {
  if (labels.buffer instanceof SharedArrayBuffer) return labels;
  const copy = allocateLabels(labels.length, labels instanceof Uint16Array ? 65_536 : 256);
  copy.set(labels);
  return copy;
}
