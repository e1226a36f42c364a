/** What a line of the table of canonical evaluation is, and the line of most layers. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { cannotEvaluate } from './layer-parts.js';
import type { Layer } from './layer-parts.js';

/**
 * Computes what one kind of layer computes in evaluation, in canonical arithmetic. Runs in a tidy; may give back an input.
 *
 * @param linear in place of the linear operator of a float layer with a kernel; other kinds have none.
 * @throws InputError naming the layer for options that have no canonical evaluation.
 */
export type Rule = (layer: Layer, inputs: readonly Tensor[], linear?: LinearOperator) => Tensor;

/** A layer of another package that brings its own rule, of which the table knows nothing. */
export interface CanonicalLayer {
  /** As a rule: runs in a tidy; may give back an input. */
  canonicalCall(inputs: readonly Tensor[]): Tensor;
}

/**
 * What a float layer with a kernel computes before its activation, from what it would compute it with: how a model file with
 * rounded kernels, or with layers of int8, is evaluated without it. Runs in a tidy.
 */
export type LinearOperator = (parts: LinearParts) => Tensor;

export interface LinearParts {
  readonly x: Tensor;
  /** [.., filters]; of a depthwise layer [height, width, 1, filters], a group for each input channel. */
  readonly kernel: Tensor;
  readonly bias?: Tensor;
  /** The layer's own operator: products of float32 summed in f64 in order, then the bias, rounded once. */
  readonly product: (x: Tensor, kernel: Tensor, bias?: Tensor) => Tensor;
}

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
