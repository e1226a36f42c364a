/** The batches of encoded texts, epoch by epoch. What lies in memory is collated in microseconds: no threads. No Node module is imported here. */
import { InputError } from '@surge-bnn/contract';
import {
  bucketsPerEpoch,
  drawBuckets,
  planBuckets,
  type BucketOptions,
  type BucketPlan,
} from './buckets.js';
import { checkPadding, collate, type PadOptions, type TextBatch } from './collate.js';
import type { EncodedTexts } from './encode.js';

export interface TextLoaderOptions extends BucketOptions, PadOptions {}

/**
 * ```ts
 * const texts = encodeTexts(await openText('sst2', { split: 'train' }), wordPiece, { maxLength: 64 });
 * const loader = new TextLoader(texts, { batchSize: 32, seed: 1 });
 * for (const { ids, types, mask, labels, count, length } of loader.epoch(0)) step(..);
 * ```
 *
 * The batches depend on (seed, epoch) only: any epoch, from any batch on, can be made again.
 */
export class TextLoader {
  readonly batchesPerEpoch: number;
  /** All, unless `dropLast` leaves some out. */
  readonly textsPerEpoch: number;
  private readonly plan: BucketPlan;
  private readonly lengths: Int32Array;

  /** @throws InputError when an option is out of range or does not fit the texts. */
  constructor(
    private readonly texts: EncodedTexts,
    private readonly options: TextLoaderOptions,
  ) {
    this.plan = planBuckets(options);
    checkPadding(options, texts.longest);
    const { count, offsets } = texts;
    this.lengths = Int32Array.from({ length: count }, (_, i) => offsets[i + 1] - offsets[i]);
    this.batchesPerEpoch = bucketsPerEpoch(count, this.plan);
    this.textsPerEpoch = Math.min(count, this.batchesPerEpoch * options.batchSize);
  }

  /**
   * The batches of epoch `epoch` (0, 1, ...) from batch `firstBatch` on.
   *
   * @throws InputError for a negative or broken number.
   */
  *epoch(epoch: number, firstBatch = 0): Generator<TextBatch, void, undefined> {
    checkCount('epoch', epoch);
    checkCount('firstBatch', firstBatch);
    for (const indices of drawBuckets(this.lengths, epoch, this.plan).slice(firstBatch)) {
      yield collate(this.texts, indices, this.options);
    }
  }
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0) {
    throw new InputError(`${name} must be an integer of at least 0, got ${value}`);
  }
}
