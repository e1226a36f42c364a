/**
 * A model as the list of its layer calls in the order of computation: nested models opened, a layer that is called
 * twice listed twice. What walks a model (evaluation, conversion) walks this list.
 */
import type { DataType } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import type { Model } from './binary-layers.js';

/** A value that flows between layers; numbered in the order of computation, from the model's inputs on. */
export type ValueId = number;

export interface LayerCall {
  readonly layer: tfl.layers.Layer;
  readonly inputs: readonly ValueId[];
  readonly output: ValueId;
  /** With the batch axis; sizes that are not known are null. */
  readonly outputShape: readonly (number | null)[];
}

export interface GraphInput {
  readonly id: ValueId;
  /** With the batch axis; sizes that are not known are null. */
  readonly shape: readonly (number | null)[];
  /** Default 'float32'. */
  readonly dtype?: DataType;
}

export interface CallGraph {
  readonly inputs: readonly GraphInput[];
  readonly calls: readonly LayerCall[];
  readonly outputs: readonly ValueId[];
}

type SymbolicTensor = tfl.SymbolicTensor;

/**
 * The calls that the model's outputs depend on.
 * @throws InputError for a model without layers, and for a layer with several outputs.
 */
export function layerCalls(model: Model): CallGraph {
  if (model.outputs.length === 0) {
    throw new InputError(`the model "${model.name}" has no layers`);
  }
  const calls: LayerCall[] = [];
  let next = 0;
  const inputs = model.inputs.map(({ shape, dtype }) => ({ id: next++, shape, dtype }));

  /** @param known the values of a model's symbolic tensors; a nested model has a map of its own per call. */
  function valueOf(tensor: SymbolicTensor, known: Map<number, ValueId>): ValueId {
    const value = known.get(tensor.id);
    if (value !== undefined) return value;
    const layer = tensor.sourceLayer;
    const node = layer.inboundNodes[tensor.nodeIndex];
    const given = node.inputTensors.map((input) => valueOf(input, known));
    if (isModel(layer)) {
      const inner = new Map(layer.inputs.map((input, i) => [input.id, given[i]]));
      const results = layer.outputs.map((output) => valueOf(output, inner));
      node.outputTensors.forEach((output, i) => known.set(output.id, results[i]));
    } else {
      if (node.outputTensors.length !== 1) {
        throw new InputError(
          `layer "${layer.name}" has ${node.outputTensors.length} outputs; only layers with one are supported`,
        );
      }
      calls.push({ layer, inputs: given, output: next, outputShape: tensor.shape });
      known.set(tensor.id, next++);
    }
    return valueOf(tensor, known);
  }

  const known = new Map(model.inputs.map((input, i) => [input.id, inputs[i].id]));
  return { inputs, calls, outputs: model.outputs.map((output) => valueOf(output, known)) };
}

function isModel(layer: tfl.layers.Layer): layer is Model {
  return 'layers' in layer && Array.isArray(layer.layers);
}
