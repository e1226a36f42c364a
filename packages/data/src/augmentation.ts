/**
 * Random changes of pictures, small pieces that compose. A piece reads one float picture (HWC, pixels
 * 0..255), writes another, and draws from the stream that it is given: no state, so the same stream
 * gives the same picture. Black (0) enters from outside.
 */
import { InputError } from '@surge-bnn/contract';
import { pictureLength } from './image-set.js';
import type { RandomStream } from './random.js';
import type { PictureShape } from './types.js';

/** Writes all of `target` from `source`; both HWC of `shape`, not the same array. */
export type Augmentation = (
  source: Float32Array,
  target: Float32Array,
  shape: PictureShape,
  random: RandomStream,
) => void;

/** Moves by whole pixels, evenly in -maxPixels .. maxPixels along each axis; black enters. */
export function shift(maxPixels: number): Augmentation {
  return padCrop(checkPixels('shift', 'maxPixels', maxPixels));
}

/**
 * Pads by `pixels` on every side and cuts the old size out at a random place. With 'zero' this is
 * `shift`; 'reflect' mirrors the picture about its border pixels, which are not repeated, and needs
 * pictures larger than `pixels` (`augment` checks it).
 */
export function padCrop(pixels: number, padding: 'zero' | 'reflect' = 'zero'): Augmentation {
  checkPixels('padCrop', 'pixels', pixels);
  return (source, target, { height, width, channels }, random) => {
    const down = random.integer(2 * pixels + 1) - pixels;
    const right = random.integer(2 * pixels + 1) - pixels;
    target.fill(0);
    for (let y = 0; y < height; y++) {
      const fromY = inside(y - down, height, padding);
      if (fromY < 0) continue;
      for (let x = 0; x < width; x++) {
        const fromX = inside(x - right, width, padding);
        if (fromX < 0) continue;
        const to = (y * width + x) * channels;
        const from = (fromY * width + fromX) * channels;
        for (let c = 0; c < channels; c++) target[to + c] = source[from + c];
      }
    }
  };
}

/** Mirrors left and right with this probability. */
export function flip(probability = 0.5): Augmentation {
  checkRange('flip', 'probability', probability, 0, 1);
  return (source, target, { height, width, channels }, random) => {
    if (random.uniform() >= probability) {
      target.set(source);
      return;
    }
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const to = (y * width + x) * channels;
        const from = (y * width + (width - 1 - x)) * channels;
        for (let c = 0; c < channels; c++) target[to + c] = source[from + c];
      }
    }
  };
}

/**
 * Turns by up to `degrees`, resizes by a factor in 1 - scale .. 1 + scale and slants by up to `shear`
 * degrees, about the centre of the picture; bilinear.
 */
export function affine({ degrees = 0, scale = 0, shear = 0 }: AffineAmounts): Augmentation {
  checkRange('affine', 'degrees', degrees, 0, 180);
  checkRange('affine', 'scale', scale, 0, 0.99);
  checkRange('affine', 'shear', shear, 0, 80);
  return (source, target, shape, random) => {
    const angle = radians(degrees * (2 * random.uniform() - 1));
    const factor = 1 + scale * (2 * random.uniform() - 1);
    const slant = Math.tan(radians(shear * (2 * random.uniform() - 1)));
    // The picture is mapped by M = factor * R(angle) * [[1, slant], [0, 1]] on (x, y); each target
    // pixel takes the value at its origin, hence the inverse: [[1, -slant], [0, 1]] * R(-angle) / factor.
    const cos = Math.cos(angle) / factor;
    const sin = Math.sin(angle) / factor;
    const inverse = [cos + slant * sin, sin - slant * cos, -sin, cos] as const;
    resample(source, target, shape, inverse);
  };
}

export interface AffineAmounts {
  readonly degrees?: number;
  readonly scale?: number;
  readonly shear?: number;
}

/** Applies the pieces one after the other; with none it copies. */
export function compose(pieces: readonly Augmentation[]): Augmentation {
  let scratch = new Float32Array(0);
  return (source, target, shape, random) => {
    if (pieces.length === 0) {
      target.set(source);
      return;
    }
    const length = pictureLength(shape);
    if (scratch.length < 2 * length) scratch = new Float32Array(2 * length);
    let from = source;
    pieces.forEach((piece, i) => {
      const half = i % 2;
      const to =
        i === pieces.length - 1 ? target : scratch.subarray(half * length, (half + 1) * length);
      piece(from, to, shape, random);
      from = to;
    });
  };
}

/** Bilinear: target(x, y) = source(inverse * (x, y)), about the centre, black outside. */
function resample(
  source: Float32Array,
  target: Float32Array,
  { height, width, channels }: PictureShape,
  [xx, xy, yx, yy]: readonly [number, number, number, number],
): void {
  const centreX = (width - 1) / 2;
  const centreY = (height - 1) / 2;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fromX = xx * (x - centreX) + xy * (y - centreY) + centreX;
      const fromY = yx * (x - centreX) + yy * (y - centreY) + centreY;
      const left = Math.floor(fromX);
      const top = Math.floor(fromY);
      const u = fromX - left;
      const v = fromY - top;
      const weights = [(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v];
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let corner = 0; corner < 4; corner++) {
          const cx = left + (corner & 1);
          const cy = top + (corner >> 1);
          if (cx < 0 || cy < 0 || cx >= width || cy >= height) continue;
          sum += weights[corner] * source[(cy * width + cx) * channels + c];
        }
        target[(y * width + x) * channels + c] = sum;
      }
    }
  }
}

/** The position that padding shows at `position`, or -1 for black. */
export function inside(position: number, size: number, padding: 'zero' | 'reflect'): number {
  if (position >= 0 && position < size) return position;
  if (padding === 'zero') return -1;
  return position < 0 ? -position : 2 * (size - 1) - position;
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

function checkPixels(piece: string, name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0) {
    throw new InputError(
      `${name} of augmentation "${piece}" must be an integer of at least 0, got ${value}`,
    );
  }
  return value;
}

function checkRange(piece: string, name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) {
    throw new InputError(
      `${name} of augmentation "${piece}" must lie in ${low} to ${high}, got ${value}`,
    );
  }
}
