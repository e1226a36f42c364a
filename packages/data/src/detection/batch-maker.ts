/**
 * Makes batches of annotated pictures: draws where each comes to lie, decodes and resizes what is seen of it, a few at a time, and
 * writes it with its boxes. A pure function of (set, plan, epoch, batch), as all makers of batches.
 */
import type { Augmentation } from '../augmentation.js';
import { changeStream, EpochOrder, normalize, normalizedBytes } from '../batch-maker.js';
import { CorruptPicture, decodePicture } from '../pictures/decode.js';
import { inParallel } from '../pictures/decoded.js';
import type { Fit, Size } from '../pictures/fit.js';
import { PictureReader } from '../pictures/read.js';
import type { RandomStream } from '../random.js';
import type { PictureList } from '../types.js';
import type { DetectionBatch, DetectionTarget } from './batch.js';
import { placeBoxes, type Placement } from './placement.js';
import { drawPlacement, padded, type DetectionPlan } from './plan.js';
import { checkPictureSize } from './read.js';
import { ssdColour } from './ssd-colour.js';
import type { AnnotationColumns, DetectionSet } from './types.js';

/** The part of a set that batches are made from; can be sent to a worker. */
export interface DetectionSource {
  readonly files: PictureList;
  readonly columns: AnnotationColumns;
  readonly annotations: string;
  readonly count: number;
}

export function sourceOf({ files, columns, annotations, count }: DetectionSet): DetectionSource {
  return { files, columns, annotations, count };
}

/** Pictures of one batch that are read and decoded at the same time: libuv has four threads for them. */
const AT_ONCE = 4;

interface Drawn {
  readonly index: number;
  readonly placement: Placement;
  readonly random: RandomStream;
}

export class DetectionBatchMaker {
  private readonly order: EpochOrder;
  private readonly reader: PictureReader;
  private readonly table: Float32Array;
  private readonly colour: Augmentation | undefined;

  constructor(
    private readonly source: DetectionSource,
    private readonly plan: DetectionPlan,
  ) {
    this.order = new EpochOrder(source.count, plan);
    this.reader = new PictureReader(source.files);
    this.table = normalizedBytes(plan.normalization);
    const { colour } = plan.augmentation;
    this.colour = colour === undefined ? undefined : ssdColour(colour);
  }

  /**
   * Writes batch `batch` of epoch `epoch` into `buffer`, which `largestBatchBytes` gave the size of.
   *
   * @throws InputError for a picture that is gone, corrupt (unless they are skipped), or of another size than its annotation says.
   */
  async make(epoch: number, batch: number, buffer: ArrayBuffer): Promise<DetectionBatch> {
    const { source, plan } = this;
    const first = batch * plan.batchSize;
    const wanted = Math.min(plan.batchSize, source.count - first);
    const indices = this.order.of(epoch).subarray(first, first + wanted);
    const drawn = Array.from(indices, (index): Drawn => {
      const random = changeStream(plan, epoch, index);
      return { index, random, placement: drawPlacement(this.picture(index), plan, random) };
    });
    const side = (what: 'width' | 'height') =>
      padded(Math.max(...drawn.map(({ placement }) => placement[what])), plan);
    const [width, height] = [side('width'), side('height')];
    const length = height * width * 3;
    const images = new Float32Array(buffer, 0, wanted * length).fill(0);
    const skipped = new Map<number, string>();
    await inParallel(
      wanted,
      async (i) => {
        try {
          await this.write(drawn[i], images.subarray(i * length, (i + 1) * length), width);
        } catch (error) {
          if (!(error instanceof CorruptPicture) || !plan.skipCorrupt) throw error;
          skipped.set(i, `${error.picture} (${error.reason})`);
        }
      },
      AT_ONCE,
    );
    const kept = drawn.filter((_, i) => !skipped.has(i));
    const left = [...skipped].sort(([x], [y]) => x - y).map(([, picture]) => picture);
    // The pictures move up over those that were left out.
    for (let from = 0, to = 0; from < wanted; from++) {
      if (skipped.has(from)) continue;
      if (from !== to) images.copyWithin(to * length, from * length, (from + 1) * length);
      to++;
    }
    return {
      images: images.subarray(0, kept.length * length),
      height,
      width,
      count: kept.length,
      targets: kept.map((one) => this.target(one)),
      ...(left.length === 0 ? {} : { skipped: left }),
    };
  }

  close(): Promise<void> {
    return this.reader.close();
  }

  private picture(i: number): Size & { readonly boxes: Float32Array } {
    const { widths, heights, starts, boxes } = this.source.columns;
    return {
      width: widths[i],
      height: heights[i],
      boxes: boxes.subarray(4 * starts[i], 4 * starts[i + 1]),
    };
  }

  private target({ index, placement }: Drawn): DetectionTarget {
    const { columns } = this.source;
    const first = columns.starts[index];
    const { width, height, left, top, scaleX, scaleY, flipped, kept } = placement;
    return {
      index,
      height,
      width,
      boxes: placeBoxes(this.picture(index).boxes, placement),
      classes: Int32Array.from(kept, (i) => columns.classes[first + i]),
      difficult: Uint8Array.from(kept, (i) => columns.difficult[first + i]),
      crowd: Uint8Array.from(kept, (i) => columns.crowd[first + i]),
      left,
      top,
      scaleX,
      scaleY,
      flipped,
    };
  }

  /** Decodes a picture into its place in the batch, whose rows are `across` pixels long. */
  private async write({ index, placement, random }: Drawn, target: Float32Array, across: number) {
    const { reader, table } = this;
    const bytes = await reader.read(index);
    const pixels = await decodePicture(bytes, reader.where(index), (found) => {
      checkPictureSize(this.source, index, found);
      return fitOf(found, placement);
    });
    const { target: place, width, flipped } = placement;
    let changed: Float32Array | undefined;
    if (this.colour !== undefined) {
      changed = new Float32Array(pixels.length);
      this.colour(Float32Array.from(pixels), changed, { ...place, channels: 3 }, random);
    }
    for (let y = 0, from = 0; y < place.height; y++) {
      for (let x = 0; x < place.width; x++) {
        const column = flipped ? width - 1 - (place.left + x) : place.left + x;
        const to = 3 * ((place.top + y) * across + column);
        for (let c = 0; c < 3; c++, from++) {
          target[to + c] =
            changed === undefined
              ? table[c * 256 + pixels[from]]
              : normalize(changed[from], c, this.plan.normalization);
        }
      }
    }
  }
}

function fitOf({ width, height }: Size, { source, target }: Placement): Fit {
  const isWhole = source.width === width && source.height === height;
  const isAsLarge = source.width === target.width && source.height === target.height;
  return {
    ...(isWhole ? {} : { before: source }),
    ...(isAsLarge ? {} : { resize: { width: target.width, height: target.height } }),
  };
}
