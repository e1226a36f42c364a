/** What a node multiplies with what, in bits of weights (w) and activations (a): where binary ends and float begins. */
import type { Edge, GraphNode } from '../graph.js';

/** float is 32w/32a. */
export type KernelKind = '1w/1a' | '1w/32a' | '8w/8a' | '8w/32a' | '16w/32a' | 'float';

/** Undefined for nodes that sum no products. */
export function kernelKind(
  { op, attributes }: GraphNode,
  [input]: readonly Edge[],
): KernelKind | undefined {
  if (op === 'binaryConv2d' || op === 'binaryDense') return '1w/1a';
  if (op !== 'conv2d' && op !== 'dense') return undefined;
  switch (attributes.weights) {
    case 'bits':
      return '1w/32a';
    case 'i8':
      return input.type === 'i8' ? '8w/8a' : '8w/32a';
    case 'f16':
      return '16w/32a';
    case 'f32':
      return 'float';
  }
}
