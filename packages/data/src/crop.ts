/**
 * Inception's random resized crop of pictures that are decoded already. (Of pictures in files it is done while
 * they are decoded, from their own size: pictures/file-batches.ts.)
 */
import { InputError } from '@surge-bnn/contract';
import type { Augmentation } from './augmentation.js';
import { randomBox } from './pictures/fit.js';

/** Lower and upper bound, both above 0. */
export type Range = readonly [number, number];

/** torchvision's defaults: a share of the area, and width / height. */
export const CROP_SCALE: Range = [0.08, 1];
export const CROP_RATIO: Range = [3 / 4, 4 / 3];

/**
 * Cuts a random box out (see `randomBox`) and resizes it to the picture's size, bilinear with half-pixel
 * centres and the border repeated, as torchvision. The box is never larger than the picture, so nothing is
 * made smaller and no antialiasing is due.
 */
export function randomResizedCrop(
  scale: Range = CROP_SCALE,
  ratio: Range = CROP_RATIO,
): Augmentation {
  checkRange('scale', scale, 1);
  checkRange('ratio', ratio, Infinity);
  return (source, target, { height, width, channels }, random) => {
    const box = randomBox({ width, height }, scale, ratio, random);
    const columns = samples(width, box.left, box.width);
    const rows = samples(height, box.top, box.height);
    for (let y = 0; y < height; y++) {
      const { from: top, next: bottom, share: v } = rows[y];
      for (let x = 0; x < width; x++) {
        const { from: left, next: right, share: u } = columns[x];
        for (let c = 0; c < channels; c++) {
          const at = (row: number, column: number) => source[(row * width + column) * channels + c];
          const upper = (1 - u) * at(top, left) + u * at(top, right);
          const lower = (1 - u) * at(bottom, left) + u * at(bottom, right);
          target[(y * width + x) * channels + c] = (1 - v) * upper + v * lower;
        }
      }
    }
  };
}

/** For each of `length` target positions: the two source positions and the second one's share. */
function samples(length: number, first: number, size: number) {
  return Array.from({ length }, (_, i) => {
    const position = Math.max(0, ((i + 0.5) * size) / length - 0.5);
    const from = Math.min(Math.floor(position), size - 1);
    return {
      from: first + from,
      next: first + Math.min(from + 1, size - 1),
      share: position - from,
    };
  });
}

function checkRange(name: string, [low, high]: Range, most: number): void {
  if (low > 0 && low <= high && high <= most && Number.isFinite(high)) return;
  const allowed = Number.isFinite(most) ? `0 < low <= high <= ${most}` : '0 < low <= high';
  throw new InputError(
    `${name} of augmentation "randomResizedCrop" must be [low, high] with ${allowed}, got [${low}, ${high}]`,
  );
}
