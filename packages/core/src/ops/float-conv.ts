/**
 * The linear operator of a layer and its two backward products, composed from plain TF.js ops for any
 * backend, any groups, dilation and padding value. TF.js has no groups, no gradient under dilation and
 * pads with 0 only; so groups are split, filters dilated by inserting zeros, and pictures padded first with anything but 0.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { ConvGeometry } from '@surge-bnn/contract';
import { runKernel } from './kernel-registry.js';

/** y = conv(x, filter), the window's overhang filled with `padValue`. x NHWC, filter HWIO. */
export function convForward(x: Tensor, filter: Tensor, g: ConvGeometry, padValue = 0): Tensor {
  return tf.tidy(() => {
    if (isProduct(g)) return asPicture(tf.matMul(asRows(x), asMatrix(filter)), g.outChannels, g);
    const { picture, window } = padded(x, g, padValue);
    return perGroup(g, [picture, filter], [3, 3], ([xg, wg]) =>
      tf.conv2d(xg as Tensor4D, dilate(wg, g) as Tensor4D, strides(g), window),
    );
  });
}

/** dgrad(dy, filter): the gradient at x. */
export function convInputGradient(dy: Tensor, filter: Tensor, g: ConvGeometry): Tensor {
  return tf.tidy(() => {
    if (isProduct(g)) {
      return asPicture(tf.matMul(asRows(dy), asMatrix(filter), false, true), g.inChannels, g);
    }
    const channels = g.inChannels / g.groups;
    return perGroup(g, [dy, filter], [3, 3], ([dyg, wg]) =>
      runKernelFirst(
        tf.Conv2DBackpropInput,
        { dy: dyg, filter: dilate(wg, g) },
        {
          ...convAttrs(g, zeroPadding(g)),
          inputShape: [g.batch, g.inHeight, g.inWidth, channels],
        },
      ),
    );
  });
}

/** wgrad(x, dy): the gradient at the filter, x padded with `padValue`. */
export function convFilterGradient(x: Tensor, dy: Tensor, g: ConvGeometry, padValue = 0): Tensor {
  return tf.tidy(() => {
    const channels = g.inChannels / g.groups;
    if (isProduct(g)) {
      const product = tf.matMul(asRows(x), asRows(dy), true, false);
      return tf.reshape(product, [1, 1, channels, g.outChannels]);
    }
    const { picture, window } = padded(x, g, padValue);
    const reach = filterReach(g);
    const filterShape = [reach.height, reach.width, channels, g.outChannels / g.groups];
    return perGroup(g, [picture, dy], [3, 3], ([xg, dyg]) =>
      undilate(
        runKernelFirst(
          tf.Conv2DBackpropFilter,
          { x: xg, dy: dyg },
          { ...convAttrs(g, window), filterShape },
        ),
        g,
      ),
    );
  });
}

/** A 1x1 convolution without stride, padding and groups is a matrix product. */
function isProduct(g: ConvGeometry): boolean {
  return (
    g.filterHeight === 1 &&
    g.filterWidth === 1 &&
    g.groups === 1 &&
    g.outHeight === g.inHeight &&
    g.outWidth === g.inWidth &&
    g.strideHeight === 1 &&
    g.strideWidth === 1 &&
    g.padTop === 0 &&
    g.padLeft === 0
  );
}

const asRows = (t: Tensor) => tf.reshape(t, [-1, ...t.shape.slice(3)]);
const asMatrix = (filter: Tensor) => tf.reshape(filter, filter.shape.slice(2));
const asPicture = (rows: Tensor, channels: number, g: ConvGeometry) =>
  tf.reshape(rows, [g.batch, g.inHeight, g.inWidth, channels]);

const strides = (g: ConvGeometry): [number, number] => [g.strideHeight, g.strideWidth];

/** Padding as TF.js's kernels take it. */
type Window = 'valid' | tf.backend_util.ExplicitPadding;

const convAttrs = (g: ConvGeometry, pad: Window) => ({
  strides: strides(g),
  pad,
  dataFormat: 'NHWC',
  dimRoundingMode: undefined,
});

function runKernelFirst(name: string, inputs: Record<string, Tensor>, attrs: object): Tensor {
  return runKernel(name, inputs, attrs)[0];
}

/** Rows and columns that a dilated filter spans. */
function filterReach(g: ConvGeometry) {
  return {
    height: (g.filterHeight - 1) * g.dilationHeight + 1,
    width: (g.filterWidth - 1) * g.dilationWidth + 1,
  };
}

/** The picture with its padding: at least what the windows touch, and never less than the picture itself. */
function paddedSize(g: ConvGeometry) {
  const reach = filterReach(g);
  return {
    height: Math.max((g.outHeight - 1) * g.strideHeight + reach.height, g.padTop + g.inHeight),
    width: Math.max((g.outWidth - 1) * g.strideWidth + reach.width, g.padLeft + g.inWidth),
  };
}

/** Zeros around the picture, which the kernels leave out of their sums: no padded copy is made. */
function zeroPadding(g: ConvGeometry): tf.backend_util.ExplicitPadding {
  const { height, width } = paddedSize(g);
  return [
    [0, 0],
    [g.padTop, height - g.padTop - g.inHeight],
    [g.padLeft, width - g.padLeft - g.inWidth],
    [0, 0],
  ];
}

/** The picture and how its window is padded: with zeros by the kernel, with anything else beforehand. */
function padded(x: Tensor, g: ConvGeometry, value: number): { picture: Tensor; window: Window } {
  const padding = zeroPadding(g);
  if (value === 0) return { picture: x, window: padding };
  const nothing = padding.flat().every((size) => size === 0);
  return { picture: nothing ? x : tf.pad(x, padding, value), window: 'valid' };
}

/** Runs `f` on the slices of each group and joins the results along the channels. */
function perGroup(
  g: ConvGeometry,
  tensors: readonly Tensor[],
  axes: readonly number[],
  f: (slices: Tensor[]) => Tensor,
): Tensor {
  if (g.groups === 1) return f([...tensors]);
  const slices = tensors.map((t, i) => tf.split(t, g.groups, axes[i]));
  return tf.concat(
    Array.from({ length: g.groups }, (_, group) => f(slices.map((s) => s[group]))),
    3,
  );
}

/**
 * The filter with zeros between its taps. One axis at a time: [.., k, ..] is given a new axis, padded with
 * d - 1 zeros along it, flattened to k d entries and cut to (k - 1) d + 1.
 */
function dilate(filter: Tensor, g: ConvGeometry): Tensor {
  const [kh, kw, ci, co]: readonly number[] = filter.shape;
  const { height, width } = filterReach(g);
  if (height === kh && width === kw) return filter;
  const spread = tf.pad(tf.reshape(filter, [kh, 1, kw, 1, ci * co]), [
    [0, 0],
    [0, g.dilationHeight - 1],
    [0, 0],
    [0, g.dilationWidth - 1],
    [0, 0],
  ]);
  const full = tf.reshape(spread, [kh * g.dilationHeight, kw * g.dilationWidth, ci, co]);
  return tf.slice(full, [0, 0, 0, 0], [height, width, ci, co]);
}

/** The taps of a dilated filter's gradient. */
function undilate(filter: Tensor, g: ConvGeometry): Tensor {
  if (filter.shape[0] === g.filterHeight && filter.shape[1] === g.filterWidth) return filter;
  return tf.stridedSlice(filter, [0, 0, 0, 0], filter.shape, [
    g.dilationHeight,
    g.dilationWidth,
    1,
    1,
  ]);
}
