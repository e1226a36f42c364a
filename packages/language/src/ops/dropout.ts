/**
 * Dropout whose random numbers come from a seed and a counter alone, so that a training repeats, and goes on after a stop as if it had not
 * stopped. TF.js's own dropout draws the same mask in every step where it has a seed. A mask is never stored: forward and backward draw it anew.
 */
import type { GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { DROPOUT, InputError, leastKept, seedFor, type DropoutAttrs } from '@surge-bnn/contract';
import { ensureGradient, ensureKernel, runKernel } from '@surge-bnn/core';

/** One draw: another start, other numbers. */
export type Draw = Pick<DropoutAttrs, 'rate' | 'start'>;

/** @param stream names the draw. */
export function drawOf(rate: number, seed: number, stream: string): Draw {
  return { rate, start: seedFor(seed, stream) };
}

/**
 * x with entries at random places as 0 (with probability `rate`) and the others times `kept`. Differentiable in x.
 *
 * @param kept default 1 / (1 - rate), which keeps the mean.
 */
export function dropout<T extends Tensor>(x: T, draw: Draw, kept = 1 / (1 - draw.rate)): T {
  ensureKernel(DROPOUT, forward);
  ensureGradient(gradient);
  const attrs: DropoutAttrs = { ...draw, kept };
  // The shape is that of x.
  return runKernel(DROPOUT, { x }, attrs)[0] as T;
}

function forward({ x }: { x: Tensor }, { rate, start, kept }: DropoutAttrs): Tensor[] {
  const mask = new Float32Array(x.size);
  const least = leastKept(rate);
  for (let i = 0; i < mask.length; i++) {
    let h = (start + Math.imul(i, 0x9e3779b9)) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    mask[i] = (h ^ (h >>> 16)) >>> 0 < least ? 0 : kept;
  }
  return [tf.mul(x, tf.tensor(mask, x.shape))];
}

/** The map is linear and diagonal. */
const gradient: GradConfig = {
  kernelName: DROPOUT,
  gradFunc: (dys: Tensor | Tensor[], _, attrs: NamedAttrMap) => {
    const dy = Array.isArray(dys) ? dys[0] : dys;
    return { x: () => runKernel(DROPOUT, { x: dy }, attrs)[0] };
  },
};

/** @throws InputError naming the layer for a rate that is not in [0, 1). */
export function checkRate(rate: unknown, layer: string): void {
  if (typeof rate === 'number' && rate >= 0 && rate < 1) return;
  throw new InputError(
    `layer "${layer}": the rate of dropout must be at least 0 and below 1, got ${JSON.stringify(rate)}`,
  );
}
