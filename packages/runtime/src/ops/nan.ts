/** The one error that computing has: a NaN where an op has no answer to it. */
import { quote } from '../format/json.js';
import type { Edge, NodeOf } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';

/** Why a NaN is no input, for the ops that say so. */
export const nanReasons = {
  sign: 'which has no sign',
  quantize: 'which is no integer',
} as const;

/**
 * Which node found it, whose work it does, and where in the edge that it reads.
 *
 * @param index of the NaN in the edge's numbers.
 */
export function nanAt(
  node: NodeOf<keyof typeof nanReasons>,
  input: Edge,
  index: number,
): ModelFileError {
  const layers = node.layers.map((layer) => quote(layer)).join(', ') || 'none';
  const place = [];
  for (let axis = input.shape.length - 1, rest = index; axis >= 0; axis--) {
    place.unshift(rest % input.shape[axis]);
    rest = Math.floor(rest / input.shape[axis]);
  }
  return new ModelFileError(
    `node ${quote(node.name)} (${node.op}, of layers: ${layers}) reads a NaN at [${place}] of ${quote(node.inputs[0])}, ` +
      `${nanReasons[node.op]}; look for broken numbers in the input`,
  );
}
