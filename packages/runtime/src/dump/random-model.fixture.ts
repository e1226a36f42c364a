/**
 * Models by chance, of every op: a chain of up to nine nodes, each of an op that can read what the one before it makes, with drawn
 * windows, groups, pad values, tensors and storage. Sums and joins also read edges further back.
 */
import type { GeneratorValue } from 'fast-check';
import { integerTensor, readOut, sourceOf } from '../execute/graph.fixture.js';
import type { Draft } from '../execute/graph.fixture.js';
import type { ModelSource } from '../format/model-source.js';
import type { Edge, EdgeType, GraphInput, OpName, PadValue, WeightType, Window } from '../graph.js';
import { inferOutput, opTable } from '../ops/table.js';
import { Draws } from './random-tensors.fixture.js';

/** What a reader has that does not have everything. */
export interface Limits {
  readonly ops: readonly OpName[];
  readonly weights: readonly WeightType[];
  /** Most edges that a node reads. */
  readonly joined: number;
}

const everything: Limits = {
  ops: Object.keys(opTable).filter((op): op is OpName => Object.hasOwn(opTable, op)),
  weights: ['f32', 'f16', 'i8', 'bits'],
  joined: 3,
};

/** A model of pictures or vectors that may be given as bytes, too, and the numbers of one example for it. */
export function drawModel(
  draw: GeneratorValue,
  limits = everything,
): { source: ModelSource; x: Float32Array } {
  return new Drawing(draw, limits).model();
}

const opsOfNumbers: readonly OpName[] = [
  ...([
    'sign',
    'sign',
    'quantize',
    'conv2d',
    'dense',
    'affine',
    'relu',
    'clip',
    'prelu',
    'sigmoid',
  ] as const),
  ...([
    'tanh',
    'gelu',
    'softmax',
    'l2Norm',
    'layerNorm',
    'firstRow',
    'maxPool2d',
    'averagePool2d',
    'add',
    'concat',
    'double2d',
    'reshape',
  ] as const),
];
const opsOfSums: readonly OpName[] = [...opsOfNumbers, 'threshold', 'threshold', 'threshold'];
const opsOfSigns: readonly OpName[] = [
  ...(['binaryConv2d', 'binaryConv2d', 'binaryDense', 'firstRow', 'reshape'] as const),
];
const opsOfInt8: readonly OpName[] = ['conv2d', 'conv2d', 'dense', 'reshape'];
const opsOfPictures: readonly OpName[] = [
  ...(['binaryConv2d', 'conv2d', 'maxPool2d', 'averagePool2d', 'double2d'] as const),
];

class Drawing extends Draws {
  /** With the input's; a node's edge is called by its place, as the input is "x". */
  private readonly edges: (Edge & { readonly name: string })[] = [];
  private readonly drafts: Draft[] = [];

  constructor(
    draw: GeneratorValue,
    private readonly limits: Limits,
  ) {
    super(draw);
  }

  model(): { source: ModelSource; x: Float32Array } {
    const shape = this.one([
      ...[1, 2, 3].map(() => [this.integer(1, 6), this.integer(1, 6), this.integer(1, 11)]),
      [this.integer(1, 40)],
      ...[1, 2].map(() => [this.integer(1, 12), this.integer(1, 40)]),
    ]);
    this.edges.push({ name: 'x', type: 'f32', shape });
    const nodes = this.integer(1, 9);
    for (let place = 0; place < nodes; place++) this.add(this.node(this.op()));
    if (!this.isOfNumbers()) this.add(this.readable());
    const channels = shape[shape.length - 1];
    const pixels: GraphInput['pixels'] = {
      mean: this.list(channels, () => this.integer(0, 8) / 16),
      std: this.list(channels, () => this.integer(1, 8) / 8),
    };
    const count = shape.reduce((product, axis) => product * axis, 1);
    const x = Float32Array.from(this.list(count, () => this.float()));
    return { source: sourceOf(shape, this.drafts, { pixels }), x };
  }

  private get last() {
    return this.edges[this.edges.length - 1];
  }

  private isOfNumbers(): boolean {
    return this.last.type === 'f32' || this.last.type === 'i32';
  }

  private add(draft: Draft): void {
    const name = `n${this.drafts.length}`;
    const inputs = draft.inputs ?? [this.last.name];
    const read = inputs.map((from) => {
      const edge = this.edges.find((other) => other.name === from);
      if (edge === undefined) throw new Error(`no edge ${from}`);
      return edge;
    });
    const roles = Object.keys(draft.tensors ?? {}).map((role) => [role, role] as const);
    const bare = { ...draft, name, inputs, layers: [], tensors: Object.fromEntries(roles) };
    this.drafts.push({ ...draft, name, inputs });
    this.edges.push({ name, ...inferOutput<OpName>(bare, read) });
  }

  private op(): OpName {
    const { type, shape } = this.last;
    const ops =
      type === 'bits'
        ? [...opsOfSigns, 'maxPool2d' as const]
        : type === 'unsigned'
          ? opsOfSigns
          : type === 'i32'
            ? opsOfSums
            : type === 'i8'
              ? opsOfInt8
              : opsOfNumbers;
    const texts: readonly OpName[] =
      type === 'f32'
        ? ['softmaxAttention']
        : type === 'bits'
          ? ['bitAttention', 'elasticAttention']
          : [];
    const fitting = [
      ...ops.filter((op) => shape.length === 3 || !opsOfPictures.includes(op)),
      ...(shape.length === 2 ? [...texts, ...texts] : []),
    ].filter((op) => shape.length > 1 || op !== 'firstRow');
    return this.one(fitting.filter((op) => this.limits.ops.includes(op)));
  }

  private node(op: OpName): Draft {
    const { type, shape } = this.last;
    const channels = shape[shape.length - 1];
    switch (op) {
      case 'sign':
        return { op, attributes: { values: this.one(['bits', 'unsigned', 'f32'] as const) } };
      case 'threshold':
        return {
          op,
          attributes: { values: this.one(['bits', 'unsigned'] as const) },
          tensors: {
            thresholds: integerTensor(this.list(channels, () => this.threshold())),
            ...this.maybe('flips', () => this.flags(channels)),
          },
        };
      case 'binaryConv2d': {
        const { window, filters, groups } = this.convolution(shape);
        const pads: readonly PadValue[] = type === 'unsigned' ? [0, 1] : [0, 1, -1];
        const count = (window.size[0] * window.size[1] * channels) / groups;
        const attributes = { window, filters, groups, padValue: this.one(pads) };
        return { op, attributes, tensors: { kernel: this.signs(filters, count) } };
      }
      case 'binaryDense': {
        const units = this.integer(1, 12);
        return { op, attributes: { units }, tensors: { kernel: this.signs(units, channels) } };
      }
      case 'conv2d': {
        const { window, filters, groups } = this.convolution(shape);
        const weights = this.weights(type);
        const padValue = type === 'i8' ? 0 : this.one([0, 1, -1] as const);
        const attributes = { window, filters, groups, padValue, weights };
        const filter = [...window.size, channels / groups];
        return { op, attributes, tensors: this.linear(weights, filter, filters) };
      }
      case 'dense': {
        const [units, weights] = [this.integer(1, 12), this.weights(type)];
        const tensors = this.linear(weights, [channels], units);
        return { op, attributes: { units, weights }, tensors };
      }
      case 'quantize':
        return { op, attributes: { factor: this.integer(1, 300) / 4 } };
      case 'affine': {
        const a = this.maybeFloats('a', channels);
        // One of the two has to be there.
        const b = 'a' in a ? this.maybeFloats('b', channels) : { b: this.floats(channels) };
        return { op, attributes: {}, tensors: { ...a, ...b } };
      }
      case 'clip': {
        const bounds = [this.float(), this.float()].sort((a, b) => a - b);
        return { op, attributes: { min: bounds[0], max: bounds[1] } };
      }
      case 'prelu':
        return { op, attributes: {}, tensors: { alpha: this.floats(channels) } };
      case 'l2Norm':
        return { op, attributes: {}, tensors: { scale: this.floats(channels) } };
      case 'maxPool2d': {
        const flips = type === 'bits' ? this.maybe('flips', () => this.flags(channels)) : {};
        return { op, attributes: { window: this.poolWindow(shape) }, tensors: flips };
      }
      case 'averagePool2d':
        return { op, attributes: { window: this.poolWindow(shape) } };
      case 'add':
        return { op, attributes: {}, inputs: this.joined((s) => `${s}` === `${shape}`) };
      case 'concat': {
        const positions = `${shape.slice(0, -1)}`;
        return {
          op,
          attributes: {},
          inputs: this.joined((s) => `${s.slice(0, -1)}` === positions),
        };
      }
      case 'double2d':
        return { op, attributes: {} };
      case 'reshape': {
        const all = shape.reduce((product, axis) => product * axis, 1);
        const divisors = Array.from({ length: all }, (_, i) => i + 1).filter((d) => all % d === 0);
        const width = this.one(divisors);
        const row = this.one(divisors.filter((d) => (all / width) % d === 0));
        const shapes = [[all], [all / width, width], [all / width / row, row, width]];
        return { op, attributes: { shape: this.one(shapes) } };
      }
      case 'layerNorm': {
        const tensors = { gamma: this.floats(channels), beta: this.floats(channels) };
        return { op, attributes: { epsilon: this.one([1e-12, 1e-5, 0.5]) }, tensors };
      }
      case 'softmaxAttention': {
        const attributes = { heads: this.heads(channels), scale: this.integer(1, 20) / 16 };
        return { op, attributes, inputs: this.attended() };
      }
      case 'bitAttention':
        return { op, attributes: { heads: this.heads(channels) }, inputs: this.attended() };
      case 'elasticAttention': {
        const [factor, least] = [this.integer(1, 20) / 16, this.integer(1, 20) / 40];
        const attributes = { heads: this.heads(channels), factor, least };
        return { op, attributes, inputs: this.attended() };
      }
      case 'relu':
      case 'sigmoid':
      case 'tanh':
      case 'gelu':
      case 'softmax':
      case 'firstRow':
        return { op, attributes: {} };
    }
  }

  private heads(channels: number): number {
    return this.one([1, 2, 3, 5, channels].filter((heads) => channels % heads === 0));
  }

  /** Queries, keys and values: the last edge's keys, and others that fit them. */
  private attended(): string[] {
    const { name, type, shape } = this.last;
    const alike = this.edges.filter((edge) => edge.type === type);
    const queries = alike.filter((edge) => edge.shape.at(-1) === shape[1]);
    const values = alike.filter((edge) => `${edge.shape}` === `${shape}`);
    return [this.one(queries).name, name, this.one(values).name];
  }

  /** Bits and int8 are no output: sums of them are. */
  private readable(): Draft {
    const { type, shape } = this.last;
    if (type === 'i8') return this.node('dense');
    const channels = shape[shape.length - 1];
    return shape.length === 3 ? readOut(channels) : this.node('binaryDense');
  }

  /** The last edge and one or more others that fit it, on either side. */
  private joined(fits: (shape: readonly number[]) => boolean): string[] {
    const others = this.edges.filter(
      ({ type, shape }) => (type === 'f32' || type === 'i32') && fits(shape),
    );
    const count = this.integer(1, this.limits.joined - 1);
    const picked = this.list(count, () => this.one(others).name);
    return this.integer(0, 1) === 0 ? [this.last.name, ...picked] : [...picked, this.last.name];
  }

  private convolution(shape: readonly number[]) {
    const groups = this.one([1, 1, 2, 3, shape[2]].filter((g) => shape[2] % g === 0));
    return { window: this.window(shape), groups, filters: groups * this.integer(1, 4) };
  }

  /** One that fits the padded picture. */
  private window([height, width]: readonly number[]): Window {
    const sides = [height, width].map((length) => {
      const [before, after] = [this.integer(0, 2), this.integer(0, 2)];
      const dilation = this.integer(1, 2);
      const room = Math.floor((length + before + after - 1) / dilation) + 1;
      const taps = this.integer(1, Math.min(3, room));
      return { before, after, dilation, taps, stride: this.integer(1, 3) };
    });
    return ofSides(sides);
  }

  /** One whose every place has a tap in the picture: it is padded by less than it reaches, without gaps. */
  private poolWindow([height, width]: readonly number[]): Window {
    const sides = [height, width].map((length) => {
      const taps = this.integer(1, Math.min(3, length));
      const pad = this.integer(0, taps - 1);
      return { before: pad, after: pad, dilation: 1, taps, stride: this.integer(1, 3) };
    });
    return ofSides(sides);
  }

  /** @param type of the edge that is read. */
  private weights(type: EdgeType): WeightType {
    return type === 'i8' ? type : this.one(this.limits.weights);
  }
}

function ofSides(
  sides: readonly {
    readonly before: number;
    readonly after: number;
    readonly dilation: number;
    readonly taps: number;
    readonly stride: number;
  }[],
): Window {
  const [vertical, horizontal] = sides;
  return {
    size: [vertical.taps, horizontal.taps],
    strides: [vertical.stride, horizontal.stride],
    dilations: [vertical.dilation, horizontal.dilation],
    pads: [vertical.before, horizontal.before, vertical.after, horizontal.after],
  };
}
