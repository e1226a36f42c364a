/** Convolutions of every shape that bit kernels stumble over: channels, paddings, strides, dilations, groups, batches. */
import type { PadValue } from '@surge-bnn/runtime';
import { reals, uniform } from '../numbers.js';
import {
  bitTensor,
  flagTensor,
  floatTensor,
  integerTensor,
  sizeOf,
  Sketch,
  windowOf,
} from './sketch.js';
import type { PackedCase } from './sketch.js';

export const channelCounts = Array.from({ length: 130 }, (_, i) => i + 1);

/** What follows the sums: nothing, or ops that take them as they come. */
const endings = ['sums', 'thresholds', 'residual'] as const;

/** Binary convolutions on `channels` channels: each operand and value of padding, all else varied with the channels. */
export function binaryGrid(channels: number): PackedCase[] {
  return (['bits', 'unsigned'] as const).flatMap((operand) =>
    padValuesOf(operand).flatMap((padValue, i) =>
      groupsOf(channels).map((groups, k) => {
        const draw = variation(channels, 7 * i + 3 * k + (operand === 'bits' ? 0 : 1));
        return binaryCase({ channels, operand, padValue, groups, ...draw });
      }),
    ),
  );
}

function padValuesOf(operand: 'bits' | 'unsigned'): readonly PadValue[] {
  return operand === 'bits' ? [0, 1, -1] : [0, 1];
}

/** One group, the smallest number above it that divides the channels, and each channel alone. */
function groupsOf(channels: number): readonly number[] {
  const divisor = channelCounts.find((count) => count > 1 && channels % count === 0);
  return [...new Set([1, divisor ?? 1, channels])];
}

interface Variation {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
  readonly batch: number;
  readonly filtersPerGroup: number;
  readonly ending: (typeof endings)[number];
}

/** Neighbours differ in everything, and in 130 channels all meets all. */
function variation(channels: number, salt: number): Variation {
  const i = channels + salt;
  const size = [1, 3, 5][i % 3];
  const dilation = 1 + (Math.floor(i / 3) % 2);
  return {
    size,
    stride: 1 + (i % 2),
    dilation,
    pad: [0, Math.floor(size / 2) * dilation, 2][Math.floor(i / 5) % 3],
    batch: 1 + (i % 5),
    filtersPerGroup: 1 + ((i * i) % 37),
    ending: endings[i % endings.length],
  };
}

function binaryCase({
  channels,
  operand,
  padValue,
  groups,
  size,
  stride,
  dilation,
  pad,
  batch,
  filtersPerGroup,
  ending,
}: Variation & {
  readonly channels: number;
  readonly operand: 'bits' | 'unsigned';
  readonly padValue: PadValue;
  readonly groups: number;
}): PackedCase {
  const reach = (size - 1) * dilation + 1;
  const shape = [reach + (channels % 4), reach + 1 + (channels % 5), channels];
  const filters = groups * Math.max(1, Math.min(filtersPerGroup, Math.floor(70 / groups)));
  const next = uniform(1000 * channels + 10 * filters + groups);
  const sketch = new Sketch(shape);
  const bits = sketch.add({ op: 'sign', attributes: { values: operand }, inputs: ['x'] });
  const window = windowOf([size, size], [stride, 1], [dilation, dilation], [pad, pad, 1, pad]);
  const sums = sketch.add({
    op: 'binaryConv2d',
    attributes: { window, filters, groups, padValue },
    inputs: [bits],
    tensors: { kernel: bitTensor(filters, (size * size * channels) / groups, next) },
  });
  const pieces = [operand, `pad ${pad} of ${padValue}`, `${groups} groups`, `${filters} filters`];
  const sizes = `${shape.join(' x ')}, ${size} x ${size} / ${stride}, dilation ${dilation}`;
  return {
    name: `${sizes}, ${pieces.join(', ')}, ${ending}`,
    source: sketch.source(end(sketch, sums, filters, ending, next)),
    inputs: reals(batch * sizeOf(shape), channels),
  };
}

function end(
  sketch: Sketch,
  sums: string,
  filters: number,
  ending: Variation['ending'],
  next: () => number,
): string {
  if (ending === 'sums') return sums;
  if (ending === 'thresholds') {
    const thresholds = integerTensor(filters, () => Math.round(9 * next()) - 4);
    const tensors = { thresholds, flips: flagTensor(filters, next) };
    const values = filters % 2 === 0 ? 'bits' : 'unsigned';
    const signs = sketch.add({
      op: 'threshold',
      attributes: { values },
      inputs: [sums],
      tensors,
    });
    return readOut(sketch, signs);
  }
  const numbers = (): number => 4 * next() - 2;
  const [a, b, alpha] = [0, 1, 2].map(() => floatTensor([filters], numbers));
  const plain = { attributes: {} } as const;
  const scaled = sketch.add({ ...plain, op: 'affine', inputs: [sums], tensors: { a, b } });
  const added = sketch.add({ ...plain, op: 'add', inputs: [sums, scaled] });
  const curved = sketch.add({ ...plain, op: 'prelu', inputs: [added], tensors: { alpha } });
  const clipped = sketch.add({ op: 'clip', attributes: { min: -3, max: 5 }, inputs: [curved] });
  const signs = sketch.add({ op: 'sign', attributes: { values: 'bits' }, inputs: [clipped] });
  const read = readOut(sketch, signs);
  return sketch.add({ ...plain, op: 'concat', inputs: [read, added] });
}

/** Bits as numbers, by a convolution of each channel alone with the weight +1. */
export function readOut(sketch: Sketch, bits: string): string {
  const { shape } = sketch.edge(bits);
  const channels = shape[shape.length - 1];
  const attributes = { window: windowOf([1, 1]), filters: channels, groups: channels };
  const kernel = bitTensor(channels, 1, () => 0);
  return sketch.add({
    op: 'binaryConv2d',
    attributes: { ...attributes, padValue: 0 },
    inputs: [bits],
    tensors: { kernel },
  });
}
