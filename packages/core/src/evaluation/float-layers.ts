/** Rules of the float layers with a kernel: convolutions and dense layers. f64 sums, rounded once, then the activation. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { convGeometry } from '@surge-bnn/contract';
import type { ConvGeometry } from '@surge-bnn/contract';
import { FloatConv2D } from '../layers/conv2d.js';
import { ownActivation } from './activations.js';
import { canonicalConv2d } from './canonical-conv2d.js';
import {
  cannotEvaluate,
  findWeight,
  paddingOf,
  pairOf,
  refuseChannelsFirst,
  weightOf,
} from './layer-parts.js';
import type { Layer } from './layer-parts.js';
import type { LinearOperator, LinearParts, Rule } from './rule.js';

/** The kinds of layers of this file, by their class names. */
export const linearKinds: readonly string[] = ['Conv2D', 'FloatConv2D', 'DepthwiseConv2D', 'Dense'];

export const conv2dLayer: Rule = (layer, [x], linear) =>
  convolution(layer, x, weightOf(layer, 'kernel'), 1, pairOf(layer, 'dilationRate'), linear);

/** Our own, whose padding may be a number. */
export const floatConv2dLayer: Rule = (layer, [x], linear) => {
  if (!(layer instanceof FloatConv2D)) throw new Error(`layer "${layer.name}" is no FloatConv2D`);
  const geometry = layer.geometry(x.shape);
  return linearOf(x, weightOf(layer, 'kernel'), undefined, linear, (of, kernel, bias) =>
    canonicalConv2d(of, kernel, bias, geometry),
  );
};

/** The operator of a layer, or what was given in its place. */
function linearOf(
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | undefined,
  linear: LinearOperator | undefined,
  product: LinearParts['product'],
): Tensor {
  if (linear === undefined) return product(x, kernel, bias);
  return linear({ x, kernel, ...(bias && { bias }), product });
}

/**
 * A depthwise kernel [h, w, channels, multiplier] is that of a convolution with a group for each channel,
 * [h, w, 1, channels multiplier]: output channel c m + i comes from input channel c, which is the same memory.
 */
export const depthwiseConv2dLayer: Rule = (layer, [x], linear) => {
  const dilation = pairOf(layer, 'dilationRate');
  if (dilation.some((d) => d !== 1)) {
    throw cannotEvaluate(
      layer,
      `its dilationRate is [${dilation}], which TF.js itself ignores in this layer; allowed: 1`,
    );
  }
  const kernel = weightOf(layer, 'depthwise_kernel');
  const [height, width, channels, multiplier] = kernel.shape;
  const grouped = tf.reshape(kernel, [height, width, 1, channels * multiplier]);
  return convolution(layer, x, grouped, channels, dilation, linear);
};

function convolution(
  layer: Layer,
  x: Tensor,
  kernel: Tensor,
  groups: number,
  dilationRate: [number, number],
  linear: LinearOperator | undefined,
): Tensor {
  refuseChannelsFirst(layer);
  const geometry = convGeometry(
    x.shape,
    kernel.shape,
    { strides: pairOf(layer, 'strides'), padding: paddingOf(layer), dilationRate, groups },
    layer.name,
  );
  const y = linearOf(x, kernel, findWeight(layer, 'bias'), linear, (of, weights, bias) =>
    canonicalConv2d(of, weights, bias, geometry),
  );
  return ownActivation(layer, y);
}

export const denseLayer: Rule = (layer, [x], linear) => {
  const [kernel, bias] = [weightOf(layer, 'kernel'), findWeight(layer, 'bias')];
  return ownActivation(layer, linearOf(x, kernel, bias, linear, canonicalMatMul));
};

/** x [..., in] times kernel [in, out], plus bias: a picture of one column, a window of one tap. */
export function canonicalMatMul(x: Tensor, kernel: Tensor, bias?: Tensor): Tensor {
  const [inputs, outputs] = kernel.shape;
  const rows = x.size / inputs;
  const filter = [1, 1, inputs, outputs];
  const geometry: ConvGeometry = {
    ...convGeometry([1, 1, 1, inputs], filter),
    inHeight: rows,
    outHeight: rows,
  };
  const picture = tf.reshape(x, [1, rows, 1, inputs]);
  const y = canonicalConv2d(picture, tf.reshape(kernel, filter), bias, geometry);
  return tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
}
