/**
 * TF.js ops and their gradients on the engine's backends against TF.js's `cpu`, and which path each call
 * took: an op that should be the engine's must not fall back to the copied CPU kernel unseen.
 */
import * as tf from '@tensorflow/tfjs-core';
// TF.js registers its gradients when this is imported; tfjs-core alone has none under Node.
import '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { engineBackends } from '../cases/backends.js';
import { difference } from '../cases/kernel-case.js';
import { integers, positives, reals } from '../cases/numbers.js';
import { backendMemory, useEngine, type BackendName } from '../use-engine.js';
import { profileKernels } from './profile.js';

type Op = () => tf.Tensor | tf.Tensor[];
/** An op and the kernels that it must run in the engine. */
type EngineOp = readonly [name: string, kernels: readonly string[], op: Op];

function t(shape: number[], seed = 1, make = reals): tf.Tensor {
  return tf.tensor(make(tf.util.sizeFromShape(shape), seed), shape);
}

function t4(shape: [number, number, number, number], seed = 1): tf.Tensor4D {
  return tf.tensor4d(reals(tf.util.sizeFromShape(shape), seed), shape);
}

function rank4(x: tf.Tensor): tf.Tensor4D {
  const [a, b, c, d]: number[] = x.shape;
  return tf.reshape(x, [a, b, c, d]);
}

function twice(x: tf.Tensor): tf.Tensor {
  return tf.concat([x, x], -1);
}

function ids(values: number[]): tf.Tensor1D {
  return tf.tensor1d(values, 'int32');
}

interface Outcome {
  readonly values: Float32Array[];
  readonly shapes: number[][];
  readonly paths: Map<string, string>;
}

async function outcome(backend: BackendName, op: Op): Promise<Outcome> {
  await useEngine({ backend });
  const before = tf.memory().numTensors;
  const { result, kernels } = await profileKernels(() => tf.tidy(op));
  const tensors = Array.isArray(result) ? result : [result];
  const values = tensors.map((x) => Float32Array.from(x.dataSync()));
  const shapes = tensors.map((x) => x.shape);
  tf.dispose(tensors);
  expect(tf.memory().numTensors).toBe(before);
  return { values, shapes, paths: new Map(kernels.map((k) => [k.kernel, k.path])) };
}

/** Ops whose named kernels must run in the engine. */
const engineOps: readonly EngineOp[] = [
  ['conv2d same', ['Conv2D'], () => tf.conv2d(t4([2, 5, 6, 3]), t4([3, 3, 3, 4], 2), 1, 'same')],
  ['conv2d strided', ['Conv2D'], () => tf.conv2d(t4([2, 6, 5, 3]), t4([3, 2, 3, 4], 2), 2, 'same')],
  [
    'conv2d dilated',
    ['Conv2D'],
    () => tf.conv2d(t4([1, 8, 8, 3]), t4([3, 3, 3, 2], 2), 1, 'valid', 'NHWC', 2),
  ],
  [
    'conv2d with explicit padding',
    ['Conv2D'],
    () => {
      const pads: [[number, number], [number, number], [number, number], [number, number]] = [
        [0, 0],
        [2, 1],
        [0, 3],
        [0, 0],
      ];
      return tf.conv2d(t4([1, 5, 5, 2]), t4([3, 3, 2, 2], 2), 1, pads);
    },
  ],
  [
    'fused conv2d',
    ['FusedConv2D'],
    () =>
      tf.fused.conv2d({
        x: t4([1, 5, 5, 2]),
        filter: t4([3, 3, 2, 4], 2),
        strides: 1,
        pad: 'same',
        bias: t([4], 3),
        activation: 'relu',
      }),
  ],
  ...[0, 1, 2, 3].map((both): EngineOp => {
    const [transposeA, transposeB] = [both > 1, both % 2 === 1];
    const a = transposeA ? [4, 3] : [3, 4];
    const b = transposeB ? [5, 4] : [4, 5];
    return [
      `matMul ${transposeA} ${transposeB}`,
      ['BatchMatMul'],
      () => tf.matMul(t(a), t(b, 2), transposeA, transposeB),
    ];
  }),
  ...(
    [
      ['as many of both', [2, 3], [2, 3]],
      ['one b for all', [2, 3], []],
      ['one a for all', [1], [3]],
      ['no matrix', [0, 3], [0, 3]],
    ] as const
  ).flatMap(([name, batchA, batchB]) =>
    [0, 1, 2, 3].map((both): EngineOp => {
      const [transposeA, transposeB] = [both > 1, both % 2 === 1];
      const a = [...batchA, ...(transposeA ? [4, 3] : [3, 4])];
      const b = [...batchB, ...(transposeB ? [5, 4] : [4, 5])];
      return [
        `batched matMul ${transposeA} ${transposeB}, ${name}`,
        ['BatchMatMul'],
        () => tf.matMul(t(a), t(b, 2), transposeA, transposeB),
      ];
    }),
  ),
  [
    'fused matMul',
    ['_FusedMatMul'],
    () => tf.fused.matMul({ a: t([3, 4]), b: t([4, 5], 2), bias: t([5], 3), activation: 'relu' }),
  ],
  [
    'fused matMul, one bias for all',
    ['_FusedMatMul'],
    () => tf.fused.matMul({ a: t([3, 4]), b: t([4, 5], 2), bias: tf.scalar(0.5) }),
  ],
  ['maxPool', ['MaxPool'], () => tf.maxPool(t4([2, 5, 6, 3]), 2, 2, 'same')],
  ['maxPool 3x2', ['MaxPool'], () => tf.maxPool(t4([1, 7, 7, 2]), [3, 2], 1, 'valid')],
  ['avgPool', ['AvgPool'], () => tf.avgPool(t4([2, 5, 6, 3]), 3, 2, 'same')],
  ['relu', ['Relu'], () => tf.relu(t([5, 7]))],
  ['step', ['Step'], () => tf.step(t([9]))],
  ['neg', ['Neg'], () => tf.neg(t([9]))],
  ['abs', ['Abs'], () => tf.abs(t([9]))],
  ['square', ['Square'], () => tf.square(t([9]))],
  ['sqrt', ['Sqrt'], () => tf.sqrt(t([9], 1, positives))],
  ['rsqrt', ['Rsqrt'], () => tf.rsqrt(t([9], 1, positives))],
  ['exp', ['Exp'], () => tf.exp(t([9]))],
  ['log', ['Log'], () => tf.log(t([9], 1, positives))],
  ['sign', ['Sign'], () => tf.sign(t([9]))],
  ['clip', ['ClipByValue'], () => tf.clipByValue(t([33]), -0.5, 1)],
  ['prelu', ['Prelu'], () => tf.prelu(t([2, 3, 4]), t([4], 2))],
  ['prelu, one slope', ['Prelu'], () => tf.prelu(t([2, 3, 4]), t([1], 2))],
  ['add', ['Add'], () => tf.add(t([3, 4]), t([3, 4], 2))],
  ['add a scalar', ['Add'], () => tf.add(t([3, 4]), 2.5)],
  ['sub from a scalar', ['Sub'], () => tf.sub(2.5, t([3, 4]))],
  ['mul by a bias', ['Multiply'], () => tf.mul(t([2, 3, 4]), t([4], 2))],
  ['div a bias', ['RealDiv'], () => tf.div(t([4], 1), t([2, 3, 4], 2, positives))],
  ['div by rows', ['RealDiv'], () => tf.div(t([5, 4]), t([5, 1], 2, positives))],
  ['maximum over middle axes', ['Maximum'], () => tf.maximum(t([2, 3, 4, 5]), t([3, 4, 1], 2))],
  ['minimum', ['Minimum'], () => tf.minimum(t([7]), t([7], 2))],
  ['squaredDifference', ['SquaredDifference'], () => tf.squaredDifference(t([6]), t([6], 2))],
  ['add to a size-1 axis', ['Add'], () => tf.add(t([1, 1, 3]), t([3], 2))],
  ['both sides broadcast', ['Add'], () => tf.add(t([3, 1]), t([1, 4], 2))],
  ['separated axes', ['Multiply'], () => tf.mul(t([2, 3, 4]), t([2, 1, 4], 2))],
  ['swapped separated axes', ['Sub'], () => tf.sub(t([2, 1, 1, 4]), t([2, 3, 2, 4], 2))],
  ['addN', ['AddN'], () => tf.addN([t([3, 2]), t([3, 2], 2), t([3, 2], 3)])],
  ['sum of all', ['Sum'], () => tf.sum(t([3, 4, 5]))],
  ['sum of the first axes', ['Sum'], () => tf.sum(t([3, 4, 5]), [0, 1])],
  ['sum of the middle, kept', ['Sum'], () => tf.sum(t([3, 4, 5]), 1, true)],
  ['sum of no axes', ['Sum'], () => tf.sum(t([3, 4]), [])],
  ['mean of the last axes', ['Mean'], () => tf.mean(t([3, 4, 5]), [1, 2])],
  ['mean of all, kept', ['Mean'], () => tf.mean(t([3, 4]), undefined, true)],
  ['fill', ['Fill'], () => tf.fill([3, 2], 1.5)],
  ['zerosLike', ['ZerosLike'], () => tf.zerosLike(t([3]))],
  ['onesLike', ['OnesLike'], () => tf.onesLike(t([3]))],
  ['identity', ['Identity'], () => tf.clone(t([3, 2]))],
  ['cast of int32', ['Cast'], () => tf.cast(tf.tensor1d([1, -2], 'int32'), 'float32')],
  ['gather rows', ['GatherV2'], () => tf.gather(t([5, 2]), ids([4, 0, 4]))],
  ['gather numbers', ['GatherV2'], () => tf.gather(t([5]), ids([4, 0, 4]))],
  [
    'gather pictures by a table',
    ['GatherV2'],
    () => tf.gather(t([4, 2, 3, 2]), tf.tensor2d([3, 1, 1, 0, 2, 3], [2, 3], 'int32'), -4),
  ],
  ['gather nothing', ['GatherV2'], () => tf.gather(t([5, 2]), ids([]))],
  [
    'segment sum',
    ['UnsortedSegmentSum'],
    () => tf.unsortedSegmentSum(t([6, 2, 3]), ids([2, 0, 2, -1, 4, 2]), 4),
  ],
  [
    'segment sum of numbers',
    ['UnsortedSegmentSum'],
    () => tf.unsortedSegmentSum(t([4]), ids([1, 1, 0, 1]), 3),
  ],
  ...[
    [1, 0, 2, 3],
    [0, 2, 1, 3],
    [3, 1, 0, 2],
    [0, 1, 2, 3],
    [3, 2, 1, 0],
  ].map((perm): EngineOp => [
    `transpose by ${perm}`,
    ['Transpose'],
    () => tf.transpose(t([2, 3, 5, 4]), perm),
  ]),
  ['transpose of a row', ['Transpose'], () => tf.transpose(t([1, 5]))],
  ['transpose of nothing', ['Transpose'], () => tf.transpose(t([0, 5]))],
  ...[0, 1, -1].map((axis): EngineOp => {
    const shapes = [2, 1, 5].map((n) =>
      Array.from([4, 3, 6], (m, i) => (i === (axis + 3) % 3 ? n : m)),
    );
    return [
      `concat along ${axis}`,
      ['Concat'],
      () =>
        tf.concat(
          shapes.map((shape, i) => t(shape, i + 1)),
          axis,
        ),
    ];
  }),
  ['concat of numbers', ['Concat'], () => tf.concat([t([3]), t([5], 2)])],
  ['concat of a tensor with itself', ['Concat'], () => twice(t([3, 2]))],
  ['concat past nothing', ['Concat'], () => tf.concat([t([2, 0]), t([2, 3]), t([2, 1], 2)], 1)],
  ['concat of one and nothing', ['Concat'], () => tf.concat([t([2, 0]), t([2, 3])], 1)],
  ['concat of nothing', ['Concat'], () => tf.concat([t([0, 3]), t([0, 2])], 1)],
  ['slice of channels', ['Slice'], () => tf.slice(t([2, 3, 3, 7]), [0, 0, 0, 2], [2, 3, 3, 4])],
  ['slice of rows', ['Slice'], () => tf.slice(t([2, 5, 3]), [0, 1, 0], [-1, 3, -1])],
  ['slice of a batch', ['Slice'], () => tf.slice(t([5, 4]), 2, 2)],
  ['slice to the end', ['Slice'], () => tf.slice(t([5, 4]), [3])],
  ['slice of all', ['Slice'], () => tf.slice(t([5, 4]), [0, 0], [5, 4])],
  ['slice of nothing', ['Slice'], () => tf.slice(t([5, 4]), [0, 4], [5, 0])],
  ['split in equal parts', ['SplitV'], () => tf.split(t([2, 6, 3]), 3, 1)],
  ['split by sizes', ['SplitV'], () => tf.split(t([4, 7]), [2, 0, -1, 1], -1)],
  ['split of a batch', ['SplitV'], () => tf.split(t([5, 2]), [1, 4])],
  ['split in one', ['SplitV'], () => tf.split(t([5, 2]), 1)],
  ['split of nothing', ['SplitV'], () => tf.split(t([0, 4]), 2, 1)],
  ['empty add', ['Add'], () => tf.add(t([0, 3]), t([3], 2))],
  ['empty sum', ['Sum'], () => tf.sum(t([0, 3]), 0)],
];

/** Ops that the table leaves to the copied CPU kernels, wholly or for these arguments. */
const copiedOps: readonly (readonly [name: string, op: Op])[] = [
  ['NCHW', () => tf.conv2d(t4([1, 3, 5, 6]), t4([3, 3, 3, 2], 2), 1, 'valid', 'NCHW')],
  ['int32 add', () => tf.add(tf.tensor1d([1, 2], 'int32'), tf.tensor1d([3, 4], 'int32'))],
  ['int32 relu', () => tf.relu(tf.tensor1d([1, -2], 'int32'))],
  ['complex add', () => tf.add(tf.complex([1], [2]), tf.complex([3], [4]))],
  ['sum over separated axes', () => tf.sum(t([2, 3, 4]), [0, 2])],
  ['mean of int32', () => tf.mean(tf.tensor1d([1, 2], 'int32'))],
  ['leaky step', () => tf.step(t([9]), 0.25)],
  ['prelu per entry', () => tf.prelu(t([2, 3]), t([2, 3], 2))],
  ['softmax', () => tf.softmax(t([3, 5]))],
  ['where', () => tf.where(tf.greater(t([9]), 0), t([9], 2), t([9], 3))],
  [
    'concat and split of int32',
    () => tf.split(tf.concat([tf.tensor1d([1, 2], 'int32'), tf.tensor1d([3, 4], 'int32')]), 2),
  ],
  ['concat of two types', () => tf.concat([t([2]), tf.tensor1d([3, 4], 'int32')])],
  [
    'concat of complex numbers',
    () => tf.real(tf.concat([tf.complex([1, 2], [3, 4]), tf.complex([5], [6])])),
  ],
  ['slice along two axes', () => tf.slice(t([4, 3, 2]), [1, 0, 1], [2, 3, 1])],
  ['slice of int32', () => tf.slice(tf.tensor1d([1, 2, 3], 'int32'), 1, 2)],
  ['gather columns', () => tf.gather(t([5, 2]), ids([1, 0, 1]), 1)],
  ['gather in a batch', () => tf.gather(t([2, 3]), tf.tensor2d([[2], [0]], [2, 1], 'int32'), 1, 1)],
  ['gather of int32', () => tf.gather(tf.tensor1d([7, 8, 9], 'int32'), ids([2, 0]))],
  [
    'gather by bools',
    () => tf.gather(t([2, 3]), tf.cast(tf.tensor1d([true, false, true], 'bool'), 'int32')),
  ],
  ['one segment for all', () => tf.unsortedSegmentSum(t([3, 2]), ids([1]), 2)],
  ['transpose of int32', () => tf.transpose(tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32'))],
  ['oneHot', () => tf.oneHot(tf.tensor1d([0, 2], 'int32'), 3)],
  ['argMax', () => tf.argMax(t([3, 5]), 1)],
  [
    'transpose and pad',
    () =>
      tf.pad(tf.transpose(t([2, 3, 4]), [2, 0, 1]), [
        [1, 0],
        [0, 2],
        [1, 1],
      ]),
  ],
  ['slice and tile', () => tf.tile(tf.slice(t([4, 3]), [1, 1], [2, 2]), [2, 1])],
  ['moments', () => Object.values(tf.moments(t([2, 3, 4]), [0, 1]))],
  ['topk', () => Object.values(tf.topk(t([3, 5]), 2))],
  ['cumsum and reverse', () => tf.reverse(tf.cumsum(t([7])))],
  ['einsum', () => tf.einsum('ij,jk->ik', t([2, 3]), t([3, 4], 2))],
  [
    'fused activations',
    () => tf.fused.matMul({ a: t([3, 4]), b: t([4, 5], 2), activation: 'elu' }),
  ],
  ['depthwise conv', () => tf.depthwiseConv2d(t4([1, 5, 5, 3]), t4([3, 3, 3, 2], 2), 1, 'same')],
  ['logical', () => tf.logicalAnd(tf.greater(t([9]), 0), tf.less(t([9], 2), 0))],
  ['fft', () => tf.real(tf.spectral.fft(tf.complex([1, 2, 3, 4], [0, 0, 0, 0])))],
  ['bool sum', () => tf.sum(tf.greater(t([9]), 0))],
  ['unique', () => Object.values(tf.unique(tf.tensor1d([1, 1, 2])))],
  ['stack', () => tf.stack([t([3]), t([3], 2)])],
  ['scatter', () => tf.scatterND(tf.tensor2d([[1], [0]], [2, 1], 'int32'), t([2]), [3])],
];

const convolutions: readonly (readonly [stride: number, pad: number | 'same' | 'valid'])[] = [
  [1, 'same'],
  [2, 'same'],
  [2, 'valid'],
  [1, 2],
];

const gradients: readonly EngineOp[] = [
  ...convolutions.map(([stride, pad]): EngineOp => [
    `conv2d, stride ${stride}, ${pad}`,
    ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'],
    () =>
      tf.grads((x, w) => tf.conv2d(rank4(x), rank4(w), stride, pad))([
        t4([2, 6, 5, 3]),
        t4([3, 3, 3, 4], 2),
      ]),
  ]),
  [
    'maxPool with ties',
    ['MaxPool', 'MaxPoolGrad'],
    () =>
      tf.grad((x) => tf.mul(tf.maxPool(rank4(x), 3, 2, 'same'), t([2, 3, 3, 2], 2)))(
        tf.tensor4d(integers(2 * 6 * 5 * 2, 1), [2, 6, 5, 2]),
      ),
  ],
  [
    'avgPool',
    ['AvgPool', 'AvgPoolGrad'],
    // Not 'same': there the cpu backend's gradient is not the derivative of its forward.
    () => tf.grad((x) => tf.square(tf.avgPool(rank4(x), 2, 2, 'valid')))(t4([2, 6, 5, 2])),
  ],
  [
    'matMul',
    ['BatchMatMul'],
    () => tf.grads((a, b) => tf.matMul(a, b, true, false))([t([4, 3]), t([4, 5], 2)]),
  ],
  [
    'gather',
    ['GatherV2', 'UnsortedSegmentSum', 'Transpose'],
    () => tf.grad((x) => tf.mul(tf.gather(x, ids([3, 1, 3, 0])), t([4, 2, 3], 2)))(t([5, 2, 3])),
  ],
  [
    'batched matMul',
    ['BatchMatMul'],
    () => tf.grads((a, b) => tf.matMul(a, b, false, true))([t([2, 3, 4]), t([2, 5, 4], 2)]),
  ],
  [
    'transpose',
    ['Transpose'],
    () => tf.grad((x) => tf.mul(tf.transpose(x, [1, 2, 0]), t([3, 4, 2], 2)))(t([2, 3, 4])),
  ],
  [
    'concat',
    ['Concat', 'SplitV'],
    () =>
      tf.grads((a, b) => tf.mul(tf.concat([a, b, a], 1), t([2, 8, 3], 3)))([
        t([2, 3, 3]),
        t([2, 2, 3], 2),
      ]),
  ],
  [
    'split',
    ['SplitV', 'Concat'],
    () =>
      tf.grad((x) => {
        const [a, b] = tf.split(x, [1, 3], -1);
        return tf.add(tf.sum(tf.square(a)), tf.sum(tf.mul(b, t([5, 3], 2))));
      })(t([5, 4])),
  ],
  ['slice', ['Slice'], () => tf.grad((x) => tf.square(tf.slice(x, [0, 1], [4, 2])))(t([4, 5]))],
  [
    'a layer with batch norm by hand',
    ['Relu', 'Step'],
    () =>
      tf.grads((x, gamma) => {
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        const y = tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-3))), gamma);
        return tf.mean(tf.square(tf.relu(y)));
      })([t([2, 4, 4, 3]), t([3], 2)]),
  ],
];

describe.each(engineBackends)('%s', (backend) => {
  it.each(engineOps)('%s runs in the engine and equals cpu', async (_, kernels, op) => {
    await agree(backend, op, kernels);
  });

  it.each(copiedOps)('%s runs as a copy and equals cpu', async (_, op) => {
    await agree(backend, op, []);
  });

  it.each(gradients)('gradient of %s', async (_, kernels, op) => {
    await agree(backend, op, kernels);
  });

  it.each([0, 1, 2, 3])(
    'broadcasts the batch axes of both sides of a product (%s)',
    async (both) => {
      await useEngine({ backend });
      const [transposeA, transposeB] = [both > 1, both % 2 === 1];
      const [oneA, oneB] = [transposeA ? [4, 3] : [3, 4], transposeB ? [2, 4] : [4, 2]];
      const [a, b] = [t([2, 1, ...oneA]), t([1, 3, ...oneB], 2)];
      const c = tf.matMul(a, b, transposeA, transposeB);
      expect(c.shape).toEqual([2, 3, 3, 2]);
      for (let i = 0; i < 2; i++) {
        for (let j = 0; j < 3; j++) {
          const one = tf.matMul(
            tf.reshape(tf.slice(a, [i, 0, 0, 0], [1, 1, ...oneA]), [oneA[0], oneA[1]]),
            tf.reshape(tf.slice(b, [0, j, 0, 0], [1, 1, ...oneB]), [oneB[0], oneB[1]]),
            transposeA,
            transposeB,
          );
          const part = tf.slice(c, [i, j, 0, 0], [1, 1, 3, 2]);
          expect(difference(part.dataSync(), one.dataSync())).toBeLessThan(1e-6);
        }
      }
    },
  );

  it('shares the numbers of a transposition that moves none, and keeps them until the last is gone', async () => {
    await useEngine({ backend });
    const before = backendMemory()?.liveBlocks ?? 0;
    const x = t([1, 4, 1, 3]);
    const y = tf.transpose(x, [1, 0, 3, 2]);
    expect(y.shape).toEqual([4, 1, 3, 1]);
    expect(backendMemory()?.liveBlocks).toBe(before + 1);
    x.dispose();
    expect(y.dataSync()).toEqual(reals(12, 1));
    y.dispose();
    expect(backendMemory()?.liveBlocks).toBe(before);
  });

  it.each<[string, (x: tf.Tensor) => tf.Tensor]>([
    ['concat with nothing', (x) => tf.concat([tf.zeros([2, 0]), x], 1)],
    ['slice of all', (x) => tf.slice(x, [0, 0], [2, -1])],
    ['split in one', (x) => tf.split(x, 1)[0]],
  ])('shares the numbers of a %s, and keeps them until the last is gone', async (_, op) => {
    await useEngine({ backend });
    const before = backendMemory()?.liveBlocks ?? 0;
    const x = t([2, 3]);
    const y = tf.tidy(() => op(x));
    expect(y.shape).toEqual([2, 3]);
    expect(backendMemory()?.liveBlocks).toBe(before + 1);
    x.dispose();
    expect(y.dataSync()).toEqual(reals(6, 1));
    y.dispose();
    expect(backendMemory()?.liveBlocks).toBe(before);
  });

  it.each<[string, Op, RegExp]>([
    ['concat', () => tf.concat([t([2, 3]), t([3, 3])], 1), /does not match the shape of the rest/],
    ['slice that ends outside', () => tf.slice(t([4, 3]), [0, 1], [4, 3]), /would overflow/],
    ['slice from behind', () => tf.slice(t([4]), [-1], [1]), /negative begin/],
    ['split with a rest', () => tf.split(t([5]), 2), /must evenly divide/],
    ['split into less than there is', () => tf.split(t([5]), [2, 2]), /must match the size/],
    ['split into less than nothing', () => tf.split(t([5]), [-2, 7]), /Negative size/],
  ])('refuses a %s as cpu does, and keeps no block', async (_, op, message) => {
    for (const name of ['cpu', backend] as const) {
      await useEngine({ backend: name });
      const before = backendMemory()?.liveBlocks;
      expect(() => tf.tidy(op)).toThrow(message);
      expect(backendMemory()?.liveBlocks).toBe(before);
    }
  });

  it('refuses ids that are no row, and keeps no block', async () => {
    await useEngine({ backend });
    tf.tidy(() => {
      const [x, i] = [t([5, 2]), ids([0, 5])];
      const before = backendMemory()?.liveBlocks;
      expect(() => tf.gather(x, i)).toThrow('gather: the index value 5 is not in [0, 4]');
      expect(() => tf.gather(x, ids([-1]))).toThrow('the index value -1 is not in [0, 4]');
      expect(backendMemory()?.liveBlocks).toBe((before ?? 0) + 1);
    });
  });

  it.each<[string, Op, RegExp]>([
    [
      'matMul',
      () =>
        tf
          .engine()
          .runKernel(
            'BatchMatMul',
            { a: t([2, 3]), b: t([4, 5]) },
            { transposeA: false, transposeB: false },
          ),
      /matMul.*share no inner size: 3 and 4/,
    ],
    [
      'conv2d',
      () =>
        tf
          .engine()
          .runKernel(
            'Conv2D',
            { x: t([1, 3, 3, 2]), filter: t([1, 1, 3, 2]) },
            { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1 },
          ),
      /do not fit/,
    ],
  ])('refuses a %s that does not fit, and keeps no block', async (_, op, message) => {
    await useEngine({ backend });
    tf.tidy(() => {
      const before = tf.memory().numDataBuffers;
      expect(op).toThrow(message);
      expect(tf.memory().numDataBuffers).toBe(before + 2);
    });
    expect(backendMemory()?.freshExtensions).toBeGreaterThan(0);
  });
});

async function agree(backend: BackendName, op: Op, kernels: readonly string[]): Promise<void> {
  const expected = await outcome('cpu', op);
  const actual = await outcome(backend, op);
  expect(actual.shapes).toEqual(expected.shapes);
  expected.values.forEach((values, i) => {
    expect(difference(actual.values[i], values)).toBeLessThan(1e-5);
  });
  for (const kernel of kernels) expect(actual.paths.get(kernel)).toBe('engine');
}
