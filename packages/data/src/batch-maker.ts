/**
 * Makes the batches of a set, one at a time, into a buffer that it is given. The worker and the
 * calling thread run this same code, hence the same bits. A pure function of (set, options, epoch,
 * batch): nothing here remembers what was asked before, except to save work.
 */
import { InputError } from '@surge-bnn/contract';
import type { Augmentation } from './augmentation.js';
import { augment } from './augmentation-spec.js';
import { pictureLength } from './image-set.js';
import { drawMoves, isMoving, type Moves } from './moves.js';
import { randomStream } from './random.js';
import type {
  AugmentationSpec,
  Batch,
  BatchLoaderOptions,
  ChannelStatistics,
  ClassLabels,
  PictureList,
  PictureSet,
  PictureShape,
} from './types.js';

/** The part of a set in memory that batches are made from; can be sent to a worker. */
export interface MemorySource extends PictureShape {
  readonly images: Uint8Array;
  readonly labels: ClassLabels;
  readonly count: number;
}

/** The part of a set in files that batches are made from; can be sent to a worker. */
export interface FilesSource extends PictureShape {
  readonly pictures: PictureList;
  readonly labels: ClassLabels;
  readonly count: number;
  readonly resize: number;
  readonly skipCorrupt: boolean;
}

export type BatchSource = MemorySource | FilesSource;

/** What makes batches, one at a time. */
export interface Maker {
  /** Writes batch `batch` of epoch `epoch` into `buffer` (of `batchBytes`). */
  make(epoch: number, batch: number, buffer: ArrayBuffer): Batch | Promise<Batch>;
  close(): Promise<void>;
}

/** The maker for a source. That for files needs Node and is loaded when it is asked for. */
export async function makerFor(source: BatchSource, plan: BatchPlan): Promise<Maker> {
  if ('images' in source) return new BatchMaker(source, plan);
  const { FileBatchMaker } = await import('./pictures/file-batches.js');
  return new FileBatchMaker(source, plan);
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
export function planBatches(set: PictureSet, options: BatchLoaderOptions): BatchPlan {
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

/** The order of the pictures in each epoch; remembers the last one asked for. */
export class EpochOrder {
  private last: { readonly epoch: number; readonly indices: Int32Array } | undefined;

  constructor(
    private readonly count: number,
    private readonly plan: Pick<BatchPlan, 'seed' | 'shuffle'>,
  ) {}

  of(epoch: number): Int32Array {
    if (this.last?.epoch !== epoch) {
      const indices = this.plan.shuffle
        ? randomStream(this.plan.seed, 'order', epoch).permutation(this.count)
        : Int32Array.from({ length: this.count }, (_, i) => i);
      this.last = { epoch, indices };
    }
    return this.last.indices;
  }
}

/** The stream that changes one picture in one epoch: it does not depend on the batch it falls into. */
export function changeStream({ seed }: Pick<BatchPlan, 'seed'>, epoch: number, index: number) {
  return randomStream(seed, 'augmentation', epoch, index);
}

/** (value / 255 - mean) / std. */
export function normalize(
  value: number,
  channel: number,
  { mean, std }: ChannelStatistics,
): number {
  return (value / 255 - mean[channel]) / std[channel];
}

/** `normalize` of every byte of every channel: value v of channel c at 256 c + v. */
export function normalizedBytes(normalization: ChannelStatistics): Float32Array {
  const channels = normalization.mean.length;
  return Float32Array.from({ length: 256 * channels }, (_, i) =>
    normalize(i % 256, Math.floor(i / 256), normalization),
  );
}

/** Batches of a set in memory. */
export class BatchMaker implements Maker {
  private readonly change: Augmentation | undefined;
  /** Set when the augmentation only moves pixels: then bytes are looked up, never computed with. */
  private readonly moves: Moves | undefined;
  private readonly table: Float32Array;
  private readonly before: Float32Array;
  private readonly after: Float32Array;
  private readonly order: EpochOrder;

  constructor(
    private readonly source: MemorySource,
    private readonly plan: BatchPlan,
  ) {
    const { augmentation } = plan;
    const { height, width } = source;
    this.order = new EpochOrder(source.count, plan);
    this.table = normalizedBytes(plan.normalization);
    if (augmentation.length > 0 && isMoving(augmentation)) {
      this.moves = { rows: new Int32Array(height), columns: new Int32Array(width) };
    } else if (augmentation.length > 0) {
      this.change = augment(augmentation, source);
    }
    this.before = new Float32Array(pictureLength(source));
    this.after = new Float32Array(pictureLength(source));
  }

  make(epoch: number, batch: number, buffer: ArrayBuffer): Batch {
    const { source, plan } = this;
    const first = batch * plan.batchSize;
    const count = Math.min(plan.batchSize, source.count - first);
    const result = viewBatch(buffer, count, plan, source);
    const order = this.order.of(epoch);
    const length = pictureLength(source);
    for (let i = 0; i < count; i++) {
      const index = order[first + i];
      result.indices[i] = index;
      result.labels[i] = source.labels[index];
      this.writePicture(epoch, index, result.images.subarray(i * length, (i + 1) * length));
    }
    return result;
  }

  async close(): Promise<void> {}

  private writePicture(epoch: number, index: number, target: Float32Array): void {
    const { source, plan, table } = this;
    const { channels, images } = source;
    const pixels = images.subarray(index * target.length, (index + 1) * target.length);
    if (this.moves !== undefined) {
      drawMoves(plan.augmentation, source, changeStream(plan, epoch, index), this.moves);
      movePicture(pixels, target, source, this.moves, table);
      return;
    }
    if (this.change === undefined) {
      for (let i = 0, channel = 0; i < target.length; i++) {
        target[i] = table[channel * 256 + pixels[i]];
        if (++channel === channels) channel = 0;
      }
      return;
    }
    this.before.set(pixels);
    this.change(this.before, this.after, source, changeStream(plan, epoch, index));
    for (let i = 0; i < target.length; i++) {
      target[i] = normalize(this.after[i], i % channels, plan.normalization);
    }
  }
}

/** One pass: each target pixel is looked up where its row and its column come from. */
function movePicture(
  pixels: Uint8Array,
  target: Float32Array,
  { height, width, channels }: PictureShape,
  { rows, columns }: Moves,
  table: Float32Array,
): void {
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = rows[y] * width;
    for (let x = 0; x < width; x++) {
      const isBlack = row < 0 || columns[x] < 0;
      const from = (row + columns[x]) * channels;
      for (let c = 0; c < channels; c++) {
        target[to++] = table[c * 256 + (isBlack ? 0 : pixels[from + c])];
      }
    }
  }
}

/** @throws InputError when it does not fit the channels, or a number is none. */
export function checkNormalization(
  { mean, std }: ChannelStatistics,
  set: { readonly name: string; readonly channels: number },
): void {
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
