/**
 * Models as lists of layer calls, applied anew: to other symbolic tensors, so that parts of a classification network become parts
 * of a detector with the same layers, and to pictures of any size, where TF.js's models want the one that they were built with.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { BatchNorm, canonicalOutputs } from '@surge-bnn/core';
import type { CallGraph, CanonicalOptions, LayerCall, ValueId } from '@surge-bnn/core';

type SymbolicTensor = tfl.SymbolicTensor;

/**
 * The value `wanted` of a model, computed by its layers from other inputs.
 * @param from values that are there already; those on the way to `wanted` join them.
 */
export function replay(
  graph: CallGraph,
  from: Map<ValueId, SymbolicTensor>,
  wanted: ValueId,
): SymbolicTensor {
  const there = from.get(wanted);
  if (there !== undefined) return there;
  const call = graph.calls.find(({ output }) => output === wanted);
  if (call === undefined) throw new Error(`value ${wanted} is an input that was not given`);
  const inputs = call.inputs.map((input) => replay(graph, from, input));
  const value = call.layer.apply(inputs.length === 1 ? inputs[0] : inputs) as SymbolicTensor;
  from.set(wanted, value);
  return value;
}

/** The last call of a layer whose name begins with `prefix`. */
export function lastCall(graph: CallGraph, prefix: string): LayerCall | undefined {
  return graph.calls.findLast(({ layer }) => layer.name.startsWith(prefix));
}

/** How layers are computed: as in training; in evaluation on the engine's fast path; or in canonical arithmetic, so options of it. */
export type Mode = 'training' | 'evaluation' | CanonicalOptions;

export interface RunOptions {
  readonly training: boolean;
  /** Batch norms that keep to their moving statistics in training, too. */
  readonly frozen: ReadonlySet<tfl.layers.Layer>;
}

/** A model's outputs for pictures or regions, computed as the mode says. */
export function outputsOf(
  graph: CallGraph,
  x: Tensor,
  mode: Mode,
  frozen: RunOptions['frozen'],
): Tensor[] {
  if (typeof mode === 'object') return canonicalOutputs(graph, [x], mode);
  return run(graph, [x], { training: mode === 'training', frozen });
}

/** Computes a model's outputs; everything else is freed but for what a recorded gradient keeps. */
export function run(graph: CallGraph, inputs: readonly Tensor[], options: RunOptions): Tensor[] {
  return tf.tidy(() => {
    const values = new Map(graph.inputs.map(({ id }, i) => [id, inputs[i]]));
    const valueOf = (id: ValueId): Tensor => {
      const value = values.get(id);
      if (value === undefined) throw new Error(`value ${id} is read before it is computed`);
      return value;
    };
    for (const { layer, inputs: read, output } of graph.calls) {
      const given = read.map(valueOf);
      const training = options.training && !options.frozen.has(layer);
      values.set(
        output,
        layer.apply(given.length === 1 ? given[0] : given, { training }) as Tensor,
      );
    }
    return graph.outputs.map(valueOf);
  });
}

/** The batch norms with such names, which from now on are not trained. */
export function freezeNorms(
  graphs: readonly CallGraph[],
  names: RegExp,
): ReadonlySet<tfl.layers.Layer> {
  const layers = graphs.flatMap(({ calls }) => calls.map(({ layer }) => layer));
  const norms = layers.filter((layer) => layer instanceof BatchNorm && names.test(layer.name));
  for (const norm of norms) norm.trainable = false;
  return new Set(norms);
}
