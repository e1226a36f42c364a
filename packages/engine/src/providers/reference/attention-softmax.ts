/**
 * Reference of the softmax of attention scores and of its backward. The formulas stand in @surge-bnn/contract.
 */

/**
 * Rows of keys = x.length / rows entries; every bias.length / keys-th part of the rows has one row of biases. scale x + bias is rounded to
 * float32, as a mask is so large that it swallows the scores: what is masked alone is even.
 */
export function attentionSoftmax(
  x: Float32Array,
  bias: Float32Array,
  y: Float32Array,
  keys: number,
  scale: number,
): void {
  const rows = keys === 0 ? 0 : x.length / keys;
  const rowsPerText = rows / Math.max(1, bias.length / Math.max(1, keys));
  const factor = Math.fround(scale);
  const logits = new Float32Array(keys);
  for (let r = 0; r < rows; r++) {
    const row = r * keys;
    const own = Math.floor(r / rowsPerText) * keys;
    let top = -Infinity;
    for (let k = 0; k < keys; k++) {
      logits[k] = Math.fround(x[row + k] * factor) + bias[own + k];
      if (logits[k] > top || Number.isNaN(logits[k])) top = logits[k];
    }
    let sum = 0;
    for (let k = 0; k < keys; k++) sum += Math.exp(logits[k] - top);
    for (let k = 0; k < keys; k++) y[row + k] = Math.exp(logits[k] - top) / sum;
  }
}

/** dx = scale y (dy - sum over the row of dy y). */
export function attentionSoftmaxGradient(
  dy: Float32Array,
  y: Float32Array,
  dx: Float32Array,
  keys: number,
  scale: number,
): void {
  for (let row = 0; row < y.length; row += keys) {
    let along = 0;
    for (let k = 0; k < keys; k++) along += dy[row + k] * y[row + k];
    for (let k = 0; k < keys; k++) dx[row + k] = scale * y[row + k] * (dy[row + k] - along);
  }
}
