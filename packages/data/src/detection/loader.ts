/**
 * The batches of a list of annotated pictures, epoch by epoch, decoded and resized off the training thread.
 */
import { availableParallelism } from 'node:os';
import { InputError } from '@surge-bnn/contract';
import { batchesPerEpoch } from '../batch-maker.js';
import { BufferPool } from '../batch-producer.js';
import { lookAhead } from '../look-ahead.js';
import { decoder } from '../pictures/decode.js';
import { skippedPicture } from '../pictures/skipped.js';
import { builtWorker, WorkerPool } from '../worker-pool.js';
import type { DetectionBatch } from './batch.js';
import { DetectionBatchMaker, sourceOf, type DetectionSource } from './batch-maker.js';
import {
  largestBatchBytes,
  planDetection,
  type DetectionLoaderOptions,
  type DetectionPlan,
} from './plan.js';
import type { DetectionSet } from './types.js';

export interface DetectionWorkerData {
  readonly source: DetectionSource;
  readonly plan: DetectionPlan;
}

export interface DetectionRequest {
  readonly epoch: number;
  readonly batch: number;
  readonly buffer: ArrayBuffer;
}

/** A batch, its pixels in the buffer. */
export interface DetectionReply {
  readonly facts: Omit<DetectionBatch, 'images'>;
  readonly buffer: ArrayBuffer;
}

/** Who answers requests: the calling thread or workers. */
interface Producer {
  readonly ahead: number;
  prepare(request: DetectionRequest): Promise<DetectionReply>;
  close(): Promise<void>;
}

/**
 * ```ts
 * const loader = new DetectionLoader(set, { batchSize: 2, seed: 1, normalization, size: { shortSide: 600, longSide: 1000 } });
 * for await (const batch of loader.epoch(0)) step(batch.images, batch.targets);
 * await loader.close();
 * ```
 *
 * The order depends on (seed, epoch) only, what is drawn for a picture on (seed, epoch, its index) only: any epoch, from any
 * batch on, can be made again bit for bit, with any number of workers. All buffers have the size of the largest batch
 * that can come: memory does not grow with an epoch.
 */
export class DetectionLoader {
  /** Batches that a whole epoch yields. */
  readonly batchesPerEpoch: number;
  private readonly plan: DetectionPlan;
  private readonly workers: number;
  private readonly onSkip: ((picture: string) => void) | undefined;
  /** Pictures that `onSkip` was told of. */
  private readonly skipped = new Set<string>();
  private readonly buffers: BufferPool;
  private producer: Promise<Producer> | undefined;
  private closed = false;

  /** @throws InputError when an option is out of range or does not fit the set. */
  constructor(
    private readonly set: DetectionSet,
    options: DetectionLoaderOptions,
  ) {
    this.plan = planDetection(set, options);
    this.onSkip = options.onSkip;
    const { workers = Math.min(4, availableParallelism()) } = options;
    if (!(Number.isInteger(workers) && workers >= 0 && workers <= 64)) {
      throw new InputError(`workers must be an integer in 0 to 64, got ${String(workers)}`);
    }
    this.workers = workers;
    this.batchesPerEpoch = batchesPerEpoch(set.count, this.plan);
    this.buffers = new BufferPool(largestBatchBytes(set.columns, this.plan));
  }

  /**
   * The batches of epoch `epoch` (0, 1, ...) from batch `firstBatch` on. Leaving the loop early is fine. A batch whose pictures are
   * all corrupt and skipped does not come.
   *
   * @throws InputError for a negative or broken number, after `close`, and for a picture that is gone, corrupt (unless they are
   * skipped, and not all of them are), or of another size than its annotation says; Error when a worker died.
   */
  async *epoch(epoch: number, firstBatch = 0): AsyncGenerator<DetectionBatch, void, undefined> {
    for (const [name, value] of Object.entries({ epoch, firstBatch })) {
      if (Number.isInteger(value) && value >= 0) continue;
      throw new InputError(`${name} must be an integer of at least 0, got ${value}`);
    }
    if (this.closed) {
      throw new InputError('this detection loader was closed: make a new one for more epochs');
    }
    const producer = await (this.producer ??= this.start());
    const replies = lookAhead(
      firstBatch,
      this.batchesPerEpoch,
      producer.ahead,
      (batch) => producer.prepare({ epoch, batch, buffer: this.buffers.take() }),
      ({ buffer }) => this.buffers.give(buffer),
    );
    let yielded = false;
    for await (const { facts, buffer } of replies) {
      this.tellSkipped(facts);
      if (facts.count === 0) continue; // all corrupt; batches of one or two are usual
      yielded = true;
      const length = facts.count * facts.height * facts.width * 3;
      yield { ...facts, images: new Float32Array(buffer, 0, length) };
    }
    if (yielded || firstBatch > 0) return;
    throw new InputError(
      `all pictures of "${this.set.name}" are corrupt, the first: ${[...this.skipped][0]}`,
    );
  }

  /** Ends the workers, also in the middle of an epoch. Calling it again does nothing. */
  async close(): Promise<void> {
    this.closed = true;
    const producer = await this.producer?.catch(() => undefined);
    await producer?.close();
  }

  private async start(): Promise<Producer> {
    const { set, plan, workers } = this;
    // Sharp wants the main thread first.
    await decoder();
    if (workers === 0) {
      const maker = new DetectionBatchMaker(sourceOf(set), plan);
      return {
        ahead: 1,
        prepare: async ({ epoch, batch, buffer }) => {
          const { images: _, ...facts } = await maker.make(epoch, batch, buffer);
          return { facts, buffer };
        },
        close: () => maker.close(),
      };
    }
    const workerData: DetectionWorkerData = { source: sourceOf(set), plan };
    const file = builtWorker('detection/batch-worker.js');
    const pool = new WorkerPool<DetectionRequest, DetectionReply>({ file, workerData, workers });
    return {
      ahead: workers + 1,
      prepare: (request) => {
        const what = `batch ${request.batch} of epoch ${request.epoch}`;
        return pool.ask(request, what, [request.buffer]);
      },
      close: () => pool.close(),
    };
  }

  private tellSkipped({ skipped = [] }: Pick<DetectionBatch, 'skipped'>): void {
    for (const text of skipped) {
      const picture = skippedPicture(text);
      if (!this.skipped.has(picture)) this.onSkip?.(text);
      this.skipped.add(picture);
    }
  }
}
