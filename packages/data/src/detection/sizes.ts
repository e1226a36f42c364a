/**
 * To which size pictures are resized for a detector: the short side to a number that may be drawn anew for each picture, with the
 * long side capped (Faster R-CNN's), or every picture to one size, stretched (SSD's).
 */
import { InputError } from '@surge-bnn/contract';
import type { Size } from '../pictures/fit.js';
import type { RandomStream } from '../random.js';

export type DetectionSize =
  | {
      /** Pixels: one number, a list to draw from, or a range of whole numbers, all equally likely. */
      readonly shortSide:
        number | readonly number[] | { readonly from: number; readonly to: number };
      /** The long side is at most this; the short one gives way. */
      readonly longSide: number;
    }
  | Size;

const LARGEST = 8192;

/** @throws InputError for numbers that make no sense. */
export function checkSize(size: DetectionSize): void {
  if (!('shortSide' in size)) {
    checkPixels('size.width', size.width);
    checkPixels('size.height', size.height);
    return;
  }
  const { shortSide, longSide } = size;
  checkPixels('size.longSide', longSide);
  const values = shortSides(shortSide);
  if (values.length === 0) throw new InputError('size.shortSide must not be an empty list');
  for (const value of values) checkPixels('size.shortSide', value);
  const most = Math.max(...values);
  if (most > longSide) {
    throw new InputError(`size.longSide must be at least size.shortSide, ${most}, got ${longSide}`);
  }
  if (typeof shortSide === 'object' && 'from' in shortSide && shortSide.to < shortSide.from) {
    throw new InputError(
      `size.shortSide must not end before it begins, got ${shortSide.from} to ${shortSide.to}`,
    );
  }
}

/** The rule of sizes for one picture: draws one number where there is something to choose. */
export function drawSize(size: DetectionSize, random: RandomStream): (of: Size) => Size {
  if (!('shortSide' in size)) return () => ({ width: size.width, height: size.height });
  const { shortSide, longSide } = size;
  let chosen: number;
  if (typeof shortSide === 'number') chosen = shortSide;
  else if ('from' in shortSide)
    chosen = shortSide.from + random.integer(shortSide.to - shortSide.from + 1);
  else chosen = shortSide.length === 1 ? shortSide[0] : shortSide[random.integer(shortSide.length)];
  return (of) => scaled(of, chosen, longSide);
}

/** The largest height and width that a picture can get: what memory must be taken for. */
export function largestSize(picture: Size, size: DetectionSize): Size {
  if (!('shortSide' in size)) return size;
  return scaled(picture, Math.max(...shortSides(size.shortSide)), size.longSide);
}

/** scale = min(short / min(w, h), long / max(w, h)); whole pixels nearest to the scaled sides, as detectron2 and mmdetection have them. */
function scaled({ width, height }: Size, short: number, long: number): Size {
  const scale = Math.min(short / Math.min(width, height), long / Math.max(width, height));
  const side = (value: number) => Math.max(1, Math.floor(value * scale + 0.5));
  return { width: side(width), height: side(height) };
}

function shortSides(
  shortSide: number | readonly number[] | { readonly from: number; readonly to: number },
): readonly number[] {
  if (typeof shortSide === 'number') return [shortSide];
  return 'from' in shortSide ? [shortSide.from, shortSide.to] : shortSide;
}

function checkPixels(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= LARGEST) return;
  throw new InputError(`${name} must be an integer in 1 to ${LARGEST}, got ${value}`);
}
