/** For tests of the ONNX export: packed models node by node, and onnxruntime beside the packed runtime. */
import { PackedModel } from '@surge-bnn/runtime';
import type { GraphInput, ModelSource, StoredTensor, Window } from '@surge-bnn/runtime';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GraphBuilder } from '../graph-builder.js';
import type { NamedTensor, NewNode } from '../graph-builder.js';
import { storedFlags, storedFloats, storedHalves, storedIntegers, storedSigns } from '../stored.js';
import { exportOnnx } from './export-onnx.js';

/** A node without what a chain says by itself: it reads the one before it unless it names others. */
export type Link = NewNode extends infer Node
  ? Node extends NewNode
    ? Omit<Node, 'name' | 'inputs' | 'layers' | 'tensors'> & {
        readonly name?: string;
        readonly inputs?: readonly string[];
        readonly tensors?: Readonly<Record<string, StoredTensor>>;
      }
    : never
  : never;

/** A model whose input is "x" and whose output is the last node. */
export function modelOf(
  shape: readonly number[],
  links: readonly Link[],
  rest: Pick<GraphInput, 'pixels'> & { classes?: readonly string[] } = {},
): ModelSource {
  const { pixels, classes } = rest;
  const builder = new GraphBuilder({ name: 'x', shape, ...(pixels && { pixels }) });
  let last = 'x';
  for (const [i, link] of links.entries()) {
    const { name = `${link.op}${i}`, inputs = [last], tensors = {} } = link;
    const named = Object.entries(tensors).map(([role, tensor]): [string, NamedTensor] => [
      role,
      { key: `${name}/${role}`, tensor },
    ]);
    last = builder.add({ ...link, name, inputs, layers: [], tensors: Object.fromEntries(named) });
  }
  const draft = builder.finish([last]);
  return {
    graph: {
      inputs: [draft.input],
      nodes: draft.nodes,
      outputs: [last],
      ...(classes && { classes }),
    },
    tensors: draft.tensors,
    metadata: {},
  };
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Quarters from -2 to 2, both zeros among them: sums of their products are exact in float32, whatever the order. */
export function quarters(count: number, seed = 1): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: count }, () => {
    const quarter = Math.round(16 * next() - 8) / 4;
    return quarter === 0 && next() < 0.5 ? 0 : quarter;
  });
}

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

export const floats = (shape: readonly number[], seed = 2) =>
  storedFloats({ values: quarters(size(shape), seed), shape }, 'a test');
export const halves = (shape: readonly number[], seed = 3) =>
  storedHalves({ values: quarters(size(shape), seed), shape }, 'a test');
/** Integers of 8 bits, from -127 to 127. */
export function int8s(shape: readonly number[], seed = 5): StoredTensor {
  const next = random(seed);
  const values = Int8Array.from({ length: size(shape) }, () => Math.round(254 * next() - 127));
  return { dtype: 'I8', shape, bytes: new Uint8Array(values.buffer) };
}

/** @param bits of a filter. */
export function signs(filters: number, bits: number, seed = 4): StoredTensor {
  const next = random(seed);
  const values = Float32Array.from({ length: filters * bits }, () => (next() < 0.5 ? -1 : 1));
  return storedSigns({ values, shape: [bits, filters] });
}

export function flips(count: number, seed = 5): StoredTensor {
  const next = random(seed);
  return storedFlags(Array.from({ length: count }, () => next() < 0.5));
}

export const integers = (values: readonly number[]) => storedIntegers(Int32Array.from(values));

export function windowOf(given: {
  size?: [number, number];
  strides?: [number, number];
  dilations?: [number, number];
  pads?: [number, number, number, number];
}): Window {
  return { size: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], ...given };
}

/** What onnxruntime makes of the file. @param input [n, ...shape of an example]. */
export async function runOnnx(
  bytes: Uint8Array,
  input: Float32Array,
  shape: readonly number[],
  options: InferenceSession.SessionOptions = {},
): Promise<{ readonly values: Float32Array; readonly shape: readonly number[] }> {
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    ...options,
  });
  const feeds = { [session.inputNames[0]]: new Tensor('float32', input, [...shape]) };
  const { [session.outputNames[0]]: output } = await session.run(feeds);
  await session.release();
  if (!(output.data instanceof Float32Array)) throw new Error(`the output is ${output.type}`);
  return { values: output.data, shape: output.dims };
}

export interface Beside {
  readonly packed: Float32Array;
  readonly onnx: Float32Array;
  readonly largestDifference: number;
  /** Examples whose largest output is not the same. */
  readonly otherPredictions: number;
}

/** The packed runtime and onnxruntime on the same examples. */
export async function beside(
  source: ModelSource,
  input: Float32Array,
  options?: InferenceSession.SessionOptions,
): Promise<Beside> {
  const model = PackedModel.from(source);
  const packed = model.run(input);
  const count = input.length / size(model.inputShape);
  const shape = [count, ...model.inputShape];
  const { values, shape: made } = await runOnnx(exportOnnx(source), input, shape, options);
  if (String(made) !== String([count, ...model.outputShape])) {
    throw new Error(`ONNX made [${made}] of [${model.outputShape}]`);
  }
  const each = packed.length / count;
  let [largestDifference, otherPredictions] = [0, 0];
  for (let i = 0; i < packed.length; i++) {
    const difference = Math.abs(packed[i] - values[i]);
    // A NaN on one side alone counts as all.
    if (!Object.is(packed[i], values[i])) {
      largestDifference = Math.max(
        largestDifference,
        Number.isNaN(difference) ? Infinity : difference,
      );
    }
  }
  for (let n = 0; n < count; n++) {
    const of = (all: Float32Array) => largest(all.subarray(n * each, (n + 1) * each));
    if (of(packed) !== of(values)) otherPredictions += 1;
  }
  return { packed, onnx: values, largestDifference, otherPredictions };
}

function largest(row: Float32Array): number {
  return row.indexOf(Math.max(...row));
}
