/** The softmax of attention: scale, mask and softmax as one op, an engine's kernels where it has them. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import {
  ATTENTION_SOFTMAX,
  ATTENTION_SOFTMAX_GRADIENT,
  InputError,
  type AttentionSoftmaxAttrs,
} from '@surge-bnn/contract';
import { ensureGradient, ensureKernel, runKernel } from '@surge-bnn/core';

/**
 * y = softmax over the keys of (scale x + bias). Differentiable in x; the bias, which masks padding, is data.
 *
 * @param x float32 [batch, heads, queries, keys]. @param bias float32 [batch, keys], or [batch, queries, keys] where queries do not see the same keys.
 * @throws InputError for shapes that do not fit.
 */
export function attentionSoftmax(x: Tensor, bias: Tensor, scale: number): Tensor {
  const [batch, , queries, keys] = x.shape;
  if (x.rank === 4 && tf.util.arraysEqual(bias.shape, [batch, queries, keys])) {
    return byQuery(x, bias, scale);
  }
  if (x.rank !== 4 || !tf.util.arraysEqual(bias.shape, [batch, keys])) {
    throw new InputError(
      `attentionSoftmax: x must be [batch, heads, queries, keys] and bias [batch, keys] or [batch, queries, keys], got [${x.shape}] and [${bias.shape}]`,
    );
  }
  ensureKernel(ATTENTION_SOFTMAX, forward);
  ensureKernel(ATTENTION_SOFTMAX_GRADIENT, backward);
  ensureGradient(gradient);
  const attrs: AttentionSoftmaxAttrs = { scale };
  return runKernel(ATTENTION_SOFTMAX, { x, bias }, attrs)[0];
}

/** The kernels have one bias for all queries: each query is a batch entry of its own. */
function byQuery(x: Tensor, bias: Tensor, scale: number): Tensor {
  const [batch, heads, queries, keys] = x.shape;
  const apart = tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * queries, heads, 1, keys]);
  const y = attentionSoftmax(apart, tf.reshape(bias, [batch * queries, keys]), scale);
  return tf.transpose(tf.reshape(y, [batch, queries, heads, keys]), [0, 2, 1, 3]);
}

function forward(
  { x, bias }: { x: Tensor; bias: Tensor },
  { scale }: AttentionSoftmaxAttrs,
): Tensor[] {
  const [batch, , , keys] = x.shape;
  const logits = tf.add(tf.mul(x, scale), tf.reshape(bias, [batch, 1, 1, keys]));
  const e = tf.exp(tf.sub(logits, tf.max(logits, -1, true)));
  return [tf.div(e, tf.sum(e, -1, true))];
}

/** dy_j/dx_i = scale y_j (delta_ij - y_i), so dx_i = scale y_i (dy_i - sum_j dy_j y_j). */
function backward(
  { dy, y }: { dy: Tensor; y: Tensor },
  { scale }: AttentionSoftmaxAttrs,
): Tensor[] {
  const along = tf.sum(tf.mul(dy, y), -1, true);
  return [tf.mul(tf.mul(y, scale), tf.sub(dy, along))];
}

const gradient: GradConfig = {
  kernelName: ATTENTION_SOFTMAX,
  inputsToSave: [],
  outputsToSave: [true],
  gradFunc: (dys: Tensor | Tensor[], [y]: Tensor[], attrs: NamedAttrMap) => {
    const dy = Array.isArray(dys) ? dys[0] : dys;
    // TF.js asks for the gradients that lead to a variable, and none does through the mask.
    return { x: () => runKernel(ATTENTION_SOFTMAX_GRADIENT, { dy, y }, attrs)[0] };
  },
};
