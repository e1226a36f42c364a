/** What a line of the table of canonical evaluation is, and the line of most layers. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { cannotEvaluate } from './layer-parts.js';
import type { Layer } from './layer-parts.js';

/**
 * Computes what one kind of layer computes in evaluation, in canonical arithmetic. Runs in a tidy; may give back an input.
 * @throws InputError naming the layer for options that have no canonical evaluation.
 */
export type Rule = (layer: Layer, inputs: readonly Tensor[]) => Tensor;

/**
 * The layer itself: it moves numbers, compares them, rounds each of its operations by itself, or sums signs, which are
 * integers that float32 holds exactly.
 */
export const itself: Rule = (layer, inputs) => {
  const given: Tensor | Tensor[] = inputs.length === 1 ? inputs[0] : [...inputs];
  const result = layer.call(given, { training: false });
  if (!Array.isArray(result)) return result;
  throw cannotEvaluate(layer, `it gives ${result.length} tensors; allowed: one`);
};
