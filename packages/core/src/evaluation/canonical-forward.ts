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
import type { CallGraph, ValueId } from '../model/layer-calls.js';
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
 * @param model with one input and one output, built of `canonicalKinds`.
 * @param x float32, of the model's input shape; stays the caller's.
 * @throws InputError naming the layer that has no canonical evaluation, or for an x that does not fit.
 */
export function canonicalForward(model: Model, x: Tensor, options: CanonicalOptions = {}): Tensor {
  const { inputs, calls, outputs } = layerCalls(model);
  if (inputs.length !== 1 || outputs.length !== 1) {
    throw new InputError(
      `canonicalForward: the model "${model.name}" has ${inputs.length} inputs and ${outputs.length} outputs; supported is one of each`,
    );
  }
  const [{ id: input, shape }] = inputs;
  checkInput(model, x, shape);
  // All rules first: a layer that is refused is refused before anything is computed.
  const rules = calls.map(({ layer }) => ruleOf(layer));
  const { linear = new Map<Layer, LinearOperator>() } = options;
  for (const layer of linear.keys()) checkLinear(layer);
  const lastUse = lastUses(calls, outputs[0]);
  return tf.tidy(() => {
    const values = new Map<ValueId, Tensor>([[input, x]]);
    const valueOf = (id: ValueId): Tensor => {
      const value = values.get(id);
      if (value === undefined) throw new Error(`value ${id} is used before it is computed`);
      return value;
    };
    calls.forEach((call, i) => {
      const given = call.inputs.map(valueOf);
      const result = tf.tidy(() => rules[i](call.layer, given, linear.get(call.layer)));
      // A layer that does nothing in evaluation gives its input back; freeing that must not free the output.
      values.set(call.output, given.includes(result) ? result.clone() : result);
      for (const id of new Set(call.inputs)) {
        if (id === input || lastUse.get(id) !== i) continue;
        valueOf(id).dispose();
        values.delete(id);
      }
    });
    return outputs[0] === input ? x.clone() : valueOf(outputs[0]);
  });
}

/** Index of the call that reads a value last; Infinity for the output. */
function lastUses(calls: CallGraph['calls'], output: ValueId): ReadonlyMap<ValueId, number> {
  const last = new Map<ValueId, number>();
  calls.forEach((call, i) => {
    for (const id of call.inputs) last.set(id, i);
  });
  return last.set(output, Infinity);
}

function checkLinear(layer: Layer): void {
  const kind = layer.getClassName();
  if (linearKinds.includes(kind)) return;
  throw new InputError(
    `canonicalForward: layer "${layer.name}" (${kind}) has no linear operator to be replaced; allowed: ${linearKinds.join(', ')}`,
  );
}

function checkInput(model: Model, x: Tensor, shape: readonly (number | null)[]): void {
  const fits =
    x.rank === shape.length && shape.every((size, i) => size === null || size === x.shape[i]);
  if (fits && x.dtype === 'float32') return;
  const wanted = shape.map((size) => size ?? 'any').join(', ');
  throw new InputError(
    `canonicalForward: the model "${model.name}" takes float32 [${wanted}], got ${x.dtype} [${x.shape}]`,
  );
}
