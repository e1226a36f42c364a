/** Models that nobody thought of: all ops, in any order that their types allow, some of them on NaNs. */
import { ModelFileError } from '@surge-bnn/runtime';
import type { Edge, EdgeType, PadValue, WeightType, Window } from '@surge-bnn/runtime';
import type { Draw } from '../drawn.js';
import { reals, uniform } from '../numbers.js';
import { readOut } from './grid.js';
import {
  bitTensor,
  flagTensor,
  floatTensor,
  halfTensor,
  int8Tensor,
  integerTensor,
  sizeOf,
  Sketch,
  windowOf,
} from './sketch.js';
import type { Draft, PackedCase, Tensors } from './sketch.js';

/** More numbers than this on an edge would only take time. */
const mostNumbers = 6000;

/** @param most nodes at most, besides those that bring all loose ends to the output. */
export function drawnModel(draw: Draw, most = 16): PackedCase {
  const text = draw(0, 2) === 0;
  const shape = text ? [draw(1, 40), draw(1, 80)] : [draw(1, 7), draw(1, 9), draw(1, 40)];
  const seed = draw(0, 1e6);
  const next = uniform(seed);
  const sketch = new Sketch(shape);
  for (let left = draw(1, most); left > 0; left--) addNode(sketch, draw, next);
  const source = sketch.source(join(sketch));
  const inputs = reals(draw(1, 3) * sizeOf(shape), seed);
  const broken = draw(0, 7) === 0 ? draw(1, 4) : 0;
  for (let i = 0; i < broken; i++) inputs[draw(0, inputs.length - 1)] = NaN;
  const ops = source.graph.nodes.map(({ op }) => op).join(' ');
  return { name: `${shape.join(' x ')}, seed ${seed}: ${ops}`, source, inputs };
}

/** Adds a node, or nothing where what was drawn cannot be. */
function addNode(sketch: Sketch, draw: Draw, next: () => number): void {
  const names = [...sketch.edges.keys()];
  // Mostly the last: long chains are what kernels take apart and put together.
  const from = draw(0, 3) > 0 ? names[names.length - 1] : names[draw(0, names.length - 1)];
  const edge = sketch.edge(from);
  const makers = makersOf[edge.type];
  const make = makers[draw(0, makers.length - 1)];
  try {
    const draft = make({ sketch, draw, next, from, edge });
    if (sizeOf(sketch.outputOf(draft).shape) <= mostNumbers) sketch.add(draft);
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
  }
}

interface Place {
  readonly sketch: Sketch;
  readonly draw: Draw;
  readonly next: () => number;
  readonly from: string;
  readonly edge: Edge;
}

type Maker = (place: Place) => Draft;

const channelsOf = ({ shape }: Edge): number => shape[shape.length - 1];

const onNumbers: readonly Maker[] = [
  ({ draw, next, from, edge }) => {
    const numbers = (): number => 4 * next() - 2;
    const [a, b] = [0, 1].map(() => floatTensor([channelsOf(edge)], numbers));
    const tensors: Tensors = [{ a, b }, { a }, { b }][draw(0, 2)];
    return { op: 'affine', attributes: {}, inputs: [from], tensors };
  },
  ({ next, from, edge }) => {
    const alpha = floatTensor([channelsOf(edge)], () => 2 * next() - 1);
    return { op: 'prelu', attributes: {}, inputs: [from], tensors: { alpha } };
  },
  ({ next, from, edge }) => {
    const scale = floatTensor([channelsOf(edge)], () => 8 * next() - 4);
    return { op: 'l2Norm', attributes: {}, inputs: [from], tensors: { scale } };
  },
  ({ draw, from }) => {
    const op = (['relu', 'sigmoid', 'tanh', 'softmax', 'gelu'] as const)[draw(0, 4)];
    return { op, attributes: {}, inputs: [from] };
  },
  ({ draw, next, from, edge }) => {
    const [gamma, beta] = [0, 1].map(() => floatTensor([channelsOf(edge)], () => 4 * next() - 2));
    const attributes = { epsilon: [1e-12, 1e-5, 1][draw(0, 2)] };
    return { op: 'layerNorm', attributes, inputs: [from], tensors: { gamma, beta } };
  },
  (place) => {
    const { heads, inputs } = attended(place);
    const attributes = { heads, scale: place.draw(1, 16) / 16 };
    return { op: 'softmaxAttention', attributes, inputs };
  },
  firstRow,
  ({ draw, from }) => {
    return { op: 'clip', attributes: { min: -draw(0, 3), max: draw(0, 9) / 4 }, inputs: [from] };
  },
  ({ draw, from }) => {
    const values = (['bits', 'unsigned', 'f32'] as const)[draw(0, 2)];
    return { op: 'sign', attributes: { values }, inputs: [from] };
  },
  ({ from, edge }) => {
    // Doubled again and again it would only be large.
    const op = sizeOf(edge.shape) > 2000 ? 'relu' : 'double2d';
    return { op, attributes: {}, inputs: [from] };
  },
  (place) => joined('add', place, (shape) => shape.join()),
  (place) => joined('concat', place, (shape) => shape.slice(0, -1).join()),
  ({ draw, from }) => {
    const op = (['maxPool2d', 'averagePool2d'] as const)[draw(0, 1)];
    return { op, attributes: { window: drawWindow(draw) }, inputs: [from] };
  },
  ({ draw, next, from, edge }) => {
    const window = drawWindow(draw);
    const { filters, groups, padValue } = drawFilters(draw, channelsOf(edge));
    const perFilter = (sizeOf(window.size) * channelsOf(edge)) / groups;
    const weights = drawType(draw);
    const shape = [...window.size, channelsOf(edge) / groups, filters];
    const kernel = drawWeights(weights, shape, filters, perFilter, next);
    const attributes = { window, filters, groups, padValue, weights };
    const tensors: Tensors = { ...kernel, ...drawBias(draw, filters, next) };
    return { op: 'conv2d', attributes, inputs: [from], tensors };
  },
  ({ draw, next, from, edge }) => {
    const units = draw(1, 40);
    const weights = drawType(draw);
    const kernel = drawWeights(weights, [channelsOf(edge), units], units, channelsOf(edge), next);
    const tensors: Tensors = { ...kernel, ...drawBias(draw, units, next) };
    return { op: 'dense', attributes: { units, weights }, inputs: [from], tensors };
  },
  ({ draw, from }) => {
    return { op: 'quantize', attributes: { factor: draw(1, 400) / 8 }, inputs: [from] };
  },
  reshaped,
];

const onInt8: readonly Maker[] = [
  ({ draw, next, from, edge }) => {
    const window = drawWindow(draw);
    const { filters, groups } = drawFilters(draw, channelsOf(edge));
    const shape = [...window.size, channelsOf(edge) / groups, filters];
    const tensors = { ...int8Weights(shape, next), ...drawBias(draw, filters, next) };
    const attributes = { window, filters, groups, padValue: 0, weights: 'i8' } as const;
    return { op: 'conv2d', attributes, inputs: [from], tensors };
  },
  ({ draw, next, from, edge }) => {
    const units = draw(1, 40);
    const kernel = int8Weights([channelsOf(edge), units], next);
    const tensors = { ...kernel, ...drawBias(draw, units, next) };
    return { op: 'dense', attributes: { units, weights: 'i8' }, inputs: [from], tensors };
  },
  reshaped,
];

const threshold: Maker = ({ draw, next, from, edge }) => {
  const values = (['bits', 'unsigned'] as const)[draw(0, 1)];
  const thresholds = integerTensor(channelsOf(edge), () => Math.round(20 * next()) - 10);
  const flips = flagTensor(channelsOf(edge), next);
  const tensors: Tensors = draw(0, 1) === 0 ? { thresholds } : { thresholds, flips };
  return { op: 'threshold', attributes: { values }, inputs: [from], tensors };
};

const onBits: readonly Maker[] = [
  ({ draw, next, from, edge }) => {
    const window = drawWindow(draw);
    const { filters, groups, padValue } = drawFilters(draw, channelsOf(edge));
    const perFilter = (sizeOf(window.size) * channelsOf(edge)) / groups;
    const kernel = bitTensor(filters, perFilter, next);
    const attributes = { window, filters, groups, padValue };
    return { op: 'binaryConv2d', attributes, inputs: [from], tensors: { kernel } };
  },
  ({ draw, next, from, edge }) => {
    const units = draw(1, 70);
    const kernel = bitTensor(units, channelsOf(edge), next);
    return { op: 'binaryDense', attributes: { units }, inputs: [from], tensors: { kernel } };
  },
  ({ draw, next, from, edge }) => {
    const flips = flagTensor(channelsOf(edge), next);
    const tensors: Tensors = draw(0, 1) === 0 ? {} : { flips };
    return { op: 'maxPool2d', attributes: { window: drawWindow(draw) }, inputs: [from], tensors };
  },
  (place) => {
    const { heads, inputs } = attended(place);
    return { op: 'bitAttention', attributes: { heads }, inputs };
  },
  (place) => {
    const { heads, inputs } = attended(place);
    const [factor, least] = [place.draw(1, 16) / 16, place.draw(1, 16) / 32];
    return { op: 'elasticAttention', attributes: { heads, factor, least }, inputs };
  },
  firstRow,
  reshaped,
];

const makersOf: Readonly<Record<EdgeType, readonly Maker[]>> = {
  f32: onNumbers,
  i32: [...onNumbers, threshold, threshold, threshold],
  bits: onBits,
  unsigned: onBits,
  i8: onInt8,
};

/** The edge with others of numbers, itself perhaps, whose shapes are alike. */
function joined(
  op: 'add' | 'concat',
  { sketch, draw, from, edge }: Place,
  likeness: (shape: readonly number[]) => string,
): Draft {
  const alike = [...sketch.edges].filter(
    ([, { type, shape }]) =>
      (type === 'f32' || type === 'i32') && likeness(shape) === likeness(edge.shape),
  );
  const others = Array.from({ length: draw(1, 3) }, () => alike[draw(0, alike.length - 1)][0]);
  const inputs = draw(0, 1) === 0 ? [from, ...others] : [...others, from];
  return { op, attributes: {}, inputs };
}

function firstRow({ from }: Place): Draft {
  return { op: 'firstRow', attributes: {}, inputs: [from] };
}

/** The edge as keys, where it is a text, with queries and values that fit it. */
function attended({ sketch, draw, from, edge }: Place): { heads: number; inputs: string[] } {
  const alike = [...sketch.edges].filter(([, { type }]) => type === edge.type);
  const pick = (fits: (shape: readonly number[]) => boolean): string => {
    const names = alike.filter(([, { shape }]) => fits(shape)).map(([name]) => name);
    return names[draw(0, names.length - 1)];
  };
  const channels = channelsOf(edge);
  const divisors = Array.from({ length: channels }, (_, i) => i + 1).filter(
    (d) => channels % d === 0,
  );
  const queries = pick((shape) => shape[shape.length - 1] === channels);
  const values = pick((shape) => shape.join() === edge.shape.join());
  return { heads: divisors[draw(0, divisors.length - 1)], inputs: [queries, from, values] };
}

/** Another shape of as many numbers. */
function reshaped({ draw, from, edge }: Place): Draft {
  const size = sizeOf(edge.shape);
  const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((d) => size % d === 0);
  const divisor = divisors[draw(0, divisors.length - 1)];
  const [height, width, channels] = [edge.shape[0], edge.shape[1] ?? 1, edge.shape[2] ?? 1];
  const shapes = [
    [size],
    [divisor, size / divisor],
    [width, height, channels],
    [1, divisor, size / divisor],
  ].filter((shape) => sizeOf(shape) === size);
  const shape = shapes[draw(0, shapes.length - 1)];
  return { op: 'reshape', attributes: { shape }, inputs: [from] };
}

/** Mostly one that fits a small picture; now and then far larger, or far outside. */
function drawWindow(draw: Draw): Window {
  const most = draw(0, 9) === 0 ? 70 : 3;
  const pair = (low: number, high: number): [number, number] => [draw(low, high), draw(low, high)];
  const [top, left] = pair(0, most);
  const [bottom, right] = pair(0, most);
  const strides = draw(0, 9) === 0 ? pair(1, most) : pair(1, 2);
  const dilations = draw(0, 9) === 0 ? pair(1, most) : pair(1, 2);
  return { size: pair(1, 4), strides, dilations, pads: [top, left, bottom, right] };
}

function drawFilters(
  draw: Draw,
  channels: number,
): { filters: number; groups: number; padValue: PadValue } {
  const divisors = Array.from({ length: channels }, (_, i) => i + 1).filter(
    (d) => channels % d === 0,
  );
  const groups = draw(0, 2) > 0 ? 1 : divisors[draw(0, divisors.length - 1)];
  const filters = groups * draw(1, Math.max(1, Math.floor(70 / groups)));
  return { filters, groups, padValue: ([0, 1, -1] as const)[draw(0, 2)] };
}

function drawType(draw: Draw): WeightType {
  return (['f32', 'f16', 'bits', 'i8'] as const)[draw(0, 3)];
}

/** A kernel, with scales where it is of integers. */
function drawWeights(
  weights: WeightType,
  shape: readonly number[],
  filters: number,
  perFilter: number,
  next: () => number,
): Tensors {
  switch (weights) {
    case 'f32':
      return { kernel: floatTensor(shape, () => next() - 0.5) };
    case 'f16':
      return { kernel: halfTensor(shape, next) };
    case 'bits':
      return { kernel: bitTensor(filters, perFilter, next) };
    case 'i8':
      return int8Weights(shape, next);
  }
}

function int8Weights(shape: readonly number[], next: () => number): Tensors {
  const scale = floatTensor(shape.slice(-1), () => (next() - 0.5) / 127);
  return { kernel: int8Tensor(shape, next), scale };
}

function drawBias(draw: Draw, filters: number, next: () => number): Tensors {
  return draw(0, 1) === 0 ? {} : { bias: floatTensor([filters], () => next() - 0.5) };
}

/** Brings every edge that nobody reads to the output, as one vector. */
function join(sketch: Sketch): string {
  const read = new Set(sketch.nodes.flatMap(({ inputs }) => inputs));
  const loose = [...sketch.edges.keys()].filter((name) => !read.has(name));
  const ends = loose.map((name) => {
    const { type, shape } = sketch.edge(name);
    const size = sizeOf(shape);
    const flat = sketch.add({
      op: 'reshape',
      attributes: { shape: type === 'f32' || type === 'i32' ? [size] : [1, 1, size] },
      inputs: [name],
    });
    if (type === 'f32' || type === 'i32') return flat;
    const numbers = type === 'i8' ? readInt8s(sketch, flat) : readOut(sketch, flat);
    return sketch.add({ op: 'reshape', attributes: { shape: [size] }, inputs: [numbers] });
  });
  if (ends.length === 1) return ends[0];
  return sketch.add({ op: 'concat', attributes: {}, inputs: ends });
}

/** Integers of 8 bits as numbers: each times 1. @param flat [1, 1, integers]. */
function readInt8s(sketch: Sketch, flat: string): string {
  const count = channelsOf(sketch.edge(flat));
  const kernel = int8Tensor([1, 1, 1, count], () => 128 / 255);
  const scale = floatTensor([count], () => 1);
  return sketch.add({
    op: 'conv2d',
    attributes: {
      window: windowOf([1, 1]),
      filters: count,
      groups: count,
      padValue: 0,
      weights: 'i8',
    },
    inputs: [flat],
    tensors: { kernel, scale },
  });
}
