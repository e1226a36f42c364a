/**
 * Cases large enough to be shared by threads, in every way that work is cut: a few for each kernel. With odd ends, so that no part is like
 * another.
 */
import type { Kernels, KernelName, PoolGeometry } from '../providers/provider.js';
import { canonicalCase } from './canonical-conv2d.js';
import { bitsOf, idsOf } from './class-cross-entropy.js';
import { filterGradient, form, inputGradient, product } from './conv2d.js';
import { named, sizes } from './geometries.js';
import type { KernelCase } from './kernel-case.js';
import { integers, positives, reals, signs } from './numbers.js';
import { roiAlignCases, roiAlignGradientCases } from './roi-align.js';
import { adaptive, backward, forward, surrogates } from './sign-conv2d.js';

const LENGTH = 50_003;
const ROWS = 1_501;
const CHANNELS = 40;

/** A case from the lengths of its inputs. */
function large(
  kernel: KernelName,
  name: string,
  inputs: readonly Float32Array[],
  outputLengths: readonly number[],
  call: (k: Kernels, inputs: readonly Float32Array[], outputs: readonly Float32Array[]) => void,
  bound = 1e-5,
): KernelCase {
  return { kernel, name: `large: ${name}`, inputs, outputLengths, call, bound };
}

const pictures = [
  named([3, 27, 29, 16, 12, 3, 3], { padding: 'same' }),
  named([2, 30, 29, 9, 8, 3, 3], { padding: 'same', strides: 2 }),
  named([4, 9, 9, 40, 36, 3, 3], { padding: 1 }),
  named([2, 33, 32, 8, 6, 3, 3], { padding: 'same', groups: 2 }),
  named([3, 28, 28, 1, 12, 3, 3], { padding: 'same' }),
  named([1, 5, 5, 64, 96, 3, 3], { padding: 'same' }),
];
/** Dense layers: more and fewer pixels and channels than tiles have, and an odd number of blocks. */
const dense = [
  named([3, 5, 7, 40, 36, 1, 1], {}),
  named([2, 1, 67, 272, 300, 1, 1], {}),
  named([1, 1, 3, 16, 140, 1, 1], {}),
];
const floatPictures = pictures.map((picture) => form(picture, reals, 1e-5));

const products = (
  [
    [500, 270, 24],
    [33, 270, 300],
    [40, 260, 1100],
  ] as const
).flatMap(([m, k, n]) =>
  [false, true].map((turned) =>
    large(
      'matMul',
      `${m} x ${k} x ${n}${turned ? ' transposed' : ''}`,
      [integers(m * k, 1), integers(k * n, 2)],
      [m * n],
      (kernels, [a, b], [c]) => {
        const shape = { batch: 1, m, k, n, transposeA: turned, transposeB: turned };
        kernels.matMul(a, b, c, { ...shape, strideA: 0, strideB: 0 });
      },
      0,
    ),
  ),
);

const rowsOf = (seed: number): Float32Array => reals(ROWS * CHANNELS, seed);
const perChannel = (seed: number): Float32Array => positives(CHANNELS, seed);
const perRow = (seed: number): Float32Array => positives(ROWS, seed);
const n = ROWS * CHANNELS;
const norm = { epsilon: 1e-3 };
const elastic = { scale: 0.75, k: 2, width: 1, factor: 0.5 } as const;
const someClasses = Int32Array.from({ length: ROWS }, (_, i) => (7 * i) % CHANNELS);

const pool: PoolGeometry = named([7, 34, 33, CHANNELS, CHANNELS, 3, 3], {
  padding: 'same',
  strides: 2,
  groups: CHANNELS,
}).geometry;
const pooled = pool.batch * pool.outHeight * pool.outWidth * CHANNELS;
const unpooled = pool.batch * pool.inHeight * pool.inWidth * CHANNELS;

const sgd = { learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-2 };
const adam = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

const someIds = new Int32Array(ROWS).map((_, i) => (i * 7) % 90);
const idBits = new Float32Array(someIds.buffer);
const ids = (bits: Float32Array): Int32Array =>
  new Int32Array(bits.buffer, bits.byteOffset, bits.length);

const flat = (seed: number): Float32Array => reals(LENGTH, seed);

export const largeCases: Readonly<Record<KernelName, readonly KernelCase[]>> = {
  conv2d: floatPictures.map(product),
  conv2dInputGradient: floatPictures.map(inputGradient),
  conv2dFilterGradient: floatPictures.map(filterGradient),
  canonicalConv2d: pictures
    .slice(0, 2)
    .map((picture) => canonicalCase(picture, 1, true, reals(sizes.filter(picture.geometry), 2))),
  matMul: products,
  signConv2d: pictures.map(({ name, geometry }) =>
    forward(name, geometry, 0, reals(sizes.x(geometry), 1), reals(sizes.filter(geometry), 2)),
  ),
  signConv2dGradient: [
    ...pictures.flatMap((picture, i) => [
      backward(picture, 0, surrogates[0], surrogates[2], { combine: adaptive }),
      backward(picture, i % 2 === 0 ? 1 : -1, surrogates[3], surrogates[1], {}),
    ]),
    ...dense.map((form) => backward(form, 0, surrogates[0], surrogates[1], { combine: adaptive })),
  ],
  batchNorm: [
    large(
      'batchNorm',
      'rows',
      [rowsOf(1), perChannel(2), perChannel(3), rowsOf(4)],
      [n, CHANNELS, CHANNELS],
      (k, [x, gamma, beta, shortcut], [y, mean, variance]) =>
        k.batchNorm(x, gamma, beta, shortcut, y, mean, variance, { ...norm, low: -1, high: 1 }),
    ),
  ],
  batchNormGradient: [
    large(
      'batchNormGradient',
      'rows',
      [rowsOf(1), rowsOf(2), perChannel(3), perChannel(4), perChannel(5)],
      [n, CHANNELS, CHANNELS],
      (k, [dy, x, gamma, mean, variance], [dx, dgamma, dbeta]) =>
        k.batchNormGradient(dy, x, gamma, mean, variance, dx, dgamma, dbeta, norm),
    ),
  ],
  batchNormAddClipGradient: [
    large(
      'batchNormAddClipGradient',
      'rows',
      [rowsOf(1), rowsOf(6), rowsOf(2), perChannel(3), perChannel(4), perChannel(5)],
      [n, CHANNELS, CHANNELS, n],
      (k, [dy, y, x, gamma, mean, variance], [dx, dgamma, dbeta, dsum]) => {
        const attrs = { ...norm, low: -1, high: 1 };
        k.batchNormAddClipGradient(dy, y, x, gamma, mean, variance, dx, dgamma, dbeta, dsum, attrs);
      },
    ),
  ],
  layerNorm: [
    large(
      'layerNorm',
      'rows',
      [rowsOf(1), perChannel(2), perChannel(3)],
      [n, ROWS, ROWS],
      (k, [x, gamma, beta], [y, mean, inverse]) =>
        k.layerNorm(x, gamma, beta, y, mean, inverse, norm),
    ),
  ],
  layerNormGradient: [
    large(
      'layerNormGradient',
      'rows',
      [rowsOf(1), rowsOf(2), perChannel(3), perRow(4), perRow(5)],
      [n, CHANNELS, CHANNELS],
      (k, [dy, x, gamma, mean, inverse], [dx, dgamma, dbeta]) =>
        k.layerNormGradient(dy, x, gamma, mean, inverse, dx, dgamma, dbeta),
    ),
  ],
  gelu: [large('gelu', 'entries', [rowsOf(1)], [n], (k, [x], [y]) => k.gelu(x, y))],
  geluGradient: [
    large('geluGradient', 'entries', [rowsOf(1), rowsOf(2)], [n], (k, [dy, x], [dx]) =>
      k.geluGradient(dy, x, dx),
    ),
  ],
  attentionSoftmax: [
    large('attentionSoftmax', 'rows', [rowsOf(1), perChannel(2)], [n], (k, [x, bias], [y]) =>
      k.attentionSoftmax(x, bias, y, CHANNELS, 0.5),
    ),
  ],
  attentionSoftmaxGradient: [
    large('attentionSoftmaxGradient', 'rows', [rowsOf(1), rowsOf(2)], [n], (k, [dy, y], [dx]) =>
      k.attentionSoftmaxGradient(dy, y, dx, CHANNELS, 0.5),
    ),
  ],
  dropout: [
    large(
      'dropout',
      'entries',
      [rowsOf(1)],
      [n],
      (k, [x], [y]) => k.dropout(x, y, { rate: 0.3, start: 5, kept: 1 / 0.7 }),
      0,
    ),
  ],
  classCrossEntropy: [
    large(
      'classCrossEntropy',
      'rows',
      [rowsOf(1), bitsOf(someClasses)],
      [ROWS, ROWS],
      (k, [z, classes], [loss, logPartition]) =>
        k.classCrossEntropy(z, idsOf(classes), loss, logPartition),
    ),
  ],
  classCrossEntropyGradient: [
    large(
      'classCrossEntropyGradient',
      'rows',
      [perRow(3), rowsOf(1), bitsOf(someClasses), perRow(4)],
      [n],
      (k, [dy, z, classes, logPartition], [dz]) =>
        k.classCrossEntropyGradient(dy, z, idsOf(classes), logPartition, dz),
    ),
  ],
  twoValues: [
    large('twoValues', 'rows', [rowsOf(1), perChannel(2)], [n], (k, [x, shift], [y]) =>
      k.twoValues(x, shift, y, -1, 1),
    ),
    large('twoValues', 'entries', [rowsOf(1)], [n], (k, [x], [y]) =>
      k.twoValues(x, undefined, y, -1, 1),
    ),
  ],
  twoValuesGradient: [
    large(
      'twoValuesGradient',
      'rows',
      [rowsOf(1), rowsOf(2), perChannel(3)],
      [n, 3, CHANNELS],
      (k, [dy, x, shift], [dx, sums, dshift]) =>
        k.twoValuesGradient(dy, x, shift, dx, sums, dshift, elastic),
    ),
    large(
      'twoValuesGradient',
      'entries',
      [rowsOf(1), rowsOf(2)],
      [n, 3],
      (k, [dy, x], [dx, sums]) =>
        k.twoValuesGradient(dy, x, undefined, dx, sums, undefined, elastic),
    ),
  ],
  maxPool: [
    large('maxPool', 'pictures', [reals(unpooled, 1)], [pooled], (k, [x], [y]) =>
      k.maxPool(x, y, pool),
    ),
  ],
  maxPoolGradient: [
    large(
      'maxPoolGradient',
      'pictures',
      [reals(pooled, 1), reals(unpooled, 2)],
      [unpooled],
      (k, [dy, x], [dx]) => k.maxPoolGradient(dy, x, dx, pool),
    ),
  ],
  avgPool: [
    large('avgPool', 'pictures', [reals(unpooled, 1)], [pooled], (k, [x], [y]) =>
      k.avgPool(x, y, pool),
    ),
  ],
  avgPoolGradient: [
    large('avgPoolGradient', 'pictures', [reals(pooled, 1)], [unpooled], (k, [dy], [dx]) =>
      k.avgPoolGradient(dy, dx, pool),
    ),
  ],
  roiAlign: roiAlignCases.slice(-2),
  roiAlignGradient: roiAlignGradientCases.slice(-2),
  softmaxCrossEntropy: [
    large(
      'softmaxCrossEntropy',
      'rows',
      [rowsOf(1), positives(n, 2)],
      [ROWS, n],
      (k, [logits, labels], [loss, gradient]) =>
        k.softmaxCrossEntropy(logits, labels, loss, gradient),
    ),
  ],
  sgdStep: [
    large(
      'sgdStep',
      'flat',
      [flat(1), flat(2), flat(3)],
      [LENGTH, LENGTH],
      (k, [p, g, v], [q, w]) => k.sgdStep(p, g, v, q, w, sgd),
    ),
  ],
  adamStep: [
    large(
      'adamStep',
      'flat',
      [flat(1), flat(2), flat(3), positives(LENGTH, 4)],
      [LENGTH, LENGTH, LENGTH],
      (k, [p, g, m, v], [q, m2, v2]) =>
        k.adamStep(p, g, m, v, q, m2, v2, { ...adam, step: 3, weightDecay: 0, decoupled: true }),
    ),
  ],
  bopStep: [
    large(
      'bopStep',
      'flat',
      [signs(LENGTH, 1), flat(2), flat(3)],
      [LENGTH, LENGTH],
      (k, [p, g, m], [q, m2]) => k.bopStep(p, g, m, q, m2, { gamma: 0.25, threshold: 0.5 }),
    ),
  ],
  unary: (['exp', 'relu'] as const).map((op) =>
    large('unary', op, [flat(1)], [LENGTH], (k, [x], [y]) => k.unary(op, x, y)),
  ),
  clip: [large('clip', 'flat', [flat(1)], [LENGTH], (k, [x], [y]) => k.clip(x, y, -1, 0.5), 0)],
  addClip: [
    large('addClip', 'flat', [flat(1), flat(2)], [LENGTH], (k, [a, b], [y]) =>
      k.addClip(a, b, y, -1, 1),
    ),
    large('addClip', 'alone', [flat(1)], [LENGTH], (k, [a], [y]) =>
      k.addClip(a, undefined, y, -1, 1),
    ),
  ],
  addClipGradient: [
    large('addClipGradient', 'flat', [flat(1), flat(2)], [LENGTH], (k, [dy, y], [dx]) =>
      k.addClipGradient(dy, y, dx, -1, 1),
    ),
  ],
  binary: (
    [
      ['entry by entry', n, 1],
      ['one number', 1, 1],
      ['a bias', CHANNELS, 1],
      ['a number for each row', ROWS, CHANNELS],
      ['rows that repeat', 19, CHANNELS],
    ] as const
  ).map(([name, length, inner]) =>
    large(
      'binary',
      name,
      // 19 rows repeat 79 times.
      [rowsOf(1).slice(0, Math.floor(n / (length * inner)) * length * inner), reals(length, 2)],
      [Math.floor(n / (length * inner)) * length * inner],
      (k, [a, b], [y]) => k.binary('sub', a, b, y, { inner, swapped: true }),
      0,
    ),
  ),
  prelu: [
    large('prelu', 'channels', [rowsOf(1), perChannel(2)], [n], (k, [x, alpha], [y]) =>
      k.prelu(x, alpha, y),
    ),
  ],
  preluGradient: [
    large(
      'preluGradient',
      'channels',
      [rowsOf(1), rowsOf(2), perChannel(3)],
      [n, CHANNELS],
      (k, [dy, x, alpha], [dx, dalpha]) => k.preluGradient(dy, x, alpha, dx, dalpha),
    ),
    large(
      'preluGradient',
      'one slope',
      [rowsOf(1), rowsOf(2), positives(1, 3)],
      [n, 1],
      (k, [dy, x, alpha], [dx, dalpha]) => k.preluGradient(dy, x, alpha, dx, dalpha),
      // One sum of many terms that nearly cancel.
      1e-4,
    ),
  ],
  sum: (
    [
      ['all', 1, n, 1],
      ['columns', 1, ROWS, CHANNELS],
      ['rows', ROWS, CHANNELS, 1],
      ['few long rows', 2, 60_000, 1],
      ['few columns', 3, 20_000, 3],
    ] as const
  ).map(([name, outer, reduced, inner]) =>
    large('sum', name, [positives(outer * reduced * inner, 1)], [outer * inner], (k, [x], [y]) =>
      k.sum(x, y, outer, reduced, inner),
    ),
  ),
  fill: [large('fill', 'flat', [], [LENGTH], (k, _, [y]) => k.fill(y, 0.5), 0)],
  gather: [
    large('gather', 'rows', [reals(90 * CHANNELS, 1), idBits], [n], (k, [x, bits], [y]) =>
      k.gather(x, ids(bits), y, CHANNELS),
    ),
  ],
  segmentSum: [
    large('segmentSum', 'rows', [rowsOf(1), idBits], [80 * CHANNELS], (k, [x, bits], [y]) =>
      k.segmentSum(x, ids(bits), y, CHANNELS),
    ),
  ],
  transpose: [
    large('transpose', 'plane', [rowsOf(1)], [n], (k, [x], [y]) =>
      k.transpose(x, y, [CHANNELS, ROWS], [1, CHANNELS]),
    ),
    large('transpose', 'axes', [reals(37 * 20 * 9 * 11, 1)], [37 * 20 * 9 * 11], (k, [x], [y]) =>
      k.transpose(x, y, [37, 9, 20, 11], [1980, 11, 99, 1]),
    ),
  ],
  copyRuns: [
    large('copyRuns', 'rows', [rowsOf(1)], [ROWS * 8], (k, [x], [y]) =>
      k.copyRuns(x, y, { rows: ROWS, length: 7, xStart: 2, xStep: CHANNELS, yStart: 1, yStep: 8 }),
    ),
  ],
};
