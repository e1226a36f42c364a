/**
 * Rules of the binary layers. Sums of signs and of levels are integers, which the layer's own forward has exactly; where the inputs
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
  if (!hasFloatProducts(layer)) return itself(layer, [x]);
  const g = layer.geometry(x.shape);
  return floatProducts(layer, x, (operand, weights) =>
    canonicalConv2d(operand, weights, undefined, g, layer.padValue),
  );
};

export const binaryConv1dLayer: Rule = (layer, [x]) => {
  if (!(layer instanceof BinaryConv1D))
    throw cannotEvaluate(layer, 'it is no BinaryConv1D of ours');
  if (!hasFloatProducts(layer)) return itself(layer, [x]);
  const g = layer.geometry(x.shape);
  return floatProducts(layer, x, (operand, weights) => {
    const row = tf.reshape(operand, [g.batch, 1, g.inWidth, g.inChannels]);
    const filter = tf.reshape(weights, [1, ...weights.shape]);
    const sums = canonicalConv2d(row, filter, undefined, g, layer.padValue);
    return tf.reshape(sums, [g.batch, g.outWidth, g.outChannels]);
  });
};

export const binaryDenseLayer: Rule = (layer, [x]) => {
  if (!(layer instanceof BinaryDense)) throw cannotEvaluate(layer, 'it is no BinaryDense of ours');
  if (!hasFloatProducts(layer)) return itself(layer, [x]);
  return floatProducts(layer, x, (operand, weights) => canonicalMatMul(operand, weights));
};

function hasFloatProducts(layer: BinaryLayer): boolean {
  return layer.inputBinarizer === 'none' || layer.isReal;
}

/** Float inputs times signs, or signs times weights that are still real; scale and offset of the weights behind the sums. */
function floatProducts(
  layer: BinaryLayer,
  x: Tensor,
  product: (operand: Tensor, weights: Tensor) => Tensor,
): Tensor {
  const { inputBinarizer: input } = layer;
  const { signs, real, scale, offset } = layer.inferenceWeights();
  const operand = input === 'none' ? x : layer.inputSigns(x);
  if (input !== 'none' && (input.set !== undefined || input.levels !== undefined)) {
    throw cannotEvaluate(
      layer,
      `its weights are still real and its inputs have values of their own (${input.name})`,
    );
  }
  const sums = product(operand, real ?? signs);
  const scaled = scale === undefined ? sums : tf.mul(sums, scale);
  if (offset === undefined) return scaled;
  return tf.add(scaled, tf.mul(product(operand, tf.onesLike(signs)), offset));
}
