/**
 * Rules of the binary layers. Sums of signs are integers, which the layer's own forward has exactly; where the inputs
 * stay float, floats are summed: f64 in order, rounded once, then the scale in float32.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { BinaryConv1D } from '../layers/binary-conv1d.js';
import { BinaryConv2D } from '../layers/binary-conv2d.js';
import { BinaryDense } from '../layers/binary-dense.js';
import type { BinaryLayer } from '../layers/binary-layer.js';
import { canonicalConv2d } from './canonical-conv2d.js';
import { canonicalMatMul } from './float-layers.js';
import { cannotEvaluate } from './layer-parts.js';
import { itself } from './rule.js';
import type { Rule } from './rule.js';

export const binaryConv2dLayer: Rule = (layer, [x]) => {
  if (!(layer instanceof BinaryConv2D))
    throw cannotEvaluate(layer, 'it is no BinaryConv2D of ours');
  return layer.inputBinarizer === 'none'
    ? weightOnly(layer, (signs) => canonicalConv2d(x, signs, undefined, layer.geometry(x.shape)))
    : itself(layer, [x]);
};

export const binaryConv1dLayer: Rule = (layer, [x]) => {
  if (!(layer instanceof BinaryConv1D))
    throw cannotEvaluate(layer, 'it is no BinaryConv1D of ours');
  if (layer.inputBinarizer !== 'none') return itself(layer, [x]);
  const g = layer.geometry(x.shape);
  return weightOnly(layer, (signs) => {
    const row = tf.reshape(x, [g.batch, 1, g.inWidth, g.inChannels]);
    const filter = tf.reshape(signs, [1, ...signs.shape]);
    const sums = canonicalConv2d(row, filter, undefined, g);
    return tf.reshape(sums, [g.batch, g.outWidth, g.outChannels]);
  });
};

export const binaryDenseLayer: Rule = (layer, [x]) => {
  if (!(layer instanceof BinaryDense)) throw cannotEvaluate(layer, 'it is no BinaryDense of ours');
  return layer.inputBinarizer === 'none'
    ? weightOnly(layer, (signs) => canonicalMatMul(x, signs))
    : itself(layer, [x]);
};

function weightOnly(layer: BinaryLayer, product: (signs: Tensor) => Tensor): Tensor {
  const { signs, scale } = layer.inferenceWeights();
  const sums = product(signs);
  return scale === undefined ? sums : tf.mul(sums, scale);
}
