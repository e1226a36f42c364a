/** What the ops refuse; that they accept what is right, their users' tests show. */
import { describe, expect, it } from 'vitest';
import { squareWindow } from '../execute/graph.fixture.js';
import type { Edge, GraphNode, OpName } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { inferOutput, opTable } from './table.js';

const f32 = (...shape: number[]): Edge => ({ type: 'f32', shape });
const i32 = (...shape: number[]): Edge => ({ type: 'i32', shape });
const bits = (...shape: number[]): Edge => ({ type: 'bits', shape });
const unsigned = (...shape: number[]): Edge => ({ type: 'unsigned', shape });

describe('the table', () => {
  it('has every op under its name', () => {
    for (const [name, { op }] of Object.entries(opTable)) expect(op).toBe(name);
  });
});

describe('attributes', () => {
  const conv = {
    window: squareWindow(3, 1, 1),
    filters: 4,
    groups: 1,
    padValue: 0,
    weights: 'f32',
  };
  const window = (part: string, value: unknown) => ({
    ...conv,
    window: { ...conv.window, [part]: value },
  });

  it('are those that were given', () => {
    expect(opTable.conv2d.attributes(conv, 'node "n"')).toEqual(conv);
    expect(opTable.conv2d.attributes({ ...conv, padValue: -1 }, 'node "n"').padValue).toBe(-1);
    expect(opTable.clip.attributes({ min: -1.5, max: 2 }, '')).toEqual({ min: -1.5, max: 2 });
    expect(opTable.relu.attributes({}, '')).toEqual({});
  });

  it.each<[OpName, unknown, RegExp]>([
    ['conv2d', undefined, /node "n": attributes: undefined is not an object/],
    ['conv2d', [], /attributes: \[\] is not an object; its keys: window, filters/],
    [
      'conv2d',
      { ...conv, bias: true },
      /attributes: "bias" is not known; allowed: window, filters/,
    ],
    ['conv2d', { ...conv, groups: undefined }, /attribute groups is undefined; allowed: integers/],
    ['dense', { units: 3 }, /attributes: "weights" is missing/],
    ['conv2d', { ...conv, filters: 0 }, /attribute filters is 0; allowed: integers from 1/],
    ['conv2d', { ...conv, filters: NaN }, /attribute filters is NaN/],
    ['conv2d', { ...conv, filters: 2 ** 40 }, /attribute filters is 1099511627776/],
    ['conv2d', { ...conv, filters: '4' }, /attribute filters is "4"/],
    ['conv2d', { ...conv, padValue: 2 }, /attribute padValue is 2; allowed: 0, 1, -1/],
    ['conv2d', { ...conv, padValue: null }, /attribute padValue is null/],
    ['conv2d', { ...conv, weights: 'f64' }, /weights is "f64"; allowed: f32, f16, i8, bits/],
    ['conv2d', { ...conv, window: 3 }, /attribute window: 3 is not an object/],
    [
      'conv2d',
      window('size', [3]),
      /attribute window.size is \[3\]; allowed: a list of 2 integers/,
    ],
    ['conv2d', window('size', [3, 0]), /attribute window.size is 0; allowed: integers from 1/],
    ['conv2d', window('strides', [1, 1.5]), /attribute window.strides is 1.5/],
    ['conv2d', window('dilations', [1, 1e9]), /attribute window.dilations is 1000000000/],
    [
      'conv2d',
      window('pads', [1, 1, 1, -1]),
      /attribute window.pads is -1; allowed: integers from 0/,
    ],
    ['conv2d', window('pads', 'same'), /attribute window.pads is "same"; allowed: a list of 4/],
    [
      'conv2d',
      window('shape', 1),
      /attribute window: "shape" is not known; allowed: size, strides/,
    ],
    ['clip', { min: NaN, max: 1 }, /attribute min is NaN; allowed: a number of float32/],
    ['clip', { min: 0, max: 1e39 }, /attribute max is 1e\+39/],
    ['reshape', { shape: [] }, /attribute shape is \[\]; allowed: a list of 1 to 8 sizes/],
    ['reshape', { shape: [2, -1] }, /attribute shape is -1/],
    ['sign', { values: 'i32' }, /attribute values is "i32"; allowed: bits, unsigned, f32/],
    ['threshold', { values: 'f32' }, /allowed: bits, unsigned/],
    ['relu', { alpha: 0.1 }, /"alpha" is not known; allowed: none/],
  ])('of %s refuses %j', (op, given, message) => {
    expect(() => opTable[op].attributes(given, 'node "n"')).toThrow(ModelFileError);
    expect(() => opTable[op].attributes(given, 'node "n"')).toThrow(message);
    expect(() => opTable[op].attributes(given, 'node "n"')).toThrow(/^node "n": /);
  });
});

type Bare = { [Op in OpName]: Pick<Extract<GraphNode, { op: Op }>, 'op' | 'attributes'> }[OpName];

const infer = (bare: Bare, inputs: readonly Edge[], tensors: Record<string, string> = {}) => {
  const names = inputs.map((_, i) => `edge${i}`);
  return inferOutput<OpName>({ ...bare, name: 'n', inputs: names, tensors, layers: [] }, inputs);
};

describe('the output', () => {
  const shared = { window: squareWindow(3, 2, 1), filters: 6, groups: 1, padValue: 0 } as const;
  const binary: Bare = { op: 'binaryConv2d', attributes: shared };
  const pool = (window = squareWindow(2, 2)): Bare => ({ op: 'maxPool2d', attributes: { window } });
  const add: Bare = { op: 'add', attributes: {} };
  const concat: Bare = { op: 'concat', attributes: {} };
  const reshape = (...shape: number[]): Bare => ({ op: 'reshape', attributes: { shape } });

  it('follows from the inputs', () => {
    expect(infer(binary, [bits(7, 8, 5)])).toEqual(i32(4, 4, 6));
    expect(infer({ op: 'binaryDense', attributes: { units: 3 } }, [unsigned(2, 5)])).toEqual(
      i32(2, 3),
    );
    expect(infer(pool(), [bits(4, 6, 2)])).toEqual(bits(2, 3, 2));
    expect(infer(concat, [f32(2, 3), i32(2, 1)])).toEqual(f32(2, 4));
    expect(infer(reshape(3, 2), [unsigned(6)])).toEqual(unsigned(3, 2));
    const i8: Edge = { type: 'i8', shape: [2, 2 ** 17] };
    expect(infer({ op: 'dense', attributes: { units: 3, weights: 'i8' } }, [i8])).toEqual(
      f32(2, 3),
    );
    expect(infer({ op: 'quantize', attributes: { factor: 1 } }, [i32(2)]).type).toBe('i8');
  });

  it.each<[string, Bare, readonly Edge[], RegExp]>([
    ['floats', binary, [f32(7, 7, 5)], /it reads f32; allowed: bits, unsigned/],
    ['a vector', binary, [bits(7)], /reads the shape \[7\]; allowed: \[height, width, channels\]/],
    [
      'too small a picture',
      { op: 'binaryConv2d', attributes: { ...shared, window: squareWindow(5) } },
      [bits(4, 9, 1)],
      /window reaches over 5 rows, the padded picture has 4/,
    ],
    [
      'groups that do not divide',
      { op: 'binaryConv2d', attributes: { ...shared, groups: 4 } },
      [bits(7, 7, 8)],
      /its 4 groups must divide 8 input channels and 6 filters/,
    ],
    [
      '-1 around zeros and ones',
      { op: 'binaryConv2d', attributes: { ...shared, padValue: -1 } },
      [unsigned(7, 7, 8)],
      /padValue is -1, its input unsigned; allowed: 0, 1/,
    ],
    ['sums beyond 2^24', binary, [bits(3, 3, 2 ** 21)], /18874368 products; allowed: 16777216/],
    [
      'sums beyond 2^24',
      { op: 'binaryDense', attributes: { units: 1 } },
      [bits(2 ** 24 + 1)],
      /16777217 products/,
    ],
    ['two inputs', binary, [bits(7, 7, 5), bits(7, 7, 5)], /it reads 2 edges; allowed: 1$/],
    ['one input', add, [f32(2)], /it reads 1 edges; allowed: 2 to 1024/],
    ['shapes that differ', add, [f32(2, 3), f32(3, 2)], /adds the shapes \[2,3\] and \[3,2\]/],
    ['bits', add, [f32(2), bits(2)], /it reads bits; allowed: f32, i32/],
    ['shapes that differ', concat, [f32(2, 3), f32(3, 3)], /\[2,3\] and \[3,3\], which differ/],
    ['another size', reshape(7), [f32(2, 3)], /cannot turn \[2,3\] into \[7\]: 6 into 7/],
    ['unsigned', pool(), [unsigned(4, 4, 1)], /allowed: f32, i32, bits/],
    ['windows outside', pool(squareWindow(2, 2, 2)), [f32(4, 4, 1)], /output row 0 lies outside/],
    [
      'windows outside',
      pool(squareWindow(2, 1, 1, 2)),
      [f32(1, 4, 1)],
      /output row 0 lies outside/,
    ],
    [
      'a last window outside',
      pool({ ...squareWindow(2, 1), pads: [0, 0, 0, 3] }),
      [f32(4, 4, 1)],
      /output column 5 lies outside/,
    ],
    [
      'thresholds of floats',
      { op: 'threshold', attributes: { values: 'bits' } },
      [f32(2)],
      /allowed: i32/,
    ],
    [
      'int8 sums beyond 32 bits',
      { op: 'dense', attributes: { units: 1, weights: 'i8' } },
      [{ type: 'i8', shape: [2 ** 17 + 1] }],
      /131073 products; allowed on i8: 131072/,
    ],
    ['bits', { op: 'quantize', attributes: { factor: 1 } }, [bits(2)], /allowed: f32, i32/],
    ['neither a nor b', { op: 'affine', attributes: {} }, [f32(2)], /neither a nor b/],
    [
      'min above max',
      { op: 'clip', attributes: { min: 2, max: 1 } },
      [f32(2)],
      /min 2 is above its max 1/,
    ],
  ])('is refused for %s', (_, node, inputs, message) => {
    expect(() => infer(node, inputs)).toThrow(ModelFileError);
    expect(() => infer(node, inputs)).toThrow(message);
    expect(() => infer(node, inputs)).toThrow(`node "n" (${node.op}): `);
  });
});
