/** RoIAlign over a feature pyramid: each box is read from the level that suits its size (FPN, arXiv 1612.03144, equation 1). */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { boxes as arithmetic } from '@surge-bnn/runtime';
import { roiAlign, type Regions, type RoiAlignOptions } from './roi-align.js';

export interface PyramidRoiAlignOptions extends Omit<RoiAlignOptions, 'scale'> {
  /** Stride of the finest map is 2^firstLevel; of each next one twice that. */
  readonly firstLevel: number;
  /** Level and side in pixels that equation 1 starts from. Defaults 4 and 224. */
  readonly k0?: number;
  readonly s0?: number;
}

/**
 * @param maps float32 NHWC, the finest first; a single one is plain RoIAlign.
 * @returns float32 [boxes, height, width, channels] in the order of the boxes.
 */
export function pyramidRoiAlign(
  maps: readonly Tensor4D[],
  { boxes, pictures }: Regions,
  { firstLevel, k0, s0, ...options }: PyramidRoiAlignOptions,
): Tensor4D {
  if (maps.length === 0) throw new InputError('pyramidRoiAlign needs at least one feature map');
  const levels = arithmetic.boxLevels(boxes, { first: firstLevel, count: maps.length, k0, s0 });
  return tf.tidy(() => {
    const parts: Tensor4D[] = [];
    /** The boxes in the order in which the levels give them. */
    const order: number[] = [];
    maps.forEach((map, level) => {
      const here = [...pictures.keys()].filter((i) => levels[i] === level);
      if (here.length === 0) return;
      order.push(...here);
      const regions = {
        boxes: arithmetic.takeBoxes(boxes, here),
        pictures: Int32Array.from(here, (i) => pictures[i]),
      };
      parts.push(roiAlign(map, regions, { ...options, scale: 2 ** -(firstLevel + level) }));
    });
    if (parts.length === 0) return roiAlign(maps[0], { boxes, pictures }, { ...options, scale: 1 });
    if (parts.length === 1) return parts[0];
    const place = new Int32Array(order.length);
    order.forEach((box, i) => (place[box] = i));
    return tf.gather(tf.concat(parts), tf.tensor1d(place, 'int32'));
  });
}
