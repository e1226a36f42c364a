import { PackedModel } from '@surge-bnn/runtime';
import type { ModelSource } from '@surge-bnn/runtime';
import { describe, expect, it } from 'vitest';
import { floatsOf, storedFloats } from '../stored.js';
import { mergeAffine } from './merge-affine.js';
import { floats, modelOf, quarters, signs, windowOf } from './onnx.fixture.js';
import type { Link } from './onnx.fixture.js';

const window = windowOf({ pads: [1, 1, 1, 1] });
const conv = (filters: number, channels: number, bias = false): Link => ({
  op: 'conv2d',
  attributes: { window, filters, groups: 1, padValue: 1, weights: 'f32' },
  tensors: {
    kernel: floats([3, 3, channels, filters]),
    ...(bias && { bias: floats([filters], 8) }),
  },
});
const dense = (units: number, channels: number): Link => ({
  op: 'dense',
  attributes: { units, weights: 'f32' },
  tensors: { kernel: floats([channels, units]) },
});
const numbers = (values: readonly number[]) =>
  storedFloats({ values: Float32Array.from(values), shape: [values.length] }, 'a test');
const affine = (a?: readonly number[], b?: readonly number[]): Link => ({
  op: 'affine',
  attributes: {},
  tensors: { ...(a && { a: numbers(a) }), ...(b && { b: numbers(b) }) },
});
const scale = [0.3, -1.7, 0.9];
const rising = [0.3, 1.7, 0];
const shift = [0.1, -0.7, 0.3];
const maxPool: Link = { op: 'maxPool2d', attributes: { window: windowOf({ pads: [1, 0, 1, 0] }) } };
const meanPool: Link = {
  op: 'averagePool2d',
  attributes: { window: windowOf({ pads: [1, 0, 1, 0], strides: [2, 1] }) },
};
const relu: Link = { op: 'relu', attributes: {} };

const picture = [7, 6, 2];
const opsOf = ({ graph }: ModelSource) => graph.nodes.map(({ op }) => op).join(' ');

type Case = readonly [name: string, shape: readonly number[], links: readonly Link[], ops: string];

const merged: Case[] = [
  ['a convolution', picture, [conv(3, 2), affine(scale, shift), relu], 'conv2d relu'],
  ['a convolution with a bias', picture, [conv(3, 2, true), affine(scale, shift)], 'conv2d'],
  ['a scale alone', picture, [conv(3, 2), affine(scale), relu], 'conv2d relu'],
  ['a scale alone, a bias', picture, [conv(3, 2, true), affine(scale)], 'conv2d'],
  ['a shift alone', picture, [conv(3, 2), affine(undefined, shift)], 'conv2d'],
  ['a dense layer', [7], [dense(3, 7), affine(scale, shift)], 'dense'],
  ['a dense layer on rows', [4, 7], [dense(3, 7), affine(scale, shift)], 'dense'],
  [
    'three in a row',
    picture,
    [conv(3, 2), affine(scale, shift), affine(rising), affine(undefined, shift)],
    'conv2d',
  ],
  ['two behind no layer', [3], [affine(scale, shift), affine(rising, shift)], 'affine'],
  ['a shift before a scale', [3], [affine(undefined, shift), affine(scale)], 'affine'],
  [
    'past a mean pool',
    picture,
    [conv(3, 2), meanPool, affine(scale, shift)],
    'conv2d averagePool2d',
  ],
  ['past a max pool', picture, [conv(3, 2), maxPool, affine(rising, shift)], 'conv2d maxPool2d'],
  [
    'past both',
    picture,
    [conv(3, 2), maxPool, meanPool, affine(rising, shift), relu],
    'conv2d maxPool2d averagePool2d relu',
  ],
];

const bits: Link = { op: 'sign', attributes: { values: 'bits' } };
const left: Case[] = [
  [
    'past a max pool where a scale is negative',
    picture,
    [conv(3, 2), maxPool, affine(scale, shift)],
    'conv2d maxPool2d affine',
  ],
  ['past a function', picture, [conv(3, 2), relu, affine(scale, shift)], 'conv2d relu affine'],
  ['of the input', [3], [affine(scale, shift)], 'affine'],
  [
    'of a binary layer',
    [7],
    [
      bits,
      { op: 'binaryDense', attributes: { units: 3 }, tensors: { kernel: signs(3, 7) } },
      affine(scale, shift),
    ],
    'sign binaryDense affine',
  ],
  [
    'of one-bit weights',
    [7],
    [
      { op: 'dense', attributes: { units: 3, weights: 'bits' }, tensors: { kernel: signs(3, 7) } },
      affine(scale, shift),
    ],
    'dense affine',
  ],
  [
    'where somebody else reads what it reads',
    picture,
    [
      { ...conv(3, 2), name: 'sums' },
      { ...affine(scale, shift), name: 'scaled' },
      { op: 'add', attributes: {}, inputs: ['scaled', 'sums'] },
    ],
    'conv2d affine add',
  ],
];

/** Both models on the same inputs: their largest difference as a share of the largest output. */
function difference(one: ModelSource, other: ModelSource): number {
  const [a, b] = [one, other].map((source) => {
    const model = PackedModel.from(source);
    return model.run(quarters(3 * model.inputShape.reduce((x, y) => x * y, 1), 11));
  });
  const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) / largest;
}

describe('constant multiply-adds go into the weights', () => {
  it.each(merged)('%s', (_, shape, links, ops) => {
    const source = modelOf(shape, links);
    const result = mergeAffine(source);
    expect(opsOf(result)).toBe(ops);
    expect(difference(source, result)).toBeLessThan(4e-7);
    expect(result.graph.outputs).toEqual(source.graph.outputs);
  });

  it('by the formula: (a k) x + (a c + b), each rounded once', () => {
    const source = modelOf(
      [2],
      [
        {
          op: 'dense',
          attributes: { units: 3, weights: 'f32' },
          tensors: {
            kernel: storedFloats({ values: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] }, 'k'),
            bias: numbers([1, 0.1, -2]),
          },
        },
        { ...affine(scale, shift), name: 'norm' },
      ],
    );
    const { graph, tensors } = mergeAffine(source);
    const [{ name, tensors: roles, layers }] = graph.nodes;
    expect({ name, roles, layers }).toEqual({
      name: 'norm',
      roles: { kernel: 'dense0/kernel', bias: 'dense0/bias' },
      layers: [],
    });
    const of = (key: string) => {
      const tensor = tensors.get(key);
      return tensor === undefined ? [] : Array.from(floatsOf(tensor));
    };
    const [a, b, c] = [scale, shift, [1, 0.1, -2]].map((v) => v.map(Math.fround));
    expect(of('dense0/kernel')).toEqual(
      [1, 2, 3, 4, 5, 6].map((k, i) => Math.fround(a[i % 3] * k)),
    );
    expect(of('dense0/bias')).toEqual(c.map((x, i) => Math.fround(a[i] * x + b[i])));
  });

  it('gives two layers that shared a kernel one each', () => {
    const source = modelOf(
      [3],
      [
        { ...dense(3, 3), name: 'first' },
        { ...affine(scale, shift), name: 'norm' },
        { ...dense(3, 3), name: 'second' },
      ],
    );
    const nodes = source.graph.nodes.map((node) =>
      node.name === 'second' ? { ...node, tensors: { kernel: 'first/kernel' } } : node,
    );
    const tensors = new Map([...source.tensors].filter(([key]) => key !== 'second/kernel'));
    const shared = { ...source, graph: { ...source.graph, nodes }, tensors };
    const result = mergeAffine(shared);
    expect([...result.tensors.keys()]).toEqual(['first/kernel', 'first/bias', 'first/kernel#2']);
    expect(difference(shared, result)).toBeLessThan(4e-7);
  });
});

describe('the rest stays as it is', () => {
  it.each(left)('%s', (_, shape, links, ops) => {
    const source = modelOf(shape, links);
    expect(opsOf(source)).toBe(ops);
    expect(mergeAffine(source)).toEqual(source);
  });

  it('a weight that would be infinite', () => {
    const huge = [3e38, 1, 1];
    const source = modelOf([3], [affine(huge), affine(huge), dense(2, 3)]);
    expect(mergeAffine(source)).toEqual(source);
  });
});
