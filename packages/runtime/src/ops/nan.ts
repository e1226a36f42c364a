/** The one error that computing has: a NaN where an op has no answer to it. */
import { quote } from '../format/json.js';
import type { Edge, GraphNode } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';

/**
 * Which node found it, whose work it does, and where in the edge that it reads.
 *
 * @param index of the NaN in the edge's numbers. @param why ends the sentence: "which has no sign".
 */
export function nanAt(
  node: Pick<GraphNode, 'name' | 'op' | 'inputs' | 'layers'>,
  input: Edge,
  index: number,
  why: string,
): ModelFileError {
  const layers = node.layers.map((layer) => quote(layer)).join(', ') || 'none';
  const place = [];
  for (let axis = input.shape.length - 1, rest = index; axis >= 0; axis--) {
    place.unshift(rest % input.shape[axis]);
    rest = Math.floor(rest / input.shape[axis]);
  }
  return new ModelFileError(
    `node ${quote(node.name)} (${node.op}, of layers: ${layers}) reads a NaN at [${place}] of ${quote(node.inputs[0])}, ` +
      `${why}; look for broken numbers in the input`,
  );
}
