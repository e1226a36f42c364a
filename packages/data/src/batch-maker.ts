/**
 * Makes the batches of an image set, one at a time, into a buffer that it is given. The worker and the
 * calling thread run this same code, hence the same bits. A pure function of (set, options, epoch,
 * batch): nothing here remembers what was asked before, except to save work.
 */
import { InputError } from '@surge-bnn/contract';
import type { Augmentation } from './augmentation.js';
import { augment } from './augmentation-spec.js';
import { pictureLength } from './image-set.js';
import { randomStream } from './random.js';
import type {
  AugmentationSpec,
  Batch,
  BatchLoaderOptions,
  ChannelStatistics,
  ImageSet,
  PictureShape,
} from './types.js';

/** The part of an image set that batches are made from; can be sent to a worker. */
export interface BatchSource extends PictureShape {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly count: number;
}

/** `BatchLoaderOptions` with every default written out; can be sent to a worker. */
export interface BatchPlan {
  readonly batchSize: number;
  readonly seed: number;
  readonly normalization: ChannelStatistics;
  readonly shuffle: boolean;
  readonly dropLast: boolean;
  readonly augmentation: AugmentationSpec;
}

/** Fills the defaults in and refuses what does not fit the set. */
export function planBatches(set: ImageSet, options: BatchLoaderOptions): BatchPlan {
  const { batchSize, seed, normalization, shuffle, dropLast, augmentation } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new InputError(`batchSize must be an integer of at least 1, got ${batchSize}`);
  }
  if (set.count === 0) {
    throw new InputError(`image set "${set.name}" (${set.split}) is empty: no batches to make`);
  }
  if (dropLast === true && batchSize > set.count) {
    throw new InputError(
      `batchSize ${batchSize} with dropLast leaves no batch of the ${set.count} pictures of ` +
        `image set "${set.name}" (${set.split}); allowed: 1 to ${set.count}`,
    );
  }
  if (!Number.isFinite(seed)) throw new InputError(`seed must be a finite number, got ${seed}`);
  checkNormalization(normalization, set);
  augment(augmentation ?? [], set); // refuses now rather than in the worker
  return {
    // A batch never holds more than the set, and memory is taken for what it may hold.
    batchSize: Math.min(batchSize, set.count),
    seed,
    normalization: { mean: [...normalization.mean], std: [...normalization.std] },
    shuffle: shuffle ?? true,
    dropLast: dropLast ?? false,
    augmentation: augmentation ?? [],
  };
}

/** Batches in one epoch. */
export function batchesPerEpoch(
  count: number,
  plan: Pick<BatchPlan, 'batchSize' | 'dropLast'>,
): number {
  return plan.dropLast ? Math.floor(count / plan.batchSize) : Math.ceil(count / plan.batchSize);
}

/** Bytes of a buffer for one batch: pixels, then labels, then indices, four bytes each. */
export function batchBytes(plan: Pick<BatchPlan, 'batchSize'>, shape: PictureShape): number {
  return 4 * plan.batchSize * (pictureLength(shape) + 2);
}

/** The arrays of a batch of `count` pictures in such a buffer. */
export function viewBatch(
  buffer: ArrayBuffer,
  count: number,
  plan: Pick<BatchPlan, 'batchSize'>,
  shape: PictureShape,
): Batch {
  const length = pictureLength(shape);
  const labelsAt = 4 * plan.batchSize * length;
  return {
    images: new Float32Array(buffer, 0, count * length),
    labels: new Int32Array(buffer, labelsAt, count),
    indices: new Int32Array(buffer, labelsAt + 4 * plan.batchSize, count),
    count,
  };
}

export class BatchMaker {
  private readonly change: Augmentation | undefined;
  /** (value / 255 - mean) / std for every byte value of every channel. */
  private readonly table: Float32Array;
  private readonly before: Float32Array;
  private readonly after: Float32Array;
  private order: { readonly epoch: number; readonly indices: Int32Array } | undefined;

  constructor(
    private readonly source: BatchSource,
    private readonly plan: BatchPlan,
  ) {
    this.change = plan.augmentation.length > 0 ? augment(plan.augmentation, source) : undefined;
    this.table = new Float32Array(256 * source.channels);
    for (let channel = 0; channel < source.channels; channel++) {
      for (let value = 0; value < 256; value++) {
        this.table[channel * 256 + value] = this.normalize(value, channel);
      }
    }
    this.before = new Float32Array(pictureLength(source));
    this.after = new Float32Array(pictureLength(source));
  }

  /** Writes batch `batch` of epoch `epoch` into `buffer` (of `batchBytes`). */
  make(epoch: number, batch: number, buffer: ArrayBuffer): Batch {
    const { source, plan } = this;
    const first = batch * plan.batchSize;
    const count = Math.min(plan.batchSize, source.count - first);
    const result = viewBatch(buffer, count, plan, source);
    const order = this.orderOf(epoch);
    const length = pictureLength(source);
    for (let i = 0; i < count; i++) {
      const index = order[first + i];
      result.indices[i] = index;
      result.labels[i] = source.labels[index];
      this.writePicture(epoch, index, result.images.subarray(i * length, (i + 1) * length));
    }
    return result;
  }

  private writePicture(epoch: number, index: number, target: Float32Array): void {
    const { channels, images } = this.source;
    const pixels = images.subarray(index * target.length, (index + 1) * target.length);
    if (this.change === undefined) {
      for (let i = 0; i < target.length; i++) {
        target[i] = this.table[(i % channels) * 256 + pixels[i]];
      }
      return;
    }
    this.before.set(pixels);
    // A stream per picture and epoch: its change does not depend on the batch it falls into.
    const random = randomStream(this.plan.seed, 'augmentation', epoch, index);
    this.change(this.before, this.after, this.source, random);
    for (let i = 0; i < target.length; i++) {
      target[i] = this.normalize(this.after[i], i % channels);
    }
  }

  private normalize(value: number, channel: number): number {
    const { mean, std } = this.plan.normalization;
    return (value / 255 - mean[channel]) / std[channel];
  }

  private orderOf(epoch: number): Int32Array {
    if (this.order?.epoch !== epoch) {
      const indices = this.plan.shuffle
        ? randomStream(this.plan.seed, 'order', epoch).permutation(this.source.count)
        : Int32Array.from({ length: this.source.count }, (_, i) => i);
      this.order = { epoch, indices };
    }
    return this.order.indices;
  }
}

function checkNormalization({ mean, std }: ChannelStatistics, set: ImageSet): void {
  if (mean.length !== set.channels || std.length !== set.channels) {
    throw new InputError(
      `normalization holds ${mean.length} means and ${std.length} deviations, but the pictures of ` +
        `image set "${set.name}" have ${set.channels} channel(s)`,
    );
  }
  mean.forEach((value, channel) => {
    if (!Number.isFinite(value)) {
      throw new InputError(
        `the mean of channel ${channel} in normalization must be finite, got ${value}`,
      );
    }
    if (!(std[channel] > 0 && Number.isFinite(std[channel]))) {
      throw new InputError(
        `the deviation of channel ${channel} in normalization must be above 0, got ${std[channel]}`,
      );
    }
  });
}
