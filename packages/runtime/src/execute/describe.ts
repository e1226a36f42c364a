/** A packed model in words and numbers, for people and for tables. */
import type { ModelSource } from '../format/model-source.js';
import { tensorBytes } from '../format/tensors.js';
import type { StoredTensor } from '../format/tensors.js';
import type { Edge, Graph, GraphInput, NodeOf, OpName } from '../graph.js';
import { kernelKind } from '../ops/kernel-kind.js';
import type { KernelKind } from '../ops/kernel-kind.js';
import { opTable } from '../ops/table.js';

export interface EdgeDescription extends Edge {
  readonly name: string;
}

export interface NodeDescription {
  readonly name: string;
  readonly op: OpName;
  /** What runs: "xor-popcount 3x3, pad +1". */
  readonly kernel: string;
  /** Of a node with weights: what it multiplies with what. */
  readonly kind?: KernelKind;
  /** The trained network's layers whose work it does. */
  readonly layers: readonly string[];
  readonly inputs: readonly EdgeDescription[];
  readonly output: EdgeDescription;
  /** Bytes of its tensors in the file; a tensor of several nodes counts with the first, so the sum is the file's payload. */
  readonly bytes: number;
}

/** Plain data: can be printed as JSON. Shapes are those of one example. */
export interface ModelDescription {
  /** What computes: "wasm", "reference". */
  readonly kernels: string;
  readonly inputs: readonly (EdgeDescription & Pick<GraphInput, 'pixels'>)[];
  readonly outputs: readonly EdgeDescription[];
  readonly nodes: readonly NodeDescription[];
  /** Memory for all edges of one example, which share places over time. */
  readonly activationBytes: number;
}

/** Every edge of the graph by name. */
export function edgesOf({ inputs, nodes }: Graph): ReadonlyMap<string, Edge> {
  return new Map<string, Edge>([
    ...inputs.map(({ name, shape }) => [name, { type: 'f32', shape }] as const),
    ...nodes.map(({ name, output }) => [name, output] as const),
  ]);
}

export function edgeOf(edges: ReadonlyMap<string, Edge>, name: string): Edge {
  const edge = edges.get(name);
  if (edge === undefined)
    throw new Error(`a graph that reads the unknown edge "${name}" was not refused`);
  return edge;
}

/** Every node of a model that `checkGraph` found sound, without preparing it. */
export function describeNodes({
  graph,
  tensors,
}: Pick<ModelSource, 'graph' | 'tensors'>): NodeDescription[] {
  const edges = edgesOf(graph);
  const left = new Map(tensors);
  return graph.nodes.map((node) => {
    const inputs = node.inputs.map((name) => described(edges, name));
    const kind = kernelKind(node, inputs);
    return {
      name: node.name,
      op: node.op,
      kernel: kernelText(node, inputs),
      ...(kind === undefined ? {} : { kind }),
      layers: node.layers,
      inputs,
      output: described(edges, node.name),
      bytes: takeBytes(node.tensors, left),
    };
  });
}

export function describeGraph(
  source: Pick<ModelSource, 'graph' | 'tensors'>,
  { kernels, activationBytes }: Pick<ModelDescription, 'kernels' | 'activationBytes'>,
): ModelDescription {
  const { inputs, outputs } = source.graph;
  const edges = edgesOf(source.graph);
  return {
    kernels,
    inputs: inputs.map(({ name, pixels }) => ({
      ...described(edges, name),
      ...(pixels === undefined ? {} : { pixels }),
    })),
    outputs: outputs.map((name) => described(edges, name)),
    nodes: describeNodes(source),
    activationBytes,
  };
}

function described(edges: ReadonlyMap<string, Edge>, name: string): EdgeDescription {
  const { type, shape } = edgeOf(edges, name);
  return { name, type, shape };
}

function kernelText<Op extends OpName>(node: NodeOf<Op>, inputs: readonly Edge[]): string {
  return opTable[node.op].kernel(node, inputs);
}

/** Bytes of those tensors that no node before had; they are taken out. */
function takeBytes(
  roles: Readonly<Record<string, string>>,
  left: Map<string, StoredTensor>,
): number {
  let bytes = 0;
  for (const name of Object.values(roles)) {
    const tensor = left.get(name);
    if (tensor !== undefined) bytes += tensorBytes(tensor);
    left.delete(name);
  }
  return bytes;
}
