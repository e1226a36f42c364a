/**
 * Reference of RoIAlign and its gradient: the runtime's loops, which packed detectors and training without an engine run, too.
 */
import { boxes as arithmetic } from '@surge-bnn/runtime';
import type { Kernels } from '../provider.js';

export const roiAlign: Kernels['roiAlign'] = (x, boxes, pictures, y, map, attrs) =>
  arithmetic.roiAlign(x, map, boxes, pictures, attrs, y);

export const roiAlignGradient: Kernels['roiAlignGradient'] = (
  dy,
  boxes,
  pictures,
  dx,
  map,
  attrs,
) => arithmetic.roiAlignGradient(dy, map, boxes, pictures, attrs, dx);
