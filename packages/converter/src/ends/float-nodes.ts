/** The nodes that do the sums of float layers. */
import type { GraphNode } from '@surge-bnn/runtime';
import type { Draft } from '../graph-builder.js';
import type { FloatWeights, Forms } from './forms.js';

export interface FloatNode {
  readonly node: Extract<GraphNode, { op: 'conv2d' | 'dense' }>;
  /** Whose kernel it has. */
  readonly layer: string;
  readonly form: FloatWeights;
}

/** A layer that is called twice has two; helpers that compute with a float kernel of their own (zeros, offsets) are none. */
export function floatNodes({ nodes }: Pick<Draft, 'nodes'>, forms: Forms): readonly FloatNode[] {
  return nodes.flatMap((node): FloatNode[] => {
    if (node.op !== 'conv2d' && node.op !== 'dense') return [];
    const layer = node.layers.find((name) => forms.has(name));
    const form = layer === undefined ? undefined : forms.get(layer);
    return layer === undefined || form === undefined ? [] : [{ node, layer, form }];
  });
}
