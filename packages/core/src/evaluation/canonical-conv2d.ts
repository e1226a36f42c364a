/**
 * The float convolution of canonical evaluation (METHOD.md section 4): f64 sums in a fixed order, rounded once. An
 * engine's kernel where the backend has one, else the plain loops that define it, on the values read back.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { CANONICAL_CONV_2D } from '@surge-bnn/contract';
import type { CanonicalConv2DAttrs, ConvGeometry, PadValue } from '@surge-bnn/contract';
import { conv2d } from '@surge-bnn/runtime';
import { ensureKernel, runKernel } from '../ops/kernel-registry.js';

/**
 * y = conv(x, kernel) + bias, not differentiable; the picture is padded with `padValue`.
 *
 * @param x float32 NHWC, of the geometry's sizes.
 * @param kernel float32 [height, width, inChannels / groups, outChannels].
 * @param bias float32 [outChannels].
 */
export function canonicalConv2d(
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | undefined,
  geometry: ConvGeometry,
  padValue: PadValue = 0,
): Tensor {
  ensureKernel(CANONICAL_CONV_2D, plainLoops);
  const attrs: CanonicalConv2DAttrs = { geometry, ...(padValue === 0 ? {} : { padValue }) };
  return runKernel(CANONICAL_CONV_2D, { x, kernel, ...(bias && { bias }) }, attrs)[0];
}

interface Inputs {
  x: Tensor;
  kernel: Tensor;
  bias?: Tensor;
}

/** The kernel CANONICAL_CONV_2D by runtime's loops, picture by picture. */
function plainLoops(
  { x, kernel, bias }: Inputs,
  { geometry: g, padValue }: CanonicalConv2DAttrs,
): Tensor[] {
  const pictures = x.dataSync<'float32'>();
  const weights = kernel.dataSync<'float32'>();
  const biases = bias?.dataSync<'float32'>();
  const inSize = g.inHeight * g.inWidth * g.inChannels;
  const outSize = g.outHeight * g.outWidth * g.outChannels;
  const y = new Float32Array(g.batch * outSize);
  for (let n = 0; n < g.batch; n++) {
    const picture = pictures.subarray(n * inSize, (n + 1) * inSize);
    const out = y.subarray(n * outSize, (n + 1) * outSize);
    conv2d(picture, weights, biases, g, out, padValue);
  }
  return [tf.tensor(y, [g.batch, g.outHeight, g.outWidth, g.outChannels])];
}
