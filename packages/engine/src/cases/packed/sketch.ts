/** Packed models as the tests of their kernels draw them: nodes one after the other, on edges whose shapes are known. */
import { bitBytes, inferOutput } from '@surge-bnn/runtime';
import type {
  Edge,
  GraphNode,
  ModelSource,
  OpAttributes,
  OpName,
  StoredTensor,
  Window,
} from '@surge-bnn/runtime';

export type Tensors = Readonly<Record<string, StoredTensor>>;

/** A node without what follows from the rest. */
export type Draft = {
  [Op in OpName]: {
    readonly op: Op;
    readonly attributes: OpAttributes[Op];
    readonly inputs: readonly string[];
    readonly tensors?: Tensors;
  };
}[OpName];

/** One model, and what it is run on: some examples. */
export interface PackedCase {
  readonly name: string;
  readonly source: ModelSource;
  readonly inputs: Float32Array;
}

/** A model whose input is called "x". */
export class Sketch {
  readonly edges: Map<string, Edge>;
  readonly nodes: GraphNode[] = [];
  private readonly tensors = new Map<string, StoredTensor>();

  constructor(private readonly shape: readonly number[]) {
    this.edges = new Map([['x', { type: 'f32', shape }]]);
  }

  edge(name: string): Edge {
    const edge = this.edges.get(name);
    if (edge === undefined) throw new Error(`there is no edge "${name}"`);
    return edge;
  }

  /** @throws ModelFileError where the op cannot read such edges. */
  outputOf(draft: Draft): Edge {
    return this.nodeOf(draft).output;
  }

  /**
   * @returns the name of the node and its edge.
   * @throws ModelFileError as outputOf; then nothing is added.
   */
  add(draft: Draft): string {
    const node = this.nodeOf(draft);
    for (const [role, tensor] of Object.entries(draft.tensors ?? {})) {
      this.tensors.set(node.tensors[role], tensor);
    }
    this.nodes.push(node);
    this.edges.set(node.name, node.output);
    return node.name;
  }

  private nodeOf(draft: Draft): GraphNode {
    const name = `${draft.op}${this.nodes.length}`;
    const roles = Object.keys(draft.tensors ?? {}).map((role): [string, string] => [
      role,
      `${name}/${role}`,
    ]);
    const bare = { ...draft, name, layers: [], tensors: Object.fromEntries(roles) };
    const read = draft.inputs.map((input) => this.edge(input));
    return { ...bare, output: inferOutput<OpName>(bare, read) };
  }

  source(output: string): ModelSource {
    const inputs = [{ name: 'x', shape: this.shape }];
    const graph = { inputs, nodes: this.nodes, outputs: [output] };
    return { graph, tensors: this.tensors, metadata: {} };
  }
}

export function floatTensor(shape: readonly number[], next: () => number): StoredTensor {
  const values = Float32Array.from({ length: sizeOf(shape) }, next);
  return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) };
}

/** Of float16 numbers from 2^-6 to 2^3, both signs. */
export function halfTensor(shape: readonly number[], next: () => number): StoredTensor {
  const values = Uint16Array.from({ length: sizeOf(shape) }, () => {
    const [sign, exponent, fraction] = [2, 9, 1024].map((count) => Math.floor(count * next()));
    return sign * 2 ** 15 + (exponent + 9) * 2 ** 10 + fraction;
  });
  return { dtype: 'F16', shape, bytes: new Uint8Array(values.buffer) };
}

/** Integers from -127 to 127. */
export function int8Tensor(shape: readonly number[], next: () => number): StoredTensor {
  const values = Int8Array.from({ length: sizeOf(shape) }, () => Math.floor(255 * next()) - 127);
  return { dtype: 'I8', shape, bytes: new Uint8Array(values.buffer) };
}

export function integerTensor(count: number, next: () => number): StoredTensor {
  const values = Int32Array.from({ length: count }, next);
  return { dtype: 'I32', shape: [count], bytes: new Uint8Array(values.buffer) };
}

/** Rows of random bits, padded with 0 to bytes. */
export function bitTensor(rows: number, bits: number, next: () => number): StoredTensor {
  const shape = [rows, bitBytes(bits)];
  return { dtype: 'U8', shape, bytes: bitRows(rows, bits, next) };
}

/** One random bit for each channel. */
export function flagTensor(bits: number, next: () => number): StoredTensor {
  return { dtype: 'U8', shape: [bitBytes(bits)], bytes: bitRows(1, bits, next) };
}

function bitRows(rows: number, bits: number, next: () => number): Uint8Array {
  const width = bitBytes(bits);
  const bytes = Uint8Array.from({ length: rows * width }, () => Math.floor(256 * next()));
  if (bits % 8 === 0) return bytes;
  for (let last = width - 1; last < bytes.length; last += width) bytes[last] %= 2 ** (bits % 8);
  return bytes;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** @param pads top, left, bottom, right. */
export function windowOf(
  size: Window['size'],
  strides: Window['strides'] = [1, 1],
  dilations: Window['dilations'] = [1, 1],
  pads: Window['pads'] = [0, 0, 0, 0],
): Window {
  return { size, strides, dilations, pads };
}
