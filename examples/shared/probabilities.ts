/** What a classifier's outputs say. */

/** One probability per class: the softmax of logits, in f64, the largest subtracted first. */
export function probabilitiesOf(outputs: Float32Array, endsInSoftmax: boolean): readonly number[] {
  const values = Array.from(outputs);
  if (endsInSoftmax) return values;
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
