/** Files whose graph or numbers make no sense: each refused with a message that says where and what is allowed. */
import { describe, expect, it } from 'vitest';
import {
  branches,
  doubled,
  int8,
  modelOf,
  picture,
  text as ofText,
  tiny,
} from './models.fixture.js';
import { expectRefused } from './refusal.fixture.js';
import type { Refusal } from './refusal.fixture.js';
import {
  cut,
  graphText,
  headerOf,
  withGraph,
  withGraphText,
  withValue,
} from './surgery.fixture.js';
import type { Path } from './surgery.fixture.js';
import { encodeModel } from './write.js';

const file = encodeModel(tiny());
const photo = encodeModel(picture());
const tree = encodeModel(branches());
const large = encodeModel(doubled());
const normed = modelOf({ name: 'x', shape: [3] }, [{ name: 'norm', op: 'l2Norm', attributes: {} }]);
const pieces = encodeModel(ofText());
const a = 'scale.a';
const b = 'scale.b';
const kernel = 'dense.kernel';

describe('a later version’s op', () => {
  it.each<Refusal>([
    ['1', () => withValue(large, ['__metadata__', 'version'], '1'), 'which version 1 has not'],
    [
      '2',
      () => withValue(large, ['__metadata__', 'version'], '2'),
      'the op double2d, which version 2',
    ],
    [
      '2, with an L2 norm',
      () => withValue(encodeModel(normed), ['__metadata__', 'version'], '2'),
      'the op l2Norm, which version 2',
    ],
    [
      '3, of texts',
      () => withValue(pieces, ['__metadata__', 'version'], '3'),
      'the op layerNorm, which version 3',
    ],
  ])('in a file of version %s', (_, make, message) => expectRefused(make, message));
});

describe('attention', () => {
  const [attended, context, elastic] = [2, 4, 5].map((place) => ['nodes', place]);
  const set = (path: Path, value: unknown) => () => withGraph(pieces, path, value);
  it.each<Refusal>([
    ['without heads', set([...context, 'attributes'], {}), '"heads" is missing'],
    ['of no head', set([...context, 'attributes', 'heads'], 0), 'heads is 0; allowed: integers'],
    [
      'whose heads do not divide the channels',
      set([...context, 'attributes', 'heads'], 6),
      'its heads are 6; allowed: divisors of its 35 channels',
    ],
    ['of two edges', set([...context, 'inputs'], ['signs', 'signs']), 'reads 2 edges; allowed: 3'],
    ['of floats', set([...context, 'inputs', 0], 'x'), '"context" (bitAttention): it reads f32'],
    ['of bits', set([...attended, 'inputs', 1], 'signs'), '"signs", which stands after it'],
    [
      'without a factor',
      set([...elastic, 'attributes', 'factor'], 0),
      'factor is 0; allowed: a number above 0',
    ],
    [
      'with a bound that is none',
      set([...elastic, 'attributes', 'least'], -1),
      'least is -1; allowed: a number above 0',
    ],
    [
      'with too small a scale',
      set([...attended, 'attributes', 'scale'], 1e-60),
      'scale is 1e-60; allowed: a number above 0 of float32',
    ],
  ])('%s', (_, make, message) => expectRefused(make, message));

  const wide = modelOf({ name: 'x', shape: [2 ** 11, 2 ** 10] }, [
    { name: 'q', op: 'reshape', attributes: { shape: [2 ** 10, 2 ** 11] } },
    { name: 'half', op: 'reshape', attributes: { shape: [2 ** 11, 2 ** 10] } },
    {
      name: 'all',
      op: 'softmaxAttention',
      attributes: { heads: 1, scale: 1 },
      inputs: ['half', 'half', 'half'],
    },
  ]);
  it.each<Refusal>([
    [
      'of keys with other channels',
      () => withGraph(encodeModel(wide), ['nodes', 2, 'inputs', 1], 'q'),
      'its keys have the shape [1024,2048]; allowed: [pieces, 1024]',
    ],
  ])('%s', (_, make, message) => expectRefused(make, message));

  it('of more work than is allowed', () => {
    const shape = [2 ** 13, 2 ** 10];
    const inputs = ['x', 'x', 'x'];
    const attributes = { heads: 1, scale: 1 };
    expect(() =>
      modelOf({ name: 'x', shape }, [{ name: 'all', op: 'softmaxAttention', attributes, inputs }]),
    ).toThrow(
      'its 8192 queries times 8192 keys times 1024 (its channels, or 64 for each head) are 68719476736; allowed: 4294967296',
    );
  });
});

describe('a graph', () => {
  const set = (path: Path, value: unknown) => () => withGraph(file, path, value);
  const text = (from: string, to: string) => () => {
    if (!graphText(file).includes(from)) throw new Error(`no ${from} in ${graphText(file)}`);
    return withGraphText(file, (json) => json.replace(from, to));
  };
  const scale = ['nodes', 2];
  it.each<Refusal>([
    ['with an unknown key', set(['version'], 2), 'the graph has the unknown key "version"'],
    ['without nodes', set(['nodes'], undefined), 'the graph has no "nodes"'],
    [
      'with too many nodes',
      () =>
        withGraphText(file, (json) => {
          const node = /\{"name":"scale".*\}(?=\],"outputs")/.exec(json)?.[0] ?? '';
          return json.replace(node, Array(20_000).fill(node).join());
        }),
      'the graph has 20002 nodes; allowed: 16384',
    ],
    ['whose nodes are text', set(['nodes'], 'none'), 'must be a list'],
    ['whose node is null', set(['nodes', 1], null), 'node 1 must be an object'],
    ['with a nameless node', set(['nodes', 1, 'name'], undefined), 'node 1 has no "name"'],
    ['with a number for a name', set(['nodes', 1, 'name'], 7), 'node 1, name, must be text'],
    ['with an empty name', set(['nodes', 1, 'name'], ''), 'node "": a name has'],
    [
      'with a name for terminals',
      set(['nodes', 1, 'name'], '\u001b[2J\u009b'),
      '"\\u001b[2J\\u{9b}"',
    ],
    [
      'with a name that turns text around',
      set(['nodes', 1, 'name'], 'a\u202eb'),
      '"a\\u{202e}b": a name has',
    ],
    ['with half a character for a name', set(['nodes', 1, 'name'], '\ud800'), '"\\ud800"'],
    ['with a node called __metadata__', set(['nodes', 1, 'name'], '__metadata__'), 'a name has'],
    ['with an unknown key in a node', set([...scale, 'fused'], true), 'unknown key "fused"'],
    [
      'with an unknown op',
      set([...scale, 'op'], 'mish'),
      /"scale" has the unknown op "mish"; allowed: .*affine/,
    ],
    [
      'with an op of every object',
      set([...scale, 'op'], 'constructor'),
      'unknown op "constructor"',
    ],
    ['with the op __proto__', set([...scale, 'op'], '__proto__'), 'unknown op "__proto__"'],
    ['without attributes', set([...scale, 'attributes'], undefined), 'has no "attributes"'],
    ['with attributes of null', set([...scale, 'attributes'], null), /"scale"/],
    ['with an unknown attribute', set([...scale, 'attributes', 'x'], 1), /"scale".*x/],
    ['with a missing attribute', set(['nodes', 1, 'attributes'], {}), /"dense".*units/],
    ['with units of text', set(['nodes', 1, 'attributes', 'units'], '3'), /"dense".*units.*3/],
    ['with no units', set(['nodes', 1, 'attributes', 'units'], 0), /"dense".*units.*0/],
    ['with half a unit', set(['nodes', 1, 'attributes', 'units'], 0.5), /"dense".*units.*0.5/],
    [
      'with 2^52 units',
      set(['nodes', 1, 'attributes', 'units'], 2 ** 52),
      /"dense".*4503599627370496/,
    ],
    [
      'with a value not in the list',
      set(['nodes', 0, 'attributes', 'values'], 'i8'),
      /"sign".*values.*i8/,
    ],
    [
      'with two nodes of one name',
      text('"name":"dense"', '"name":"sign"'),
      'two nodes are called "sign"',
    ],
    [
      'with a node called as the input',
      text('"name":"dense"', '"name":"x"'),
      'the input and a node are called "x"',
    ],
    ['that reads nothing', text('"inputs":["sign"]', '"inputs":[]'), 'reads 0 edges; allowed: 1'],
    [
      'that reads too much',
      text('"inputs":["sign"]', '"inputs":["sign","x"]'),
      'reads 2 edges; allowed: 1',
    ],
    [
      'that dangles',
      text('"inputs":["sign"]', '"inputs":["sing"]'),
      '"dense" (binaryDense) reads "sing", which neither',
    ],
    [
      'that dangles from every object',
      text('"inputs":["sign"]', '"inputs":["toString"]'),
      'reads "toString", which neither',
    ],
    ['that reads itself', text('"inputs":["sign"]', '"inputs":["dense"]'), 'reads itself'],
    [
      'with a cycle',
      text('"inputs":["x"]', '"inputs":["scale"]'),
      '"sign" (sign) reads "scale", which stands after it: a cycle',
    ],
    [
      'with a wrong type of edge',
      text('"type":"i32"', '"type":"f32"'),
      '"dense" (binaryDense) says that it makes f32 [3]; from its inputs follows i32 [3]',
    ],
    [
      'with an unknown type of edge',
      text('"type":"i32"', '"type":"i16"'),
      '"i16"; allowed: f32, i32, bits, unsigned, i8',
    ],
    [
      'with a wrong shape of an edge',
      text('"shape":[3]', '"shape":[1,3]'),
      'says that it makes i32 [1,3]',
    ],
    [
      'with an unknown role',
      set([...scale, 'tensors', 'c'], a),
      'unknown tensor role "c"; allowed: a, b',
    ],
    [
      'with a role of every object',
      set([...scale, 'tensors', 'valueOf'], a),
      'unknown tensor role "valueOf"',
    ],
    [
      'without a kernel',
      set(['nodes', 1, 'tensors'], {}),
      '"dense" (binaryDense) has no tensor kernel: U8 [3,1]',
    ],
    [
      'with a kernel that is not there',
      set(['nodes', 1, 'tensors', 'kernel'], 'k'),
      '"k" is not among',
    ],
    [
      'with a kernel of another type',
      set(['nodes', 1, 'tensors', 'kernel'], a),
      'is F32 [3]; allowed: U8 [3,1]',
    ],
    ['with a number for a tensor', set(['nodes', 1, 'tensors', 'kernel'], 1), 'must be text'],
    [
      'that leaves a tensor unused',
      set([...scale, 'tensors', 'b'], a),
      `no node reads tensor "${b}"`,
    ],
    ['with no input', set(['inputs'], []), '0 inputs and 1 outputs; allowed: one of each'],
    ['with two outputs', set(['outputs'], ['scale', 'dense']), '1 inputs and 2 outputs'],
    ['whose output is not there', set(['outputs'], ['scald']), '"scald" is not the name of a node'],
    ['whose output is its input', set(['outputs'], ['x']), '"x" is not the name of a node'],
    ['whose output is bits', set(['outputs'], ['sign']), '"sign" is bits; allowed: f32, i32'],
    ['with a node for nothing', set(['outputs'], ['dense']), 'does not depend on node "scale"'],
    ['without a shape of its input', set(['inputs', 0, 'shape'], []), 'input "x" has the shape []'],
    ['with an input of half numbers', set(['inputs', 0, 'shape'], [2.5]), 'has the shape [2.5]'],
    ['with an input of no numbers', set(['inputs', 0, 'shape'], [5, 0]), 'has the shape [5,0]'],
    ['with a huge input', set(['inputs', 0, 'shape'], [2 ** 30, 5]), 'at most 268435456 numbers'],
    ['whose input overflows', set(['inputs', 0, 'shape'], Array(8).fill(2 ** 53)), 'has the shape'],
    [
      'with an infinite input',
      () => withGraphText(file, (t) => t.replace('"shape":[5]', '"shape":[1e999]')),
      'finite',
    ],
    ['with 2 classes for 3 units', set(['classes'], ['a', 'b']), 'names 2 classes; allowed: 3'],
    ['with a number for a class', set(['classes'], ['a', 'b', 3]), 'must be text'],
  ])('%s', (_, make, message) => expectRefused(make, message));
});

describe('a picture', () => {
  const pixels = (value: unknown) => () => withGraph(photo, ['inputs', 0, 'pixels'], value);
  const attribute = (node: number, path: Path, value: unknown) => () =>
    withGraph(photo, ['nodes', node, 'attributes', ...path], value);
  it.each<Refusal>([
    [
      'with two means',
      pixels({ mean: [0, 0], std: [1, 1, 1] }),
      '2 means and 3 stds of pixels; allowed: 3',
    ],
    ['without a std', pixels({ mean: [0, 0, 0] }), 'has no "std"'],
    [
      'with a table for each of too many channels',
      () => {
        const many = Array<number>(1025).fill(1);
        const wide = withGraph(photo, ['inputs', 0, 'shape'], [8, 7, many.length]);
        return withGraph(wide, ['inputs', 0, 'pixels'], { mean: many, std: many });
      },
      'pixels of 1025 channels; allowed: 1024',
    ],
    ['with a std of 0', pixels({ mean: [0, 0, 0], std: [1, 0, 1] }), 'channel 1: mean 0 and std 0'],
    [
      'with a negative std',
      pixels({ mean: [0, 0, 0], std: [1, 1, -1] }),
      'channel 2: mean 0 and std -1',
    ],
    ['with a std near 0', pixels({ mean: [0, 0, 0], std: [1, 1, 1e-300] }), 'finite float32'],
    ['with a huge mean', pixels({ mean: [1e300, 0, 0], std: [1, 1, 1] }), 'finite float32'],
    [
      'with a mean of null',
      pixels({ mean: [null, 0, 0], std: [1, 1, 1] }),
      'finite numbers; found null',
    ],
    ['with 2^40 filters', attribute(0, ['filters'], 2 ** 40), /"stem"/],
    ['with groups that do not divide', attribute(3, ['groups'], 3), /"conv".*groups/],
    ['with a pad of 2', attribute(3, ['padValue'], 2), /"conv".*padValue.*2/],
    ['with strides of 0', attribute(3, ['window', 'strides'], [0, 0]), /"conv".*strides/],
    ['with negative pads', attribute(3, ['window', 'pads'], [-1, 0, 0, 0]), /"conv".*pads/],
    ['with huge pads', attribute(3, ['window', 'pads'], [2 ** 50, 0, 0, 0]), /"conv"/],
    ['with a window larger than it', attribute(5, ['window', 'size'], [9, 9]), /"pool"/],
    ['with a huge window', attribute(5, ['window', 'size'], [2 ** 50, 1]), /"pool"/],
    [
      'with dilations of a half',
      attribute(5, ['window', 'dilations'], [0.5, 1]),
      /"pool".*dilations/,
    ],
    ['with half a window', attribute(5, ['window', 'size'], [2]), /"pool".*size/],
    ['whose reshape loses numbers', attribute(6, ['shape'], [119]), /"flat".*119/],
    ['whose weights are i4', attribute(0, ['weights'], 'i4'), /"stem".*weights.*i4/],
    [
      'with weights of i8, of version 1',
      attribute(0, ['weights'], 'i8'),
      '"stem" has weights of i8, which version 1 has not',
    ],
  ])('%s', (_, make, message) => expectRefused(make, message));
});

describe('layers of int8', () => {
  const quantized = encodeModel(int8());
  const set = (node: number, path: Path, value: unknown) => () =>
    withGraph(quantized, ['nodes', node, ...path], value);
  const factor = (value: unknown) => set(0, ['attributes', 'factor'], value);
  it.each<Refusal>([
    [
      'in a file of version 1',
      () => withValue(quantized, ['__metadata__', 'version'], '1'),
      '"input" has the op quantize, which version 1 has not',
    ],
    ['with a factor of 0', factor(0), /"input".*factor is 0; allowed: a number above 0/],
    ['with a factor that rounds to 0', factor(1e-50), /factor is 1e-50/],
    ['with a negative factor', factor(-1), /factor is -1/],
    ['with a factor beyond float32', factor(1e39), /factor is 1e\+39/],
    ['with a factor of text', factor('1'), /factor is "1"/],
    ['without a factor', set(0, ['attributes'], {}), '"factor" is missing'],
    ['that quantize int8', set(4, ['op'], 'quantize'), /"flat"/],
    [
      'with weights of f32',
      set(1, ['attributes', 'weights'], 'f32'),
      '"stem" (conv2d): it reads i8, its weights are "f32"; allowed on i8: i8',
    ],
    [
      'padded with 1',
      set(1, ['attributes', 'padValue'], 1),
      '"stem" (conv2d): it reads i8, its padValue is 1; allowed on i8: 0',
    ],
    [
      'in an affine op',
      () =>
        withGraphText(quantized, (text) =>
          text.replace('"inputs":["weights"]', '"inputs":["input"]'),
        ),
      '"features" (quantize): it reads i8; allowed: f32, i32',
    ],
    ['without a scale', set(1, ['tensors', 'scale'], undefined), 'has no tensor scale: F32 [6]'],
    [
      'whose scale is another',
      set(1, ['tensors', 'scale'], 'logits.scale'),
      '"logits.scale" is F32 [3]; allowed: F32 [6]',
    ],
    [
      'with a scale for weights of f32',
      set(2, ['attributes', 'weights'], 'f32'),
      '"weights" (conv2d) has the unknown tensor role "scale"; allowed: kernel, bias',
    ],
    [
      'whose kernel holds -128',
      () => {
        const changed = quantized.slice();
        cut(changed).data[headerOf(changed).entries['stem.kernel'].data_offsets[0] + 5] = 0x80;
        return changed;
      },
      '"stem.kernel" (I8) holds -128 at 5; allowed: -127 to 127',
    ],
    [
      'whose output is int8',
      () =>
        withGraphText(quantized, (text) =>
          text.replace('"outputs":["logits"]', '"outputs":["flat"]'),
        ),
      '"flat" is i8; allowed: f32, i32',
    ],
  ])('%s', (_, make, message) => expectRefused(make, message));
});

describe('numbers:', () => {
  /** The file with bytes of a tensor's data replaced. */
  function withBytes(whole: Uint8Array, name: string, at: number, bytes: readonly number[]) {
    return () => {
      const changed = whole.slice();
      const { entries } = headerOf(changed);
      const { data } = cut(changed);
      data.set(bytes, entries[name].data_offsets[0] + at);
      return changed;
    };
  }
  it.each<Refusal>([
    [
      'a NaN scale',
      withBytes(file, a, 4, [0, 0, 0xc0, 0x7f]),
      '"scale.a" (F32) holds NaN or an infinity at 1',
    ],
    [
      'an infinite bias',
      withBytes(file, b, 8, [0, 0, 0x80, 0xff]),
      '"scale.b" (F32) holds NaN or an infinity at 2',
    ],
    [
      'a NaN in halves',
      withBytes(photo, 'stem.kernel', 2, [1, 0x7c]),
      '"stem.kernel" (F16) holds NaN or an infinity at 1',
    ],
    [
      'an infinite half',
      withBytes(photo, 'stem.kernel', 0, [0, 0xfc]),
      '"stem.kernel" (F16) holds NaN or an infinity at 0',
    ],
    [
      'bits after a filter',
      withBytes(photo, 'conv.kernel', 5, [0x04]),
      /"conv.kernel", row 1: bits after the first 18/,
    ],
    [
      'bits after units',
      withBytes(file, kernel, 2, [0x20]),
      '"dense.kernel", row 2: bits after the first 5 must be 0',
    ],
    [
      'bits after flips',
      withBytes(photo, 'threshold.flips', 1, [0xfc]),
      '"threshold.flips", row 0: bits after the first 10',
    ],
    [
      'bits after flips of a pool',
      withBytes(photo, 'pool.flips', 1, [0x80]),
      '"pool.flips", row 0',
    ],
    [
      "bits after a float op's signs",
      withBytes(tree, 'weights.kernel', 1, [0x20]),
      '"weights.kernel", row 1: bits after the first 5',
    ],
  ])('%s', (_, make, message) => expectRefused(make, message));
});
