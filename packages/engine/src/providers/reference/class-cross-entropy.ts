/** Reference of the cross-entropy with one class a row, in float64. The formulas stand in @surge-bnn/contract. */

export function classCrossEntropy(
  logits: Float32Array,
  classes: Int32Array,
  loss: Float32Array,
  logPartition: Float32Array,
): void {
  const count = classes.length === 0 ? 0 : logits.length / classes.length;
  for (let n = 0; n < classes.length; n++) {
    const row = logits.subarray(n * count, (n + 1) * count);
    let top = -Infinity;
    for (const z of row) if (z > top || Number.isNaN(z)) top = z;
    let sum = 0;
    for (const z of row) sum += Math.exp(z - top);
    logPartition[n] = top + Math.log(sum);
    loss[n] = Math.log(sum) - (row[classes[n]] - top);
  }
}

export function classCrossEntropyGradient(
  dy: Float32Array,
  logits: Float32Array,
  classes: Int32Array,
  logPartition: Float32Array,
  dlogits: Float32Array,
): void {
  const count = classes.length === 0 ? 0 : logits.length / classes.length;
  for (let n = 0; n < classes.length; n++) {
    for (let c = 0; c < count; c++) {
      const p = Math.exp(logits[n * count + c] - logPartition[n]);
      dlogits[n * count + c] = dy[n] * (p - (c === classes[n] ? 1 : 0));
    }
  }
}
