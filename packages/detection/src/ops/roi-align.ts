/**
 * RoIAlign as a differentiable op: an engine's kernel where the backend has one, otherwise the plain loops of the runtime. The
 * boxes are data, as everywhere in Faster R-CNN: no gradient goes through where a proposal lies.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, NamedAttrMap, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import {
  checkKeys,
  InputError,
  ROI_ALIGN,
  ROI_ALIGN_GRADIENT,
  ROI_ALIGN_REACH,
} from '@surge-bnn/contract';
import type { RoiAlignAttrs, RoiAlignGradientAttrs } from '@surge-bnn/contract';
import { ensureGradient, ensureKernel, runKernel } from '@surge-bnn/core';
import { boxes as arithmetic } from '@surge-bnn/runtime';

/** Boxes of several pictures. */
export interface Regions {
  /** x1, y1, x2, y2 for each box, in pixels of the pictures. */
  readonly boxes: Float32Array;
  /** Which picture of the batch each box is of. */
  readonly pictures: Int32Array;
}

export type RoiAlignOptions = RoiAlignAttrs;

const optionKeys: Record<keyof RoiAlignOptions, true> = {
  scale: true,
  height: true,
  width: true,
  samplingRatio: true,
  aligned: true,
};

/**
 * Each box read from its picture's feature map as height x width bins, by bilinear samples without rounding.
 *
 * @param x float32 NHWC. @returns float32 [boxes, height, width, channels], also for no boxes.
 * @throws InputError for boxes far outside or NaN, or of a picture that is not there.
 */
export function roiAlign(x: Tensor4D, regions: Regions, options: RoiAlignOptions): Tensor4D {
  checkOptions(options);
  checkRegions(x, regions);
  const count = regions.pictures.length;
  const { height, width } = options;
  if (count === 0) return tf.zeros([0, height, width, x.shape[3]]);
  ensureKernel(ROI_ALIGN, forward);
  ensureKernel(ROI_ALIGN_GRADIENT, backward);
  ensureGradient(gradient);
  const boxes = tf.tensor2d(regions.boxes, [count, 4]);
  const pictures = tf.tensor1d(regions.pictures, 'int32');
  const [y] = runKernel(ROI_ALIGN, { x, boxes, pictures }, options);
  // A recorded gradient keeps what it needs of them until it has run.
  tf.dispose([boxes, pictures]);
  return y as Tensor4D;
}

function checkOptions(options: RoiAlignOptions): void {
  checkKeys(options, Object.keys(optionKeys), 'roiAlign');
  const { scale, height, width, samplingRatio } = options;
  const whole = (n: number, least: number) => Number.isInteger(n) && n >= least;
  if (!(scale > 0) || !whole(height, 1) || !whole(width, 1) || !whole(samplingRatio, 0)) {
    throw new InputError(
      `roiAlign: scale must be above 0, height and width whole numbers >= 1, samplingRatio a whole number >= 0, got ${scale}, ${height}, ${width} and ${samplingRatio}`,
    );
  }
}

function checkRegions(x: Tensor, { boxes, pictures }: Regions): void {
  if (x.rank !== 4 || x.dtype !== 'float32') {
    throw new InputError(
      `roiAlign: the feature map must be float32 [batch, height, width, channels], got ${x.dtype} [${x.shape}]`,
    );
  }
  if (boxes.length !== 4 * pictures.length) {
    throw new InputError(
      `roiAlign: ${boxes.length} box coordinates need ${boxes.length / 4} picture numbers, got ${pictures.length}`,
    );
  }
  const broken = boxes.findIndex((v) => !(Math.abs(v) <= ROI_ALIGN_REACH));
  if (broken >= 0) {
    throw new InputError(
      `roiAlign: box ${Math.floor(broken / 4)} holds ${boxes[broken]}; its coordinates must lie within ${ROI_ALIGN_REACH} pixels`,
    );
  }
  const stray = pictures.findIndex((picture) => picture < 0 || picture >= x.shape[0]);
  if (stray >= 0) {
    throw new InputError(
      `roiAlign: box ${stray} is of picture ${pictures[stray]}, but there are ${x.shape[0]}`,
    );
  }
}

interface Boxed {
  boxes: Tensor;
  pictures: Tensor;
}

function forward({ x, boxes, pictures }: Boxed & { x: Tensor4D }, attrs: RoiAlignAttrs): Tensor[] {
  const [batch, height, width, channels] = x.shape;
  const outShape = [pictures.size, attrs.height, attrs.width, channels];
  const y = new Float32Array(tf.util.sizeFromShape(outShape));
  const map = { batch, height, width, channels };
  arithmetic.roiAlign(floats(x), map, floats(boxes), integers(pictures), attrs, y);
  return [tf.tensor(y, outShape)];
}

function backward(
  { dy, boxes, pictures }: Boxed & { dy: Tensor },
  { inputShape, ...attrs }: RoiAlignGradientAttrs,
): Tensor[] {
  const [batch, height, width, channels] = inputShape;
  const dx = new Float32Array(tf.util.sizeFromShape([...inputShape]));
  const map = { batch, height, width, channels };
  arithmetic.roiAlignGradient(floats(dy), map, floats(boxes), integers(pictures), attrs, dx);
  return [tf.tensor(dx, [...inputShape])];
}

const floats = (tensor: Tensor) => tensor.dataSync<'float32'>();
const integers = (tensor: Tensor) => tensor.dataSync<'int32'>();

const gradient: GradConfig = {
  kernelName: ROI_ALIGN,
  // x for its shape alone; it is kept for other layers' gradients anyway.
  inputsToSave: ['x', 'boxes', 'pictures'],
  gradFunc: (dys: Tensor | Tensor[], [x, boxes, pictures]: Tensor[], given: NamedAttrMap) => {
    const dy = Array.isArray(dys) ? dys[0] : dys;
    const attrs = { ...given, inputShape: x.shape };
    // TF.js asks for the gradients that lead to a variable, and none does through the boxes.
    return { x: () => runKernel(ROI_ALIGN_GRADIENT, { dy, boxes, pictures }, attrs)[0] };
  },
};
