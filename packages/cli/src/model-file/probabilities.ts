/** What a classifier's outputs say. */
import type { PackedModel } from '@surge-bnn/runtime';

/**
 * One probability per class: the softmax of the outputs, which are logits, unless the model takes it itself. In f64, the
 * largest output subtracted first.
 */
export function probabilitiesOf(model: PackedModel, outputs: Float32Array): Float64Array {
  if (endsInSoftmax(model)) return Float64Array.from(outputs);
  const largest = Math.max(...outputs);
  const powers = Float64Array.from(outputs, (value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** -log of the label's probability, also where that is too small for a number. */
export function crossEntropy(model: PackedModel, outputs: Float32Array, label: number): number {
  return endsInSoftmax(model) ? -Math.log(outputs[label]) : logitLoss(outputs, label);
}

/** -log of the label's probability by logits. */
export function logitLoss(logits: Float32Array, label: number): number {
  const largest = Math.max(...logits);
  const sum = logits.reduce((total, value) => total + Math.exp(value - largest), 0);
  return Math.log(sum) + largest - logits[label];
}

function endsInSoftmax(model: PackedModel): boolean {
  const { nodes, outputs } = model.describe();
  return nodes.find(({ name }) => name === outputs[0].name)?.op === 'softmax';
}
