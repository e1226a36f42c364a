/**
 * The batches of an image set, epoch by epoch. No Node module is imported here until a worker is
 * asked for, so browsers can use it with `workers: 0`.
 */
import { InputError } from '@surge-bnn/contract';
import { batchesPerEpoch, planBatches, type BatchPlan } from './batch-maker.js';
import { InThreadProducer, type BatchProducer } from './batch-producer.js';
import { checkImageSet, checkLabels, isImageSet } from './image-set.js';
import { lookAhead } from './look-ahead.js';
import type { Batch, BatchLoaderOptions, PictureSet } from './types.js';
import { skippedPicture } from './pictures/skipped.js';

/**
 * ```ts
 * const loader = new BatchLoader(train, { batchSize: 64, seed: 1, normalization });
 * for await (const batch of loader.epoch(0)) step(batch.images, batch.labels);
 * await loader.close();
 * ```
 *
 * The order depends on (seed, epoch) only, the augmentation of a picture on (seed, epoch, its index)
 * only: any epoch, from any batch on, can be made again bit for bit, with and without a worker.
 */
export class BatchLoader {
  /** Batches that a whole epoch yields. */
  readonly batchesPerEpoch: number;
  /** Pictures that a whole epoch yields: all, unless `dropLast` leaves some out. */
  readonly picturesPerEpoch: number;
  private readonly plan: BatchPlan;
  private readonly workers: number | undefined;
  private readonly onSkip: ((picture: string) => void) | undefined;
  /** Pictures that `onSkip` was told of. */
  private readonly skipped = new Set<string>();
  private producer: Promise<BatchProducer> | undefined;
  private closed = false;

  /** @throws InputError when an option is out of range or does not fit the set. */
  constructor(
    private readonly set: PictureSet,
    options: BatchLoaderOptions,
  ) {
    if (isImageSet(set)) checkImageSet(set);
    else checkLabels(set);
    this.plan = planBatches(set, options);
    this.onSkip = options.onSkip;
    const { workers } = options;
    if (workers !== undefined && !(Number.isInteger(workers) && workers >= 0 && workers <= 64)) {
      throw new InputError(`workers must be an integer in 0 to 64, got ${String(workers)}`);
    }
    this.workers = workers;
    this.batchesPerEpoch = batchesPerEpoch(set.count, this.plan);
    this.picturesPerEpoch = Math.min(set.count, this.batchesPerEpoch * this.plan.batchSize);
  }

  /**
   * The batches of epoch `epoch` (0, 1, ...) from batch `firstBatch` on. A batch keeps its values until
   * the next one is asked for. Leaving the loop early is fine.
   *
   * @throws InputError for a negative or broken number, or after `close`; Error when the worker died.
   */
  async *epoch(epoch: number, firstBatch = 0): AsyncGenerator<Batch, void, undefined> {
    checkCount('epoch', epoch);
    checkCount('firstBatch', firstBatch);
    const producer = await this.start();
    const batches = lookAhead(
      firstBatch,
      this.batchesPerEpoch,
      producer.ahead,
      (i) => producer.prepare(epoch, i),
      ({ buffer }) => producer.recycle(buffer),
    );
    for await (const { batch } of batches) {
      this.tellSkipped(batch);
      yield batch;
    }
  }

  /** Ends the worker, also in the middle of an epoch. Calling it again does nothing. */
  async close(): Promise<void> {
    this.closed = true;
    // A producer that never started has nothing to end.
    const producer = await this.producer?.catch(() => undefined);
    await producer?.close();
  }

  private start(): Promise<BatchProducer> {
    if (this.closed) {
      throw new InputError('this batch loader was closed: make a new one for more epochs');
    }
    this.producer ??= this.makeProducer();
    return this.producer;
  }

  private async makeProducer(): Promise<BatchProducer> {
    const workers = this.workers ?? (await usualWorkers(this.set));
    if (workers === 0) return InThreadProducer.open(this.set, this.plan);
    const { WorkerProducer } = await import('./worker-producer.js');
    // Sharp wants the main thread first.
    if (!isImageSet(this.set)) await (await import('./pictures/decode.js')).decoder();
    return new WorkerProducer(this.set, this.plan, { workers });
  }

  private tellSkipped({ skipped = [] }: Batch): void {
    for (const text of skipped) {
      const picture = skippedPicture(text);
      if (!this.skipped.has(picture)) this.onSkip?.(text);
      this.skipped.add(picture);
    }
  }
}

/** Decoding pictures is work for every core; what lies in memory one thread prepares fast enough. */
async function usualWorkers(set: PictureSet): Promise<number> {
  if (!runsInNode()) return 0;
  if (isImageSet(set)) return 1;
  const { availableParallelism } = await import('node:os');
  return Math.min(4, availableParallelism());
}

function runsInNode(): boolean {
  return typeof process !== 'undefined' && typeof process.versions?.node === 'string';
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0) {
    throw new InputError(`${name} must be an integer of at least 0, got ${value}`);
  }
}
