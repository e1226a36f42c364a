/** From a trained model to the data of a packed one: lowered, folded, with what became of every layer. */
import type { Model } from '@surge-bnn/core';
import { tensorBytes } from '@surge-bnn/runtime';
import type { GraphNode, ModelMetadata, ModelSource, StoredTensor } from '@surge-bnn/runtime';
import { foldSigns } from './fold/fold-signs.js';
import type { UnfoldedSign } from './fold/fold-signs.js';
import { lower } from './lower/lower.js';
import { namedLayers } from './lower/names.js';
import type { ConvertOptions, LayerFate } from './types.js';

/** Up to here float32 holds every integer, so that a binary layer's sum is the same number as i32 and as f32. */
const LARGEST_EXACT = 2 ** 24;

export type PackOptions = Pick<
  ConvertOptions,
  'pixels' | 'classes' | 'floatWeights' | 'allowFloat'
> & {
  readonly metadata?: ModelMetadata;
  /** Binary layers whose sums can exceed this are not packed. Default 2^24, the most that is exact. */
  readonly largestSum?: number;
};

export interface Packed {
  readonly source: ModelSource;
  readonly layers: readonly LayerFate[];
}

/**
 * Packs without proof: what `convertModel` then runs beside the trained model, and what `summary` counts before anything is
 * trained.
 *
 * @throws InputError naming the layer that cannot be packed, and why.
 */
export function packModel(model: Model, options: PackOptions = {}): Packed {
  const { floatWeights = 'f32', allowFloat = [], largestSum = LARGEST_EXACT } = options;
  const lowered = lower(model, { floatWeights, allowFloat, largestSum, pixels: options.pixels });
  const { draft, unfolded } = foldSigns(lowered);
  const source: ModelSource = {
    graph: {
      inputs: [draft.input],
      nodes: draft.nodes,
      outputs: [draft.output],
      ...(options.classes === undefined ? {} : { classes: options.classes }),
    },
    tensors: inFileOrder(draft.nodes, draft.tensors),
    metadata: options.metadata ?? {},
  };
  return { source, layers: fates(model, source, unfolded) };
}

/** The order of the nodes, so that a file does not depend on how the graph came about. */
function inFileOrder(
  nodes: readonly GraphNode[],
  tensors: ReadonlyMap<string, StoredTensor>,
): ReadonlyMap<string, StoredTensor> {
  const keys = nodes.flatMap((node) => Object.values(node.tensors));
  return new Map([...new Set(keys)].map((key) => [key, tensorOf(tensors, key)]));
}

function tensorOf(tensors: ReadonlyMap<string, StoredTensor>, key: string): StoredTensor {
  const tensor = tensors.get(key);
  if (tensor === undefined) throw new Error(`the graph reads a tensor "${key}" that is not there`);
  return tensor;
}

function fates(
  model: Model,
  { graph, tensors }: ModelSource,
  unfolded: readonly UnfoldedSign[],
): LayerFate[] {
  const counted = new Set<string>();
  return namedLayers(model).map((layer) => {
    const nodes = graph.nodes.filter((node) => node.layers.includes(layer.name));
    let bytes = 0;
    for (const key of nodes
      .filter((node) => node.layers[0] === layer.name)
      .flatMap((node) => Object.values(node.tensors))) {
      if (!counted.has(key)) bytes += tensorBytes(tensorOf(tensors, key));
      counted.add(key);
    }
    const remark = remarkOn(layer.name, nodes, graph.nodes, unfolded);
    return {
      layer: layer.name,
      kind: layer.self.getClassName(),
      nodes: nodes.map(({ name, op, output }) => ({ name, op, output })),
      ...(remark === undefined ? {} : { remark }),
      bytes,
    };
  });
}

function remarkOn(
  layer: string,
  nodes: readonly GraphNode[],
  all: readonly GraphNode[],
  unfolded: readonly UnfoldedSign[],
): string | undefined {
  if (nodes.length === 0) return 'nothing left to compute';
  const float = unfolded.find(({ sign }) => nodes.some((node) => node.name === sign));
  if (float !== undefined) return `sign taken of floats: ${float.why}`;
  const sums = nodes.find((n) => 'weights' in n.attributes && n.attributes.weights === 'bits');
  if (sums !== undefined) {
    const signed = all.some(({ name, op }) => op === 'sign' && name === sums.inputs[0]);
    return signed ? 'kept in float, as allowed' : 'weights are bits, inputs stay float';
  }
  const threshold = nodes.find((node) => node.op === 'threshold');
  if (threshold !== undefined && threshold.layers.at(-1) !== layer) {
    return 'folded into integer thresholds';
  }
  return undefined;
}
