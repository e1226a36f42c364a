/**
 * Who prepares batches: the calling thread (here) or a worker thread (worker-producer.ts).
 */
import {
  batchBytes,
  makerFor,
  type BatchPlan,
  type BatchSource,
  type Maker,
} from './batch-maker.js';
import type { Batch } from './types.js';

/** A batch in the buffer that must go back to the producer when the batch is no longer looked at. */
export interface PreparedBatch {
  readonly batch: Batch;
  readonly buffer: ArrayBuffer;
}

export interface BatchProducer {
  /** Batches worth asking for before the first is used. */
  readonly ahead: number;
  prepare(epoch: number, batch: number): Promise<PreparedBatch>;
  /** Takes a buffer back for a later batch. */
  recycle(buffer: ArrayBuffer): void;
  close(): Promise<void>;
}

/** Buffers of one size, handed out again after use: a steady epoch allocates none. */
export class BufferPool {
  private readonly free: ArrayBuffer[] = [];

  constructor(private readonly bytes: number) {}

  take(): ArrayBuffer {
    return this.free.pop() ?? new ArrayBuffer(this.bytes);
  }

  give(buffer: ArrayBuffer): void {
    this.free.push(buffer);
  }
}

/** Prepares each batch when it is asked for, on the calling thread. */
export class InThreadProducer implements BatchProducer {
  readonly ahead = 1;
  private readonly pool: BufferPool;

  private constructor(
    private readonly maker: Maker,
    bytes: number,
  ) {
    this.pool = new BufferPool(bytes);
  }

  static async open(source: BatchSource, plan: BatchPlan): Promise<InThreadProducer> {
    return new InThreadProducer(await makerFor(source, plan), batchBytes(plan, source));
  }

  async prepare(epoch: number, batch: number): Promise<PreparedBatch> {
    const buffer = this.pool.take();
    return { batch: await this.maker.make(epoch, batch, buffer), buffer };
  }

  recycle(buffer: ArrayBuffer): void {
    this.pool.give(buffer);
  }

  close(): Promise<void> {
    return this.maker.close();
  }
}
