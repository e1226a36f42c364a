/** The nodes that change every number by itself, as functions of one number and its channel. */
import { elementwise } from '@surge-bnn/runtime';
import type { GraphNode, StoredTensor } from '@surge-bnn/runtime';
import { floatsOf } from '../stored.js';

/** @param channel index along the last axis of the node's edges. */
export type Element = (x: number, channel: number) => number;

/** The node's function, in the runtime's own arithmetic; undefined for a node of another sort. */
export function elementOf(
  node: GraphNode,
  tensors: ReadonlyMap<string, StoredTensor>,
): Element | undefined {
  const numbers = (role: string): Float32Array | undefined => {
    const tensor = tensors.get(node.tensors[role] ?? '');
    return tensor === undefined ? undefined : floatsOf(tensor);
  };
  switch (node.op) {
    case 'affine': {
      const a = numbers('a');
      const b = numbers('b');
      return (x, c) => elementwise.affine(x, a?.[c], b?.[c]);
    }
    case 'prelu': {
      const alpha = numbers('alpha') ?? new Float32Array();
      return (x, c) => elementwise.prelu(x, alpha[c]);
    }
    case 'clip': {
      const { min, max } = node.attributes;
      return (x) => elementwise.clip(x, min, max);
    }
    case 'relu':
      return elementwise.relu;
    case 'sigmoid':
      return elementwise.sigmoid;
    case 'tanh':
      return elementwise.tanh;
    case 'gelu':
      return elementwise.gelu;
    default:
      return undefined;
  }
}
