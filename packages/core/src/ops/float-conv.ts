/**
 * The linear operator of a layer and its two backward products, composed from plain TF.js ops for any
 * backend, any groups, dilation and padding value. TF.js has no groups, no gradient under dilation and
 * pads with 0 only; so groups are split, dilated windows go to dilated-conv.ts, and pictures are padded first with anything but 0.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { ConvGeometry } from '@surge-bnn/contract';
import { convAttrs, strides, zeroPadding } from './conv-attrs.js';
import type { Window } from './conv-attrs.js';
import {
  dilatedFilterGradient,
  dilatedForward,
  dilatedInputGradient,
  isDilated,
} from './dilated-conv.js';
import { runKernel } from './kernel-registry.js';

/** y = conv(x, filter), the window's overhang filled with `padValue`. x NHWC, filter HWIO. */
export function convForward(x: Tensor, filter: Tensor, g: ConvGeometry, padValue = 0): Tensor {
  return tf.tidy(() => {
    if (isProduct(g)) return asPicture(tf.matMul(asRows(x), asMatrix(filter)), g.outChannels, g);
    const { picture, window, geometry } = padded(x, g, padValue);
    return perGroup(g, [picture, filter], [3, 3], ([xg, wg]) =>
      isDilated(g)
        ? dilatedForward(xg, wg, oneGroup(geometry))
        : tf.conv2d(xg as Tensor4D, wg as Tensor4D, strides(g), window),
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
    const attrs = convAttrs(g, zeroPadding(g));
    const inputShape = [g.batch, g.inHeight, g.inWidth, channels];
    return perGroup(g, [dy, filter], [3, 3], ([dyg, wg]) =>
      isDilated(g)
        ? dilatedInputGradient(dyg, wg, oneGroup(g))
        : runKernel(tf.Conv2DBackpropInput, { dy: dyg, filter: wg }, { ...attrs, inputShape })[0],
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
    const { picture, window, geometry } = padded(x, g, padValue);
    const filterShape = [g.filterHeight, g.filterWidth, channels, g.outChannels / g.groups];
    const attrs = { ...convAttrs(g, window), filterShape };
    return perGroup(g, [picture, dy], [3, 3], ([xg, dyg]) =>
      isDilated(g)
        ? dilatedFilterGradient(xg, dyg, oneGroup(geometry))
        : runKernel(tf.Conv2DBackpropFilter, { x: xg, dy: dyg }, attrs)[0],
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

/** What one group sees of a geometry. */
const oneGroup = (g: ConvGeometry): ConvGeometry => ({
  ...g,
  inChannels: g.inChannels / g.groups,
  outChannels: g.outChannels / g.groups,
  groups: 1,
});

/** The picture, how its window is padded, and their geometry: with zeros by the kernel, with anything else beforehand. */
function padded(
  x: Tensor,
  g: ConvGeometry,
  value: number,
): { picture: Tensor; window: Window; geometry: ConvGeometry } {
  const padding = zeroPadding(g);
  if (value === 0) return { picture: x, window: padding, geometry: g };
  const nothing = padding.flat().every((size) => size === 0);
  const picture = nothing ? x : tf.pad(x, padding, value);
  const [, inHeight, inWidth]: readonly number[] = picture.shape;
  return {
    picture,
    window: 'valid',
    geometry: { ...g, inHeight, inWidth, padTop: 0, padLeft: 0 },
  };
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
