/**
 * Makes the batches of pictures in files: reads, decodes, cuts and changes each picture, a few at a time. As
 * batch-maker.ts a pure function of (set, options, epoch, batch): the order in which pictures come in does not
 * matter, because each draws from a stream of its own.
 */
import { InputError } from '@surge-bnn/contract';
import type { Augmentation } from '../augmentation.js';
import { augment } from '../augmentation-spec.js';
import {
  changeStream,
  EpochOrder,
  normalize,
  normalizedBytes,
  viewBatch,
  type BatchPlan,
  type FilesSource,
  type Maker,
} from '../batch-maker.js';
import { CROP_RATIO, CROP_SCALE } from '../crop.js';
import { pictureLength } from '../image-set.js';
import type { RandomStream } from '../random.js';
import type { Batch } from '../types.js';
import { CorruptPicture, decodePicture } from './decode.js';
import { inParallel } from './decoded.js';
import { centreFit, randomBox, type Fit, type Size } from './fit.js';
import { PictureReader } from './read.js';

/** Pictures of one batch that are read and decoded at the same time: libuv has four threads for them. */
const AT_ONCE = 4;

export class FileBatchMaker implements Maker {
  private readonly order: EpochOrder;
  private readonly reader: PictureReader;
  private readonly table: Float32Array;
  private readonly change: Augmentation | undefined;
  /** Chooses the part of a picture; draws from the stream first, if it draws. */
  private readonly fit: (size: Size, random: RandomStream) => Fit;

  constructor(
    private readonly source: FilesSource,
    private readonly plan: BatchPlan,
  ) {
    const [first, ...rest] = plan.augmentation;
    const { width: size, resize } = source;
    if (first?.kind === 'randomResizedCrop') {
      const { scale = CROP_SCALE, ratio = CROP_RATIO } = first;
      this.fit = (found, random) => ({
        before: randomBox(found, scale, ratio, random),
        resize: { width: size, height: size },
      });
    } else {
      this.fit = (found) => centreFit(found, resize, size);
    }
    const steps = first?.kind === 'randomResizedCrop' ? rest : plan.augmentation;
    this.change = steps.length > 0 ? augment(steps, source) : undefined;
    this.order = new EpochOrder(source.count, plan);
    this.reader = new PictureReader(source.pictures);
    this.table = normalizedBytes(plan.normalization);
  }

  async make(epoch: number, batch: number, buffer: ArrayBuffer): Promise<Batch> {
    const { source, plan } = this;
    const first = batch * plan.batchSize;
    const wanted = Math.min(plan.batchSize, source.count - first);
    const indices = this.order.of(epoch).subarray(first, first + wanted);
    const length = pictureLength(source);
    const whole = viewBatch(buffer, wanted, plan, source);
    const skipped = new Map<number, string>();
    await inParallel(
      wanted,
      async (i) => {
        const target = whole.images.subarray(i * length, (i + 1) * length);
        try {
          await this.writePicture(epoch, indices[i], target);
        } catch (error) {
          if (!(error instanceof CorruptPicture) || !source.skipCorrupt) throw error;
          skipped.set(i, `${error.picture} (${error.reason})`);
        }
      },
      AT_ONCE,
    );
    return this.closeBatch(whole, indices, skipped, buffer);
  }

  close(): Promise<void> {
    return this.reader.close();
  }

  /** Labels and indices; the pictures move up over those that were left out. */
  private closeBatch(
    whole: Batch,
    indices: Int32Array,
    skipped: ReadonlyMap<number, string>,
    buffer: ArrayBuffer,
  ): Batch {
    const { source, plan } = this;
    const length = pictureLength(source);
    let count = 0;
    for (let i = 0; i < indices.length; i++) {
      if (skipped.has(i)) continue;
      if (i !== count) whole.images.copyWithin(count * length, i * length, (i + 1) * length);
      whole.labels[count] = source.labels[indices[i]];
      whole.indices[count] = indices[i];
      count++;
    }
    if (skipped.size === 0) return whole;
    const left = [...skipped].sort(([x], [y]) => x - y).map(([, picture]) => picture);
    if (count === 0) {
      throw new InputError(
        `all ${left.length} pictures of a batch are corrupt, the first: ${left[0]}`,
      );
    }
    return { ...viewBatch(buffer, count, plan, source), skipped: left };
  }

  private async writePicture(epoch: number, index: number, target: Float32Array): Promise<void> {
    const { source, plan, reader } = this;
    const random = changeStream(plan, epoch, index);
    const bytes = await reader.read(index);
    const pixels = await decodePicture(bytes, reader.where(index), (size) =>
      this.fit(size, random),
    );
    if (this.change === undefined) {
      for (let i = 0; i < target.length; i++) target[i] = this.table[(i % 3) * 256 + pixels[i]];
      return;
    }
    // No await from here on: the pieces share their scratch memory.
    const before = Float32Array.from(pixels);
    const after = new Float32Array(target.length);
    this.change(before, after, source, random);
    for (let i = 0; i < target.length; i++) {
      target[i] = normalize(after[i], i % 3, plan.normalization);
    }
  }
}
