/**
 * A model's output in evaluation mode in canonical arithmetic (METHOD.md section 4): the same bits on every backend, and
 * those that a packed model computes, because another order of a float sum could flip a sign near zero. `evaluate`, the
 * converter's check and the runtime all mean this output.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import type { Model } from '../model/binary-layers.js';
import { layerCalls } from '../model/layer-calls.js';
import type { CallGraph, GraphInput, ValueId } from '../model/layer-calls.js';
import { linearKinds } from './float-layers.js';
import type { Layer } from './layer-parts.js';
import type { LinearOperator } from './rule.js';
import { ruleOf } from './rules.js';

export interface CanonicalOptions {
  /** In place of the linear operators of float layers with a kernel, by layer. */
  readonly linear?: ReadonlyMap<Layer, LinearOperator>;
}

/**
 * Not differentiable; a GPU backend hands numbers to the CPU and waits. Intermediate values are freed at their last use.
 *
 * @param model with one output, built of `canonicalKinds` or layers that bring their own rule.
 * @param x of the shape and type of the model's input, or a list with one for each of its inputs; stay the caller's.
 * @throws InputError naming the layer that has no canonical evaluation, or for an x that does not fit.
 */
export function canonicalForward(
  model: Model,
  x: Tensor | readonly Tensor[],
  options: CanonicalOptions = {},
): Tensor {
  const graph = layerCalls(model);
  const given = x instanceof tf.Tensor ? [x] : x;
  const { inputs, outputs } = graph;
  if (inputs.length !== given.length || outputs.length !== 1) {
    throw new InputError(
      `canonicalForward: the model "${model.name}" has ${inputs.length} inputs and ${outputs.length} outputs, got ${given.length} inputs; supported is one output, and a tensor for each input`,
    );
  }
  inputs.forEach((input, i) => {
    checkInput(model, given[i], input);
  });
  return canonicalOutputs(graph, given, options)[0];
}

/**
 * `canonicalForward` of a list of layer calls with any number of inputs and outputs. Inputs need not have the sizes that the model was
 * built with, as long as its layers take them: a detector's layers run on pictures of any size.
 *
 * @param given a tensor of its type for each input of the graph; stay the caller's.
 * @returns a tensor of its own for each output, also where two are the same or one is an input.
 * @throws InputError naming the layer that has no canonical evaluation.
 */
export function canonicalOutputs(
  { inputs, calls, outputs }: CallGraph,
  given: readonly Tensor[],
  { linear = new Map<Layer, LinearOperator>() }: CanonicalOptions = {},
): Tensor[] {
  const wanted = inputs.map(({ dtype = 'float32' }) => dtype);
  if (given.map(({ dtype }) => dtype).join() !== wanted.join()) {
    throw new InputError(
      `canonicalOutputs: ${inputs.length} inputs are needed, ${wanted.join(', ')}, got ${given.map(({ dtype }) => dtype).join(', ') || 'none'}`,
    );
  }
  // All rules first: a layer that is refused is refused before anything is computed.
  const rules = calls.map(({ layer }) => ruleOf(layer));
  for (const layer of linear.keys()) checkLinear(layer);
  const lastUse = lastUses(calls, outputs);
  return tf.tidy(() => {
    const values = new Map<ValueId, Tensor>(inputs.map(({ id }, i) => [id, given[i]]));
    const mine = new Set<ValueId>();
    const valueOf = (id: ValueId): Tensor => {
      const value = values.get(id);
      if (value === undefined) throw new Error(`value ${id} is used before it is computed`);
      return value;
    };
    calls.forEach((call, i) => {
      const read = call.inputs.map(valueOf);
      const result = tf.tidy(() => rules[i](call.layer, read, linear.get(call.layer)));
      // A layer that does nothing in evaluation gives its input back; freeing that must not free the output.
      values.set(call.output, read.includes(result) ? result.clone() : result);
      mine.add(call.output);
      for (const id of new Set(call.inputs)) {
        if (!mine.has(id) || lastUse.get(id) !== i) continue;
        valueOf(id).dispose();
        values.delete(id);
      }
    });
    return outputs.map((id) => valueOf(id).clone());
  });
}

/** Index of the call that reads a value last; Infinity for the outputs. */
function lastUses(
  calls: CallGraph['calls'],
  outputs: CallGraph['outputs'],
): ReadonlyMap<ValueId, number> {
  const last = new Map<ValueId, number>();
  calls.forEach((call, i) => {
    for (const id of call.inputs) last.set(id, i);
  });
  for (const id of outputs) last.set(id, Infinity);
  return last;
}

function checkLinear(layer: Layer): void {
  const kind = layer.getClassName();
  if (linearKinds.includes(kind)) return;
  throw new InputError(
    `canonicalForward: layer "${layer.name}" (${kind}) has no linear operator to be replaced; allowed: ${linearKinds.join(', ')}`,
  );
}

function checkInput(model: Model, x: Tensor, { shape, dtype = 'float32' }: GraphInput): void {
  const fits =
    x.rank === shape.length && shape.every((size, i) => size === null || size === x.shape[i]);
  if (fits && x.dtype === dtype) return;
  const wanted = shape.map((size) => size ?? 'any').join(', ');
  throw new InputError(
    `canonicalForward: the model "${model.name}" takes ${dtype} [${wanted}], got ${x.dtype} [${x.shape}]`,
  );
}
