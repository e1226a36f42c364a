import type { Tensor } from '@tensorflow/tfjs-core';
import type { Layer } from './layer-parts.js';

/**
 * Computes what one kind of layer computes in evaluation, in canonical arithmetic. Runs in a tidy; may give back an input.
 * @throws InputError naming the layer for options that have no canonical evaluation.
 */
export type Rule = (layer: Layer, inputs: readonly Tensor[]) => Tensor;
