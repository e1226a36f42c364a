/** Models for tests, from a list of nodes and plain numbers. Bits are packed here one by one, as docs/format.md says. */
import type { ModelSource } from '../format/model-source.js';
import type { StoredTensor } from '../format/tensors.js';
import type { Edge, GraphInput, GraphNode, OpAttributes, OpName } from '../graph.js';
import { inferOutput } from '../ops/table.js';
import type { Window } from '../graph.js';

/** A node without what follows from the rest; it reads the one before it unless it says otherwise. */
export type Draft = {
  [Op in OpName]: {
    readonly op: Op;
    readonly attributes: OpAttributes[Op];
    /** The op and its place in the list, unless given. */
    readonly name?: string;
    readonly inputs?: readonly string[];
    readonly tensors?: Readonly<Record<string, StoredTensor>>;
    readonly layers?: readonly string[];
  };
}[OpName];

/** A model whose input is called "x" and whose output is the last node. */
export function sourceOf(
  shape: readonly number[],
  drafts: readonly Draft[],
  rest: { pixels?: GraphInput['pixels']; classes?: readonly string[] } = {},
): ModelSource {
  const edges = new Map<string, Edge>([['x', { type: 'f32', shape }]]);
  const tensors = new Map<string, StoredTensor>();
  const nodes: GraphNode[] = [];
  let last = 'x';
  for (const [place, draft] of drafts.entries()) {
    const { name = `${draft.op}${place}`, inputs = [last], layers = [] } = draft;
    const roles = Object.entries(draft.tensors ?? {}).map(([role, tensor]) => {
      tensors.set(`${name}/${role}`, tensor);
      return [role, `${name}/${role}`] as const;
    });
    const bare = { ...draft, name, inputs, layers, tensors: Object.fromEntries(roles) };
    const read = inputs.map((edge) => edges.get(edge) ?? { type: 'f32' as const, shape: [] });
    const output = inferOutput<OpName>(bare, read);
    nodes.push({ ...bare, output });
    edges.set(name, output);
    last = name;
  }
  const { pixels, classes } = rest;
  const input = { name: 'x', shape, ...(pixels && { pixels }) };
  const graph = { inputs: [input], nodes, outputs: [last], ...(classes && { classes }) };
  return { graph, tensors, metadata: {} };
}

export function floatTensor(shape: readonly number[], values: Iterable<number>): StoredTensor {
  return stored('F32', shape, [...values], 4, (view, at, value) =>
    view.setFloat32(at, value, true),
  );
}

export function integerTensor(values: readonly number[]): StoredTensor {
  return stored('I32', [values.length], values, 4, (view, at, value) =>
    view.setInt32(at, value, true),
  );
}

/** @param values the bits of the float16 numbers. */
export function halfTensor(shape: readonly number[], values: readonly number[]): StoredTensor {
  return stored('F16', shape, values, 2, (view, at, value) => view.setUint16(at, value, true));
}

export function int8Tensor(shape: readonly number[], values: readonly number[]): StoredTensor {
  return stored('I8', shape, values, 1, (view, at, value) => view.setInt8(at, value));
}

/** Rows of signs: a bit 1 for each -1, lowest first, each row padded to a byte. */
export function signTensor(rows: readonly (readonly number[])[]): StoredTensor {
  const packed = rows.map((row) => packBits(row.map((value) => value < 0)));
  return {
    dtype: 'U8',
    shape: [rows.length, packed[0].length],
    bytes: Uint8Array.from(packed.flat()),
  };
}

export function flagTensor(flags: readonly boolean[]): StoredTensor {
  const bytes = Uint8Array.from(packBits(flags));
  return { dtype: 'U8', shape: [bytes.length], bytes };
}

function packBits(bits: readonly boolean[]): number[] {
  const bytes: number[] = [];
  for (let i = 0; i < bits.length; i += 8) {
    let byte = 0;
    bits.slice(i, i + 8).forEach((bit, place) => {
      if (bit) byte += 2 ** place;
    });
    bytes.push(byte);
  }
  return bytes;
}

function stored(
  dtype: StoredTensor['dtype'],
  shape: readonly number[],
  values: readonly number[],
  size: number,
  set: (view: DataView, at: number, value: number) => void,
): StoredTensor {
  // One byte further in, so that nothing may count on aligned bytes.
  const buffer = new ArrayBuffer(1 + values.length * size);
  const view = new DataView(buffer, 1);
  values.forEach((value, i) => set(view, i * size, value));
  return { dtype, shape, bytes: new Uint8Array(buffer, 1) };
}

/** A window of one size, stride, dilation and padding on both axes. */
export function squareWindow(size: number, stride = 1, pad = 0, dilation = 1): Window {
  return {
    size: [size, size],
    strides: [stride, stride],
    dilations: [dilation, dilation],
    pads: [pad, pad, pad, pad],
  };
}

/** Makes bits or unsigned numbers readable: a 1x1 convolution of each channel by itself with the weight +1. */
export function readOut(channels: number): Draft {
  return {
    op: 'binaryConv2d',
    attributes: { window: squareWindow(1), filters: channels, groups: channels, padValue: 0 },
    tensors: { kernel: signTensor(Array.from({ length: channels }, () => [1])) },
  };
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
