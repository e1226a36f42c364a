/**
 * What the runtime has to know of an op. One entry of the op table is used four ways: to check a file, to check a
 * converter's graph before it is written, to plan buffers, and to compute.
 */
import type { TensorSpec } from '../format/tensors.js';
import type { Edge, NodeOf, OpAttributes, OpName } from '../graph.js';
import type { Later, NodeMemory } from './memory.js';

/** The numbers of one example on an edge: bits and unsigned stand in 32-bit words, channels padded to a word. */
export type EdgeBuffer = Float32Array | Int32Array | Uint32Array | Int8Array;

/** Computes one example; every buffer was planned at load. */
export type Step = (inputs: readonly EdgeBuffer[], output: EdgeBuffer) => void;

/** What a node's tensors must be, by role. */
export type TensorSpecs = Readonly<Record<string, TensorSpec & { readonly optional?: boolean }>>;

export interface OpDefinition<Op extends OpName> {
  readonly op: Op;
  /** Fewest and most edges that a node may read. */
  readonly arity: readonly [number, number];
  /**
   * The attributes of a file's JSON, checked one by one; an unknown or missing one is an error.
   * @throws ModelFileError naming the node, the attribute, its value and what is allowed.
   */
  readonly attributes: (given: unknown, where: string) => OpAttributes[Op];
  /**
   * What the node makes of its inputs.
   * @throws ModelFileError when types, shapes or attributes do not fit each other.
   */
  readonly infer: (node: Omit<NodeOf<Op>, 'output'>, inputs: readonly Edge[]) => Edge;
  /** The tensors that the node must have, by role, with exactly this type and shape. */
  readonly tensors: (node: Omit<NodeOf<Op>, 'output'>, inputs: readonly Edge[]) => TensorSpecs;
  /**
   * Asks for all memory that the node needs besides its edges, and takes none; what it returns takes it and gives the
   * computation.
   */
  readonly prepare: (node: NodeOf<Op>, inputs: readonly Edge[], memory: NodeMemory) => Later<Step>;
  /** What runs, for people: "xor-popcount 3x3, pad +1". */
  readonly kernel: (node: NodeOf<Op>, inputs: readonly Edge[]) => string;
}
