/** A graph under construction: every node is checked and its output inferred as it is added. */
import { freeName } from './free-name.js';
import { inferOutput } from '@surge-bnn/runtime';
import type { Edge, GraphInput, GraphNode, NodeOf, OpName, StoredTensor } from '@surge-bnn/runtime';

/** A tensor and the name under which the file keeps it; a layer that is called twice brings the same one twice. */
export interface NamedTensor {
  readonly key: string;
  readonly tensor: StoredTensor;
}

/** A node before its place in a graph is known: its output is inferred, its tensors are stored under their keys. */
export type NewNode = {
  [Op in OpName]: Omit<NodeOf<Op>, 'output' | 'tensors'> & {
    readonly tensors?: Readonly<Record<string, NamedTensor>>;
  };
}[OpName];

/** A graph with its tensors: what the lowering makes and the folding rewrites. */
export interface Draft {
  readonly input: GraphInput;
  readonly nodes: readonly GraphNode[];
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Names of the edges that it returns; of a model one. */
  readonly outputs: readonly string[];
}

export class GraphBuilder {
  private readonly nodes: GraphNode[] = [];
  private readonly edges = new Map<string, Edge>();
  private readonly tensors = new Map<string, StoredTensor>();
  private readonly names = new Set<string>();

  constructor(private readonly input: GraphInput) {
    this.edges.set(this.reserveName(input.name), { type: 'f32', shape: input.shape });
  }

  edge(name: string): Edge {
    const edge = this.edges.get(name);
    if (edge === undefined) throw new Error(`the graph under construction has no edge "${name}"`);
    return edge;
  }

  /** Size of the edge's last axis. */
  channels(name: string): number {
    return this.edge(name).shape.at(-1) ?? 1;
  }

  /** @returns the name of the edge that the node makes, which is free in the graph. */
  add(given: NewNode): string {
    const { tensors = {}, ...rest } = given;
    for (const { key, tensor } of Object.values(tensors)) this.keep(key, tensor);
    const keys = Object.entries(tensors).map(([role, { key }]) => [role, key]);
    const node = {
      ...rest,
      name: this.reserveName(given.name),
      tensors: Object.fromEntries(keys) as Record<string, string>,
    };
    const output = inferOutput(
      node,
      given.inputs.map((name) => this.edge(name)),
    );
    this.nodes.push({ ...node, output });
    this.edges.set(node.name, output);
    return node.name;
  }

  /** The graph that ends in these edges. */
  finish(outputs: readonly string[]): Draft {
    const { input, nodes, tensors } = this;
    return { input, nodes, tensors, outputs };
  }

  /** A name that no edge has and none will get: as wanted, or with a number. */
  reserveName(wanted: string): string {
    return freeName(this.names, wanted);
  }

  private keep(key: string, tensor: StoredTensor): void {
    const known = this.tensors.get(key);
    if (known !== undefined && known.bytes.some((byte, i) => byte !== tensor.bytes[i])) {
      throw new Error(`two different tensors are to be kept as "${key}"`);
    }
    this.tensors.set(key, tensor);
  }
}
