/**
 * Reference of softmax cross-entropy with its gradient, one pass per row, the row maximum subtracted.
 */

/** loss[r] = -sum_c labels log softmax(logits); gradient = softmax(logits) sum(labels) - labels. */
export function softmaxCrossEntropy(
  logits: Float32Array,
  labels: Float32Array,
  loss: Float32Array,
  gradient: Float32Array,
): void {
  const rows = loss.length;
  const classes = rows === 0 ? 0 : logits.length / rows;
  for (let r = 0; r < rows; r++) {
    const z = logits.subarray(r * classes, (r + 1) * classes);
    const t = labels.subarray(r * classes, (r + 1) * classes);
    const max = z.reduce((a, b) => Math.max(a, b), -Infinity);
    let partition = 0;
    let weight = 0;
    for (let c = 0; c < classes; c++) {
      partition += Math.exp(z[c] - max);
      weight += t[c];
    }
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      // A class without weight does not count, even at logit -Infinity (0 * Infinity would be NaN).
      if (t[c] !== 0) sum -= t[c] * (z[c] - max - Math.log(partition));
      gradient[r * classes + c] = (Math.exp(z[c] - max) / partition) * weight - t[c];
    }
    loss[r] = sum;
  }
}
