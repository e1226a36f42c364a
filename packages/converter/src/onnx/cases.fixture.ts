/** Every op of the packed graph at odd shapes, for the tests of the ONNX export. */
import { flips, floats, integers, signs, windowOf } from './onnx.fixture.js';
import type { Link } from './onnx.fixture.js';
import { affine, conv, floatConv, floatDense, quantize, readOut, sign } from './links.fixture.js';
import type { Convolution } from './links.fixture.js';

export type Case = readonly [name: string, shape: readonly number[], links: readonly Link[]];

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

const double = { op: 'double2d', attributes: {} } as const;
const doubleCases: Case[] = [
  ['double of a picture', [4, 3, 5], [double]],
  ['double of one row', [1, 5, 3], [double]],
  ['double of one pixel', [1, 1, 1], [double]],
  ['double of sums', [4, 3, 3], [sign('bits'), conv(9, 3, { pads: [1, 1, 1, 1] }), double]],
];

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

/** In numbers whose sums are exact both runtimes make the same. */
/** Quarters times 6 are halves of odd numbers, too: ties; and times 100 beyond 127. */
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

export const exact: readonly Case[] = [
  ...signCases,
  ...convCases,
  ...denseCases,
  ...poolCases.filter(([name]) => !name.startsWith('average')),
  ...elementCases,
  ...doubleCases,
  ...reshapeCases,
  ...int8Cases,
];

const vectors = [[4, 3, 7], [7], [5, 7]];
/** Both round. */
export const approximate: readonly Case[] = [
  ...poolCases.filter(([name]) => name.startsWith('average')),
  ...vectors.map((shape): Case => [
    `l2Norm of [${shape}]`,
    shape,
    [{ op: 'l2Norm', attributes: {}, tensors: { scale: floats([7]) } }],
  ]),
  ...vectors.flatMap((shape): Case[] =>
    (['sigmoid', 'tanh', 'softmax'] as const).map((op) => [
      `${op} of [${shape}]`,
      shape,
      [{ op, attributes: {} }],
    ]),
  ),
];
