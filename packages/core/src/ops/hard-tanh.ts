/** hardtanh, alone or behind a shortcut: one pass forward and one backward where the backend has the kernels. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { ADD_CLIP, ADD_CLIP_GRADIENT, InputError } from '@surge-bnn/contract';
import type { AddClipAttrs } from '@surge-bnn/contract';
import { ensureGradient, ensureKernel, runKernel } from './kernel-registry.js';

export const hardTanhBounds: AddClipAttrs = { low: -1, high: 1 };

/**
 * y = min(max(a + b, -1), 1), or of a alone. The gradient at both is dy where -1 < y < 1, else 0: at the bounds as well, as
 * in PyTorch (tf.clipByValue lets it through there). A NaN stays NaN.
 *
 * @param a, b float32, of one shape.
 */
export function hardTanh(a: Tensor, b?: Tensor): Tensor {
  if (b !== undefined && !tf.util.arraysEqual(a.shape, b.shape)) {
    throw new InputError(
      `hardTanh: both tensors must have one shape, got [${a.shape}] and [${b.shape}]`,
    );
  }
  ensureAddClip();
  return runKernel(ADD_CLIP, { a, ...(b && { b }) }, hardTanhBounds)[0];
}

/** ADD_CLIP and ADD_CLIP_GRADIENT are there for the active backend from now on. */
export function ensureAddClip(): void {
  ensureKernel(ADD_CLIP, forward);
  ensureKernel(ADD_CLIP_GRADIENT, backward);
  ensureGradient(gradient);
}

function forward({ a, b }: { a: Tensor; b?: Tensor }, { low, high }: AddClipAttrs): Tensor[] {
  return [tf.clipByValue(b === undefined ? a : tf.add(a, b), low, high)];
}

function backward({ dy, y }: { dy: Tensor; y: Tensor }, { low, high }: AddClipAttrs): Tensor[] {
  const inside = tf.logicalAnd(tf.greater(y, low), tf.less(y, high));
  return [tf.where(inside, dy, tf.zerosLike(dy))];
}

const gradient: GradConfig = {
  kernelName: ADD_CLIP,
  // Of y alone: neither summand is needed again.
  outputsToSave: [true],
  gradFunc: (dy: Tensor | Tensor[], [y]: Tensor[], given: NamedAttrMap) => {
    const [dx] = runKernel(ADD_CLIP_GRADIENT, { dy: Array.isArray(dy) ? dy[0] : dy, y }, given);
    // The same numbers under a second handle: TF.js frees the one when it adds it to another gradient.
    return { a: () => dx, b: () => tf.clone(dx) };
  },
};
