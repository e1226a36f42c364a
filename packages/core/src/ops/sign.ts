/** sign(v) = -1 iff v < 0, else +1 (both zeros give +1); a NaN is an error that names the layer. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { nanAtSign } from '@surge-bnn/contract';
import { above } from './above.js';

/** sign(v) as float32, same shape. tf.sign is not it: it maps 0 to a third value. NaN is not looked for here. */
export function signOf(v: Tensor): Tensor {
  return tf.tidy(() => tf.sub(1, tf.mul(2, above(tf.neg(v), 0))));
}

/** Backends whose tensors live where a number can be read without waiting. */
export function readsAreCheap(): boolean {
  return !['webgl', 'webgpu'].includes(tf.getBackend());
}

/**
 * Throws when v holds a NaN. On a GPU the check would stall every layer, so there it is left to the loss:
 * a NaN input makes the loss of the same step NaN through the layer's float neighbours.
 *
 * @throws InputError naming the layer and what held the NaN.
 */
export function refuseNaN(v: Tensor, what: 'input' | 'kernel', layer: string): void {
  if (readsAreCheap() && holdsNaN(v)) throw nanAtSign(what, layer);
}

/** Whether an entry is NaN. Reads: only where that is cheap. */
export function holdsNaN(v: Tensor): boolean {
  // A sum that is a number has no NaN in it, and engines are quick to sum; infinities of both signs make none either.
  if (Number.isFinite(tf.tidy(() => tf.sum(v).dataSync()[0]))) return false;
  return tf.tidy(() => tf.any(tf.isNaN(v)).dataSync()[0]) !== 0;
}
