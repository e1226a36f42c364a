/** What the records of one node are made from: its edges' places, its tensors' places, scratch. */
import { edgeOf } from '../execute/describe.js';
import type { StoredTensor } from '../format/tensors.js';
import type { Edge, GraphNode } from '../graph.js';
import { floats, integers } from '../ops/stored.js';
import type { Block } from './block.js';
import { record } from './records.js';
import type { Operand, ProgramOp } from './records.js';

export class NodeScope {
  constructor(
    private readonly index: number,
    private readonly node: GraphNode,
    private readonly edges: ReadonlyMap<string, Edge>,
    private readonly operands: ReadonlyMap<string, Operand>,
    private readonly tensors: ReadonlyMap<string, StoredTensor>,
    private readonly block: Block,
    /** For what a strip's windows see. */
    readonly scratch: Operand,
  ) {}

  /** The edge that the node reads as its i-th. */
  input(i = 0): Edge {
    return edgeOf(this.edges, this.node.inputs[i]);
  }

  /** 1 where the edge's numbers are integers, else 0. */
  integers(i = 0): number {
    return this.input(i).type === 'i32' ? 1 : 0;
  }

  /** Where the node's i-th edge is. */
  place(i = 0): Operand {
    return this.operand(this.node.inputs[i]);
  }

  /** A record that reads the first edge, or `from`, and makes the node's, or `to`. */
  record(
    op: ProgramOp,
    parameters: readonly number[],
    from = this.place(),
    to = this.output(),
  ): number[] {
    return record(op, this.index, to, from, parameters);
  }

  output(): Operand {
    return this.operand(this.node.name);
  }

  /** The address of a decoded F32, F16 tensor, or of one that is made of it; 0 where the role is empty. */
  floats(role: string): number {
    const tensor = this.tensor(role);
    if (tensor === undefined) return 0;
    const count = elementsOf(tensor);
    return this.block.tensor(tensor, 'floats', 4 * count, (buffer, address) => {
      new Float32Array(buffer, address, count).set(floats(tensor));
    });
  }

  /** The address of a decoded I32 tensor. */
  integersOf(role: string): number {
    const tensor = this.required(role);
    const count = elementsOf(tensor);
    return this.block.tensor(tensor, 'integers', 4 * count, (buffer, address) => {
      new Int32Array(buffer, address, count).set(integers(tensor));
    });
  }

  /** The address of what is made of a tensor. @param way tells it from whatever else is made of the same tensor. */
  made(
    role: string,
    way: string,
    bytes: number,
    make: (tensor: StoredTensor, buffer: ArrayBufferLike, address: number) => void,
  ): number {
    const tensor = this.required(role);
    return this.block.tensor(tensor, way, bytes, (buffer, address) => {
      make(tensor, buffer, address);
    });
  }

  /** The address of what no other node has. */
  own(bytes: number, fill: (buffer: ArrayBufferLike, address: number) => void): number {
    this.block.decodedBytes += bytes;
    return this.block.take(bytes, fill);
  }

  /** One bit for each channel, padded to words; zeros where the node has no flips. */
  flips(words: number): number {
    if (this.tensor('flips') === undefined) return this.block.take(4 * words);
    return this.made('flips', 'words', 4 * words, ({ bytes }, buffer, address) => {
      new Uint8Array(buffer, address, 4 * words).set(bytes);
    });
  }

  private tensor(role: string): StoredTensor | undefined {
    if (!Object.hasOwn(this.node.tensors, role)) return undefined;
    return this.tensors.get(this.node.tensors[role]);
  }

  /** That it is there and of the right type and shape, checkGraph has seen to. */
  required(role: string): StoredTensor {
    const tensor = this.tensor(role);
    if (tensor !== undefined) return tensor;
    throw new Error(`a node without its tensor "${role}" was not refused`);
  }

  private operand(name: string): Operand {
    const operand = this.operands.get(name);
    if (operand !== undefined) return operand;
    throw new Error(`edge "${name}" has no place`);
  }
}

export function elementsOf({ shape }: StoredTensor): number {
  return shape.reduce((product, size) => product * size, 1);
}
