/**
 * Which level of a feature pyramid a box is read from (FPN, arXiv 1612.03144, equation 1): k = floor(k0 + log2(sqrt(area) / s0)),
 * a box of s0 pixels' side from level k0, half as large from the level below.
 */
import { boxArea, type Boxes } from './box.js';

export interface PyramidLevels {
  /** The finest level, whose stride is 2^first, and how many there are. */
  readonly first: number;
  readonly count: number;
  /** Level and side, in pixels, that the formula starts from. Defaults 4 and 224, those of ImageNet's pictures. */
  readonly k0?: number;
  readonly s0?: number;
}

/** 2^(1e-6): torchvision adds 1e-6 before the floor, so that a side of exactly s0 does not fall to the level below. */
const slack = 1.0000006931474208;

/** For each box the place of its level, 0 for the finest; too small and too large ones go to the ends. */
export function boxLevels(boxes: Boxes, levels: PyramidLevels): Int32Array {
  const { first, count, k0 = 4, s0 = 224 } = levels;
  const places = new Int32Array(boxes.length / 4);
  for (let i = 0; i < places.length; i++) {
    const side = Math.sqrt(boxArea(boxes, i)) * slack;
    // floor(log2 v) >= n is v >= 2^n, which is exact where a logarithm is not.
    while (places[i] < count - 1 && side >= s0 * 2 ** (first + places[i] + 1 - k0)) places[i]++;
  }
  return places;
}
