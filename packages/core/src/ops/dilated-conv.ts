/**
 * The float convolution with gaps between the taps of its window, and its gradients. An engine's kernels where the backend has them, which
 * touch the taps alone; else composed from TF.js's convolutions, which have no dilation in their gradients, with a filter whose gaps are
 * filled with zeros: ((k - 1) d + 1)^2 products in the place of k^2.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import {
  DILATED_CONV_2D,
  DILATED_CONV_2D_FILTER_GRADIENT,
  DILATED_CONV_2D_INPUT_GRADIENT,
} from '@surge-bnn/contract';
import type { ConvGeometry, DilatedConv2DAttrs } from '@surge-bnn/contract';
import { convAttrs, filterReach, strides, zeroPadding } from './conv-attrs.js';
import { ensureGradient, ensureKernel, runKernel } from './kernel-registry.js';

/** Whether there are gaps between taps. */
export function isDilated(g: ConvGeometry): boolean {
  const { height, width } = filterReach(g);
  return height > g.filterHeight || width > g.filterWidth;
}

/**
 * y = conv(x, filter), differentiable in both. The picture is padded with 0.
 *
 * @param x float32 NHWC of the geometry's sizes. @param filter HWIO. @param geometry of one group.
 */
export function dilatedConv2d(x: Tensor, filter: Tensor, geometry: ConvGeometry): Tensor {
  ensureGradient(gradient);
  return dilatedForward(x, filter, geometry);
}

/** y = conv(x, filter). */
export function dilatedForward(x: Tensor, filter: Tensor, geometry: ConvGeometry): Tensor {
  ensureKernel(DILATED_CONV_2D, forward);
  return runKernel(DILATED_CONV_2D, { x, filter }, { geometry })[0];
}

/** dgrad(dy, filter). */
export function dilatedInputGradient(dy: Tensor, filter: Tensor, geometry: ConvGeometry): Tensor {
  ensureKernel(DILATED_CONV_2D_INPUT_GRADIENT, inputGradient);
  return runKernel(DILATED_CONV_2D_INPUT_GRADIENT, { dy, filter }, { geometry })[0];
}

/** wgrad(x, dy). */
export function dilatedFilterGradient(x: Tensor, dy: Tensor, geometry: ConvGeometry): Tensor {
  ensureKernel(DILATED_CONV_2D_FILTER_GRADIENT, filterGradient);
  return runKernel(DILATED_CONV_2D_FILTER_GRADIENT, { x, dy }, { geometry })[0];
}

const gradient: GradConfig = {
  kernelName: DILATED_CONV_2D,
  inputsToSave: ['x', 'filter'],
  gradFunc: (dy, [x, filter], attrs) => {
    const { geometry } = attrs as unknown as DilatedConv2DAttrs;
    return {
      x: () => dilatedInputGradient(dy as Tensor, filter, geometry),
      filter: () => dilatedFilterGradient(x, dy as Tensor, geometry),
    };
  },
};

function forward(
  { x, filter }: { x: Tensor; filter: Tensor },
  { geometry: g }: DilatedConv2DAttrs,
): Tensor[] {
  return [tf.conv2d(x as Tensor4D, dilate(filter, g), strides(g), zeroPadding(g))];
}

function inputGradient(
  { dy, filter }: { dy: Tensor; filter: Tensor },
  { geometry: g }: DilatedConv2DAttrs,
): Tensor[] {
  const attrs = {
    ...convAttrs(g, zeroPadding(g)),
    inputShape: [g.batch, g.inHeight, g.inWidth, g.inChannels],
  };
  return runKernel(tf.Conv2DBackpropInput, { dy, filter: dilate(filter, g) }, attrs);
}

function filterGradient(
  { x, dy }: { x: Tensor; dy: Tensor },
  { geometry: g }: DilatedConv2DAttrs,
): Tensor[] {
  const { height, width } = filterReach(g);
  const attrs = {
    ...convAttrs(g, zeroPadding(g)),
    filterShape: [height, width, g.inChannels, g.outChannels],
  };
  const [full] = runKernel(tf.Conv2DBackpropFilter, { x, dy }, attrs);
  const steps = [g.dilationHeight, g.dilationWidth, 1, 1];
  return [tf.stridedSlice(full, [0, 0, 0, 0], full.shape, steps)];
}

/**
 * The filter with zeros between its taps. One axis at a time: [.., k, ..] is given a new axis, padded with
 * d - 1 zeros along it, flattened to k d entries and cut to (k - 1) d + 1.
 */
function dilate(filter: Tensor, g: ConvGeometry): Tensor4D {
  const [kh, kw, ci, co]: readonly number[] = filter.shape;
  const { height, width } = filterReach(g);
  const spread = tf.pad(tf.reshape(filter, [kh, 1, kw, 1, ci * co]), [
    [0, 0],
    [0, g.dilationHeight - 1],
    [0, 0],
    [0, g.dilationWidth - 1],
    [0, 0],
  ]);
  const full = tf.reshape<tf.Rank.R4>(spread, [
    kh * g.dilationHeight,
    kw * g.dilationWidth,
    ci,
    co,
  ]);
  return tf.slice(full, [0, 0, 0, 0], [height, width, ci, co]);
}
