/** What a layer leaves in a model file, in bytes: the rules by which the converter lowers layers, counted without their numbers. */
import { paddings } from '@surge-bnn/contract';
import { kernelBits, tensorBytes } from '@surge-bnn/runtime';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { BinaryConv1D } from '../layers/binary-conv1d.js';
import { BinaryConv2D } from '../layers/binary-conv2d.js';
import { BinaryLayer } from '../layers/binary-layer.js';

/**
 * Bits dense per filter, padded to a byte; all else float32. Counted as the layer is shipped after a training (a shift is not 0) with
 * positive factors of the inputs, and not folded into thresholds.
 *
 * @param inputShape of one example, with the batch axis. @param parameters all its weights but those of the compensator.
 */
export function shippedBytes(
  layer: tfl.layers.Layer,
  inputShape: readonly (number | null)[],
  parameters: number,
): number {
  if (layer instanceof BinaryLayer) return binaryBytes(layer, inputShape.map(Number));
  const channels = () => Number(inputShape.at(-1));
  switch (layer.getClassName()) {
    case 'SurgeBatchNorm':
    case 'BatchNormalization':
      // a and b of a x + b in place of up to four numbers.
      return floatBytes(2 * channels());
    case 'Maxout':
      // Both slopes, and the -1 that turns a channel round for the second.
      return floatBytes(3 * channels());
    case 'LeakyReLU':
      // Its one slope for each channel.
      return floatBytes(channels());
    default:
      return floatBytes(parameters);
  }
}

export function floatBytes(count: number): number {
  return tensorBytes({ dtype: 'F32', shape: [count] });
}

/**
 * Signs; what happens to the inputs before theirs; scales and offsets, one number per filter each, in place of the parameters that
 * they come from. With values of their own, alpha s + o and a B + b (AdaBin), a layer is a sum of several:
 *
 *     alpha a conv(s, B)      a number per filter
 *     o a conv(1, B) + o b K  one more; where windows find 0 outside the picture, one for each of the two
 *     alpha b conv(s, 1)      one more, and a filter of ones for each group
 */
function binaryBytes(layer: BinaryLayer, inputShape: readonly number[]): number {
  const shape = layer.binaryKernel.shape.map(Number);
  const filters = shape[shape.length - 1];
  const perFilter = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const bits = (count: number) => tensorBytes(kernelBits(count, perFilter));
  const inChannels = inputShape[inputShape.length - 1];
  const kernelAndInputs = bits(filters) + (shiftsInputs(layer) ? floatBytes(inChannels) : 0);

  const { scale, offset } = layer.weightBinarizer;
  const { inputBinarizer: input } = layer;
  const hasSet = input !== 'none' && input.set !== undefined;
  const hasOffset = offset !== undefined;
  if (!hasSet && !hasOffset) {
    return kernelAndInputs + (scale === undefined ? 0 : floatBytes(filters));
  }
  const groups =
    layer instanceof BinaryConv2D || layer instanceof BinaryConv1D
      ? inChannels / shape[shape.length - 2]
      : 1;
  const border = hasSet && findsZeroOutside(layer, inputShape) && hasOffset ? 2 : 1;
  const numbers = 1 + (hasSet ? border : 0) + (hasOffset ? 1 : 0);
  return kernelAndInputs + numbers * floatBytes(filters) + (hasOffset ? bits(groups) : 0);
}

function shiftsInputs(layer: BinaryLayer): boolean {
  const { factor, shift, set } = layer.inferenceInputs();
  tf.dispose([factor, shift, set]);
  return shift !== undefined;
}

function findsZeroOutside(layer: BinaryLayer, [, ...shape]: readonly number[]): boolean {
  if (!(layer instanceof BinaryConv2D || layer instanceof BinaryConv1D)) return false;
  return layer.padValue === 0 && paddings(layer.geometry([1, ...shape])).some((pad) => pad > 0);
}
