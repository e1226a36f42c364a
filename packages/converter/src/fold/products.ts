/** How large sums of bits can get. */
import type { GraphNode } from '@surge-bnn/runtime';
import { elementsOf } from '../shape.js';

export type SumNode = Extract<
  GraphNode,
  { op: 'binaryConv2d' | 'binaryDense' | 'bitAttention' | 'elasticAttention' }
>;

/** Whether a node makes sums of bits. */
export function isSum(node: GraphNode | undefined): node is SumNode {
  switch (node?.op) {
    case 'binaryConv2d':
    case 'binaryDense':
    case 'bitAttention':
    case 'elasticAttention':
      return true;
    default:
      return false;
  }
}

/** K, the products of a sum, or in attention the values of it: every sum is an integer in [-K, K]. */
export function productsOf(sums: SumNode, byName: ReadonlyMap<string, GraphNode>): number {
  const shapeOf = (i: number) => byName.get(sums.inputs[i])?.output.shape ?? [1];
  const channels = shapeOf(0).at(-1) ?? 1;
  switch (sums.op) {
    case 'binaryDense':
      return channels;
    case 'binaryConv2d':
      return (elementsOf(sums.attributes.window.size) * channels) / sums.attributes.groups;
    case 'bitAttention':
    case 'elasticAttention':
      // Of the longest text: the graph is made for it.
      return shapeOf(2)[0];
  }
}
