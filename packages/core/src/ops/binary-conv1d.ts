/** ops.binaryConv1d: a sequence is a picture of one row. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { checkCount, checkKeys, convGeometry, InputError } from '@surge-bnn/contract';
import type { ConvGeometry, PadValue, Padding } from '@surge-bnn/contract';
import { checkPadValue, convKeyList, run } from './binary-conv2d.js';
import type { BinaryOpOptions } from './binary-conv2d.js';

/** Where the windows of a 1-D convolution stand. */
export interface Conv1dOptions {
  strides?: number;
  /** A number adds that many positions at both ends. */
  padding?: Padding;
  dilationRate?: number;
  groups?: number;
}

export interface BinaryConv1dOptions extends BinaryOpOptions, Conv1dOptions {
  /** What stands outside the sequence in the binary input. Default 0. The auxiliary branch and a float input pad with 0. */
  padValue?: PadValue;
}

/**
 * Binary convolution over the middle axis, with the same backward as `binaryConv2d`, whose case of height 1 it is.
 *
 * @param x float32 [batch, length, inChannels].
 * @param kernel latent weights, float32 [size, inChannels / groups, outChannels].
 * @returns float32 [batch, outLength, outChannels]; without a scale exact integers.
 * @throws InputError for shapes, options and NaN inputs, naming the op or `name`.
 */
export function binaryConv1d(x: Tensor, kernel: Tensor, options: BinaryConv1dOptions): Tensor {
  checkKeys(options, convKeyList, 'ops.binaryConv1d');
  const layer = options.name ?? 'binaryConv1d';
  const padValue = checkPadValue(options.padValue, layer);
  const geometry = conv1dGeometry(x.shape, kernel.shape, options, layer);
  // An auxiliary's weights have shapes of their own, of the same rank.
  const asFilter = (t: Tensor) => tf.reshape(t, [1, ...t.shape]);
  const { batch, inWidth, inChannels, outWidth, outChannels } = geometry;
  return tf.tidy(() => {
    const row = tf.reshape(x, [batch, 1, inWidth, inChannels]);
    const y = run(row, kernel, options, { geometry, padValue, layer }, asFilter);
    return tf.reshape(y, [batch, outWidth, outChannels]);
  });
}

/**
 * The geometry of the row [batch, 1, length, channels].
 * @throws InputError naming `where`.
 */
export function conv1dGeometry(
  xShape: readonly number[],
  kernelShape: readonly number[],
  { strides = 1, padding = 'valid', dilationRate = 1, groups }: Conv1dOptions,
  where: string,
): ConvGeometry {
  if (xShape.length !== 3 || kernelShape.length !== 3) {
    throw new InputError(
      `${where}: x must have shape [batch, length, channels] and the kernel [size, inChannels / groups, outChannels], got [${xShape}] and [${kernelShape}]`,
    );
  }
  for (const [name, value] of Object.entries({ strides, dilationRate })) {
    checkCount(where, name, value);
  }
  const [batch, length, channels] = xShape;
  const options = {
    strides: [1, strides] as const,
    dilationRate: [1, dilationRate] as const,
    padding,
    groups,
  };
  const geometry = convGeometry([batch, 1, length, channels], [1, ...kernelShape], options, where);
  // A number pads all four sides; above and below the row there is nothing.
  return { ...geometry, outHeight: 1, padTop: 0 };
}
