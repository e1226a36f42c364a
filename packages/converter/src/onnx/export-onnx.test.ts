/** Every op at odd shapes: the packed runtime and onnxruntime make the same of the same inputs. */
import { InputError } from '@surge-bnn/contract';
import { ModelFileError } from '@surge-bnn/runtime';
import type { ModelSource, StoredTensor, WeightType } from '@surge-bnn/runtime';
import { describe, expect, it } from 'vitest';
import { exportOnnx, onnxModel } from './export-onnx.js';
import {
  beside,
  flips,
  floats,
  halves,
  int8s,
  integers,
  modelOf,
  quarters,
  signs,
  windowOf,
} from './onnx.fixture.js';
import type { Link } from './onnx.fixture.js';

const examples = 3;
const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const inputsFor = ({ graph }: ModelSource) => quarters(examples * size(graph.inputs[0].shape));

type Case = readonly [name: string, shape: readonly number[], links: readonly Link[]];

/** Makes bits and unsigned numbers readable: each channel by itself times +1. */
const readOut = (channels: number): Link => ({
  op: 'binaryConv2d',
  attributes: {
    window: windowOf({ size: [1, 1] }),
    filters: channels,
    groups: channels,
    padValue: 0,
  },
  tensors: { kernel: { dtype: 'U8', shape: [channels, 1], bytes: new Uint8Array(channels) } },
});
const sign = (values: 'bits' | 'unsigned' | 'f32'): Link => ({
  op: 'sign',
  attributes: { values },
});
const conv = (
  filters: number,
  channels: number,
  given: Partial<Parameters<typeof convolution>[2]> = {},
) => convolution(filters, channels, { padValue: 0, groups: 1, ...given });

interface Convolution extends NonNullable<Parameters<typeof windowOf>[0]> {
  padValue: 0 | 1 | -1;
  groups: number;
}

function convolution(filters: number, channels: number, given: Convolution): Link {
  const { padValue, groups, ...window } = given;
  const {
    size: [kh, kw],
  } = windowOf(window);
  return {
    op: 'binaryConv2d',
    attributes: { window: windowOf(window), filters, groups, padValue },
    tensors: { kernel: signs(filters, (kh * kw * channels) / groups) },
  };
}

/** A kernel of numbers as the weights are stored, with its scales where they are integers. */
function weightsOf(
  weights: Exclude<WeightType, 'bits'>,
  shape: readonly number[],
): Record<string, StoredTensor> {
  const filters = shape[shape.length - 1];
  if (weights === 'i8') return { kernel: int8s(shape), scale: floats([filters], 8) };
  return { kernel: weights === 'f16' ? halves(shape) : floats(shape) };
}

function floatConv(weights: WeightType, given: Convolution, bias: boolean): Link {
  const { padValue, groups, ...rest } = given;
  const window = windowOf(rest);
  const [filters, channels] = [8, 4];
  const shape = [...window.size, channels / groups, filters];
  const kernel =
    weights === 'bits'
      ? { kernel: signs(filters, (window.size[0] * window.size[1] * channels) / groups) }
      : weightsOf(weights, shape);
  return {
    op: 'conv2d',
    attributes: { window, filters, groups, padValue, weights },
    tensors: { ...kernel, ...(bias && { bias: floats([filters], 9) }) },
  };
}

function floatDense(weights: WeightType, channels: number, units: number, bias: boolean): Link {
  const kernel =
    weights === 'bits' ? { kernel: signs(units, channels) } : weightsOf(weights, [channels, units]);
  return {
    op: 'dense',
    attributes: { units, weights },
    tensors: { ...kernel, ...(bias && { bias: floats([units], 9) }) },
  };
}

/** Quarters times 6 are halves of odd numbers, too: ties; and times 100 beyond 127. */
const quantize = (factor: number): Link => ({ op: 'quantize', attributes: { factor } });

const int8Cases: Case[] = [
  ['int8 conv', [5, 4, 4], [quantize(6), floatConv('i8', { groups: 1, padValue: 0 }, false)]],
  [
    'int8 conv in groups, padded, with a bias',
    [5, 4, 4],
    [quantize(100), floatConv('i8', { groups: 2, padValue: 0, pads: [1, 0, 2, 1] }, true)],
  ],
  ['int8 dense', [11], [quantize(6), floatDense('i8', 11, 5, true)]],
  ['int8 dense of a picture', [3, 2, 11], [quantize(100), floatDense('i8', 11, 5, false)]],
];

const affine = (channels: number): Link => ({
  op: 'affine',
  attributes: {},
  tensors: { a: floats([channels], 6), b: floats([channels], 7) },
});

const signCases: Case[] = [
  ['sign to bits', [5, 4, 9], [sign('bits'), readOut(9)]],
  ['sign to unsigned', [5, 4, 9], [sign('unsigned'), readOut(9)]],
  ['sign to floats of a vector', [37], [sign('f32')]],
  ['sign to floats of a picture', [3, 2, 5], [sign('f32')]],
  ...(['bits', 'unsigned'] as const).flatMap((values): Case[] => {
    const thresholds = integers([0, 1, -2, 3, 2 ** 31 - 1, -(2 ** 31), 2 ** 24 + 1, 5, -1]);
    const over = (tensors: NonNullable<Link['tensors']>): Link => ({
      op: 'threshold',
      attributes: { values },
      tensors: { thresholds, ...tensors },
    });
    const sums = [sign('bits'), conv(9, 3, { pads: [1, 1, 1, 1] })];
    return [
      [`threshold to ${values}`, [4, 5, 3], [...sums, over({}), readOut(9)]],
      [
        `threshold to ${values}, flipped`,
        [4, 5, 3],
        [...sums, over({ flips: flips(9) }), readOut(9)],
      ],
      [
        `threshold to ${values} of a vector`,
        [7],
        [
          sign('bits'),
          { op: 'binaryDense', attributes: { units: 9 }, tensors: { kernel: signs(9, 7) } },
          over({ flips: flips(9) }),
          { op: 'binaryDense', attributes: { units: 3 }, tensors: { kernel: signs(3, 9) } },
        ],
      ],
    ];
  }),
];

const windows: [string, Partial<Convolution>][] = [
  ['plain', {}],
  ['strides and pads that differ', { strides: [2, 3], pads: [2, 0, 1, 3] }],
  ['dilated', { dilations: [2, 1], pads: [2, 1, 2, 1] }],
  ['oblong', { size: [2, 5], pads: [0, 2, 1, 2] }],
  ['grouped', { groups: 2, pads: [1, 1, 1, 1] }],
  ['depthwise', { groups: 4, pads: [1, 1, 1, 1] }],
  ['pads as wide as the window and wider', { pads: [3, 4, 5, 3] }],
  ['1x1 with stride', { size: [1, 1], strides: [2, 2] }],
];

const convCases: Case[] = windows.flatMap(([name, window]): Case[] => [
  ...([0, 1, -1] as const).map((padValue): Case => [
    `binary conv of bits, ${name}, pad value ${padValue}`,
    [7, 9, 4],
    [sign('bits'), conv(8, 4, { ...window, padValue })],
  ]),
  ...([0, 1] as const).map((padValue): Case => [
    `binary conv of unsigned, ${name}, pad value ${padValue}`,
    [7, 9, 4],
    [sign('unsigned'), conv(8, 4, { ...window, padValue })],
  ]),
  ...(['f32', 'f16', 'i8', 'bits'] as const).flatMap((weights): Case[] =>
    ([0, 1, -1] as const).map((padValue) => [
      `float conv, ${name}, ${weights}, pad value ${padValue}`,
      [7, 9, 4],
      [floatConv(weights, { groups: 1, ...window, padValue }, padValue === 1)],
    ]),
  ),
]);

const denseCases: Case[] = [[11], [3, 11], [2, 3, 11], [2, 1, 3, 11]].flatMap((shape): Case[] => [
  ...(['bits', 'unsigned'] as const).map((values): Case => [
    `binary dense of ${values} [${shape}]`,
    shape,
    [
      sign(values),
      { op: 'binaryDense', attributes: { units: 5 }, tensors: { kernel: signs(5, 11) } },
    ],
  ]),
  ...(['f32', 'f16', 'i8', 'bits'] as const).flatMap((weights): Case[] =>
    [false, true].map((bias) => [
      `dense of [${shape}], ${weights}${bias ? ', bias' : ''}`,
      shape,
      [floatDense(weights, 11, 5, bias)],
    ]),
  ),
]);

const pools: [string, Parameters<typeof windowOf>[0]][] = [
  ['2x2', { size: [2, 2], strides: [2, 2] }],
  ['padded', { strides: [2, 1], pads: [1, 0, 2, 1] }],
  ['dilated', { dilations: [2, 2], pads: [1, 2, 0, 1] }],
  ['pads as wide as the window', { size: [2, 2], dilations: [3, 3], pads: [2, 2, 2, 2] }],
  ['far steps, a wide pad behind', { size: [1, 2], strides: [5, 5], pads: [0, 0, 2, 2] }],
  ['the whole picture', { size: [7, 9] }],
];

const poolCases: Case[] = pools.flatMap(([name, given]): Case[] => {
  const pool = { op: 'maxPool2d', attributes: { window: windowOf(given) } } as const;
  return [
    [`max pool of floats, ${name}`, [7, 9, 5], [pool]],
    [
      `max pool of sums, ${name}`,
      [7, 9, 4],
      [sign('bits'), conv(8, 4, { pads: [1, 1, 1, 1] }), pool],
    ],
    [`max pool of bits, ${name}`, [7, 9, 9], [sign('bits'), pool, readOut(9)]],
    [
      `max pool of bits, flipped, ${name}`,
      [7, 9, 9],
      [sign('bits'), { ...pool, tensors: { flips: flips(9) } }, readOut(9)],
    ],
    [
      `average pool, ${name}`,
      [7, 9, 5],
      [{ op: 'averagePool2d', attributes: { window: windowOf(given) } }],
    ],
  ];
});

const elementCases: Case[] = [[4, 3, 7], [7], [5, 7], [2, 2, 3, 7]].flatMap((shape): Case[] => [
  [`affine of [${shape}]`, shape, [affine(7)]],
  [`scale of [${shape}]`, shape, [{ op: 'affine', attributes: {}, tensors: { a: floats([7]) } }]],
  [`shift of [${shape}]`, shape, [{ op: 'affine', attributes: {}, tensors: { b: floats([7]) } }]],
  [`relu of [${shape}]`, shape, [{ op: 'relu', attributes: {} }]],
  [`clip of [${shape}]`, shape, [{ op: 'clip', attributes: { min: -0.75, max: 0.5 } }]],
  [
    `prelu of [${shape}]`,
    shape,
    [{ op: 'prelu', attributes: {}, tensors: { alpha: floats([7]) } }],
  ],
  [
    `add of [${shape}]`,
    shape,
    [
      { ...affine(7), name: 'a' },
      { op: 'relu', attributes: {}, name: 'b' },
      { op: 'add', attributes: {}, inputs: ['x', 'b', 'a', 'x'] },
    ],
  ],
  [`add of two [${shape}]`, shape, [{ op: 'add', attributes: {}, inputs: ['x', 'x'] }]],
  [
    `concat of [${shape}]`,
    shape,
    [
      { ...affine(7), name: 'a' },
      { op: 'concat', attributes: {}, inputs: ['x', 'a', 'x'] },
    ],
  ],
]);

const reshapes: [number[], number[]][] = [
  [[4, 3, 5], [60]],
  [[60], [4, 3, 5]],
  [
    [4, 3, 5],
    [6, 5, 2],
  ],
  [[1, 1, 12], [12]],
  [[12], [1, 1, 12]],
  [[3, 4, 1], [12]],
  [[12], [3, 4, 1]],
  [[12], [1, 12, 1]],
  [
    [4, 3, 5],
    [3, 4, 1, 5],
  ],
  [
    [2, 1, 3, 2],
    [2, 3, 2],
  ],
  [
    [2, 6],
    [6, 2],
  ],
];

const reshapeCases: Case[] = reshapes.flatMap(([from, to]): Case[] => {
  const reshape = { op: 'reshape', attributes: { shape: to } } as const;
  const channels = to[to.length - 1];
  const read: Link = {
    op: 'binaryDense',
    attributes: { units: 3 },
    tensors: { kernel: signs(3, channels) },
  };
  return [
    [`reshape [${from}] to [${to}]`, from, [reshape]],
    [`reshape bits [${from}] to [${to}]`, from, [sign('bits'), reshape, read]],
  ];
});

const exact = [
  ...signCases,
  ...convCases,
  ...denseCases,
  ...poolCases.filter(([name]) => !name.startsWith('average')),
  ...elementCases,
  ...reshapeCases,
  ...int8Cases,
];

describe('in numbers whose sums are exact, onnxruntime makes exactly what the packed runtime makes', () => {
  it.each(exact)('%s', async (name, shape, links) => {
    const source = modelOf(shape, links);
    const { packed, onnx } = await beside(source, inputsFor(source));
    // Not by Object.is: of two zeros, either may be made.
    expect(Array.from(onnx, (v) => v + 0)).toEqual(Array.from(packed, (v) => v + 0));
    // The largest of a whole picture of quarters is 2, and its signs' is +1.
    if (!name.endsWith('the whole picture')) expect(new Set(packed).size).toBeGreaterThan(1);
  });
});

const vectors = [[4, 3, 7], [7], [5, 7]];
const approximate: Case[] = [
  ...poolCases.filter(([name]) => name.startsWith('average')),
  ...vectors.flatMap((shape): Case[] =>
    (['sigmoid', 'tanh', 'softmax'] as const).map((op) => [
      `${op} of [${shape}]`,
      shape,
      [{ op, attributes: {} }],
    ]),
  ),
];

describe('where both round, they differ by less than 1e-6', () => {
  it.each(approximate)('%s', async (_, shape, links) => {
    const source = modelOf(shape, links);
    const { largestDifference } = await beside(source, inputsFor(source));
    expect(largestDifference).toBeLessThan(1e-6);
  });
});

describe('the file', () => {
  it('keeps sums integers under all optimisations of a runtime, and without them', async () => {
    // A scale that no float32 sum of its multiples is exact with; 900 products.
    const thirds = {
      dtype: 'F32',
      shape: [7],
      bytes: new Uint8Array(Float32Array.of(...Array<number>(7).fill(1 / 3)).buffer),
    } as const;
    const source = modelOf(
      [5, 5, 100],
      [
        sign('bits'),
        conv(7, 100),
        { op: 'affine', attributes: {}, tensors: { a: thirds, b: thirds } },
      ],
    );
    for (const graphOptimizationLevel of ['all', 'disabled'] as const) {
      const { largestDifference } = await beside(source, inputsFor(source), {
        graphOptimizationLevel,
      });
      expect(largestDifference).toBe(0);
    }
  });

  it('says what it reads, and takes any number of examples', () => {
    const source = modelOf([2, 2, 3], [affine(3)], {
      pixels: { mean: [0.5, 0.25, 0], std: [1, 0.5, 2] },
      classes: ['a', 'b', 'c'],
    });
    const model = onnxModel({ ...source, metadata: { training: { name: 'tiny' } } });
    expect(model.input).toEqual({ name: 'x', shape: ['N', 2, 2, 3] });
    expect(model.output).toEqual({ name: 'affine0', shape: ['N', 2, 2, 3] });
    expect(model.metadata.input).toContain('float32 [N, 2, 2, 3]');
    expect(JSON.parse(model.metadata.pixels)).toEqual({ mean: [0.5, 0.25, 0], std: [1, 0.5, 2] });
    expect(JSON.parse(model.metadata.classes)).toEqual(['a', 'b', 'c']);
    expect(JSON.parse(model.metadata.training)).toEqual({ name: 'tiny' });
    expect(model.metadata).not.toHaveProperty('provenance');
  });

  it('keeps a tensor of two nodes once, a sign in a byte, a half in two', () => {
    const kernel = { dtype: 'U8', shape: [8, 1], bytes: new Uint8Array(8) } as const;
    const dense = { op: 'binaryDense', attributes: { units: 8 }, tensors: { kernel } } as const;
    const source = modelOf(
      [8],
      [
        sign('bits'),
        { ...dense, name: 'first' },
        {
          op: 'threshold',
          attributes: { values: 'bits' },
          tensors: { thresholds: integers(Array<number>(8).fill(0)) },
        },
        { ...dense, name: 'second' },
        { ...floatDense('f16', 8, 2, false), name: 'last' },
      ],
    );
    const shared = {
      ...source,
      graph: {
        ...source.graph,
        nodes: source.graph.nodes.map((node) =>
          node.op === 'binaryDense' ? { ...node, tensors: { kernel: 'first/kernel' } } : node,
        ),
      },
      tensors: new Map([...source.tensors].filter(([key]) => key !== 'second/kernel')),
    };
    const { tensors, nodes } = onnxModel(shared);
    const kernels = tensors.filter(({ name }) => name.endsWith('kernel'));
    expect(kernels.map(({ type, bytes }) => [type, bytes.length])).toEqual([
      ['int8', 64],
      ['float16', 32],
    ]);
    expect(nodes.filter(({ opType }) => opType === 'Cast')).toHaveLength(2);
  });

  it('gives every value a name of its own, whatever the names of the file are', async () => {
    const source = modelOf(
      [2, 3, 4],
      [
        { ...affine(4), name: 'x/nchw' },
        { ...sign('bits'), name: '1' },
        { ...conv(4, 4, { padValue: 1, pads: [1, 1, 1, 1] }), name: '1/padded' },
        { ...affine(4), name: 'integers/0_0_1_1_0_0_1_1' },
      ],
    );
    const { nodes, tensors } = onnxModel(source);
    const names = [...nodes, ...tensors].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect((await beside(source, inputsFor(source))).largestDifference).toBe(0);
  });

  it('is the same bytes each time', () => {
    const source = modelOf([4, 5, 3], [sign('bits'), conv(9, 3), affine(9)]);
    expect(exportOnnx(source)).toEqual(exportOnnx(source));
  });
});

describe('what cannot be written is refused', () => {
  it('more weights than a file has room for', () => {
    const source = modelOf(
      [64],
      [
        sign('bits'),
        { op: 'binaryDense', attributes: { units: 64 }, tensors: { kernel: signs(64, 64) } },
      ],
    );
    expect(() => onnxModel(source, 4000)).toThrow(InputError);
    expect(() => onnxModel(source, 4000)).toThrow('more than 4000 bytes');
    expect(onnxModel(source, 5000).tensors).not.toHaveLength(0);
  });

  it('a graph that makes no sense', () => {
    const source = modelOf([4], [affine(4)]);
    expect(() => exportOnnx({ ...source, tensors: new Map() })).toThrow(ModelFileError);
  });
});
