/**
 * SurgeRoiAlign and its gradient.
 */
import {
  InputError,
  ROI_ALIGN,
  ROI_ALIGN_GRADIENT,
  ROI_ALIGN_REACH,
  type RoiAlignAttrs,
  type RoiAlignGradientAttrs,
} from '@surge-bnn/contract';
import type { FeatureShape } from '../providers/provider.js';
import { sizeOf, type KernelCall, type KernelEntry } from './entry.js';

export const roiAlign: KernelEntry = {
  kernel: ROI_ALIGN,
  uses: ['roiAlign'],
  run(call) {
    const attrs = call.attrs<RoiAlignAttrs>();
    const x = call.input('x');
    const { boxes, pictures, count } = regionsOf(call);
    const map = mapOf(x.shape);
    const y = call.output([count, attrs.height, attrs.width, map.channels]);
    call.compute((kernels, view, integers) => {
      checkRegions(view(boxes), integers(pictures), map);
      kernels.roiAlign(view(x), view(boxes), integers(pictures), view(y), map, attrs);
    });
    return y;
  },
};

export const roiAlignGradient: KernelEntry = {
  kernel: ROI_ALIGN_GRADIENT,
  uses: ['roiAlignGradient'],
  run(call) {
    const { inputShape, ...attrs } = call.attrs<RoiAlignGradientAttrs>();
    const dy = call.input('dy');
    const { boxes, pictures, count } = regionsOf(call);
    const map = mapOf(inputShape);
    if (sizeOf(dy) !== count * attrs.height * attrs.width * map.channels) {
      throw new InputError(
        `RoIAlign: the gradient of ${count} boxes must have shape [${count},${attrs.height},${attrs.width},${map.channels}], got [${dy.shape}]`,
      );
    }
    const dx = call.output(inputShape);
    call.compute((kernels, view, integers) => {
      checkRegions(view(boxes), integers(pictures), map);
      kernels.roiAlignGradient(view(dy), view(boxes), integers(pictures), view(dx), map, attrs);
    });
    return dx;
  },
};

function mapOf(shape: readonly number[]): FeatureShape {
  const [batch, height, width, channels] = shape;
  return { batch, height, width, channels };
}

function regionsOf(call: KernelCall) {
  const boxes = call.input('boxes');
  const pictures = call.raw('pictures');
  const count = sizeOf(pictures);
  if (!call.isInteger('pictures') || sizeOf(boxes) !== 4 * count) {
    throw new InputError(
      `RoIAlign: boxes must have shape [R,4] and pictures be int32 of shape [R], got [${boxes.shape}] and ${pictures.dtype} [${pictures.shape}]`,
    );
  }
  return { boxes, pictures, count };
}

/** A kernel reads where a picture's number leads, and samples as often as a box is large. */
function checkRegions(boxes: Float32Array, pictures: Int32Array, { batch }: FeatureShape): void {
  const stray = pictures.find((picture) => picture < 0 || picture >= batch);
  if (stray !== undefined) {
    throw new InputError(`RoIAlign: a box is of picture ${stray}, but there are ${batch}`);
  }
  const far = boxes.find((v) => !(Math.abs(v) <= ROI_ALIGN_REACH));
  if (far !== undefined) {
    throw new InputError(
      `RoIAlign: a box holds ${far}; coordinates must lie within ${ROI_ALIGN_REACH} pixels`,
    );
  }
}
