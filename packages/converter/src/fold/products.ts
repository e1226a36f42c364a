/** How large the sums of a binary layer can get. */
import type { GraphNode } from '@surge-bnn/runtime';
import { elementsOf } from '../shape.js';

export type SumNode = Extract<GraphNode, { op: 'binaryConv2d' | 'binaryDense' }>;

/** K, the products of a sum: every sum is an integer in [-K, K]. */
export function productsOf(sums: SumNode, byName: ReadonlyMap<string, GraphNode>): number {
  const channels = byName.get(sums.inputs[0])?.output.shape.at(-1) ?? 1;
  if (sums.op === 'binaryDense') return channels;
  return (elementsOf(sums.attributes.window.size) * channels) / sums.attributes.groups;
}
