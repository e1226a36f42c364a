/**
 * The contract's kernels as core and train call them: through `runKernel`, by name.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  ADAM_STEP,
  ADD_CLIP,
  ADD_CLIP_GRADIENT,
  BATCH_NORM,
  BATCH_NORM_ADD_CLIP,
  BATCH_NORM_GRADIENT,
  BOP_STEP,
  CANONICAL_CONV_2D,
  CLASS_CROSS_ENTROPY,
  convGeometry,
  DILATED_CONV_2D,
  DILATED_CONV_2D_FILTER_GRADIENT,
  DILATED_CONV_2D_INPUT_GRADIENT,
  InputError,
  LAYER_NORM,
  LAYER_NORM_GRADIENT,
  MOVING_STATISTICS,
  PRELU_GRADIENT,
  ROI_ALIGN,
  ROI_ALIGN_GRADIENT,
  SGD_STEP,
  SIGN_CONV_2D,
  SIGN_CONV_2D_GRADIENT,
  SOFTMAX_CROSS_ENTROPY,
  TWO_VALUES,
  TWO_VALUES_GRADIENT,
} from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { engineBackends } from '../cases/backends.js';
import { difference } from '../cases/kernel-case.js';
import { reals } from '../cases/numbers.js';
import { referenceKernels } from '../providers/reference/index.js';
import { backendMemory, useEngine } from '../use-engine.js';

/** runKernel takes attributes of plain numbers only; the contract's hold functions and objects too. */
function run(kernel: string, inputs: Record<string, tf.Tensor>, attrs: object = {}): tf.Tensor[] {
  const result: unknown = tf.engine().runKernel(kernel, inputs, attrs as tf.NamedAttrMap);
  return (Array.isArray(result) ? result : [result]) as tf.Tensor[];
}

const g = convGeometry([2, 5, 5, 3], [3, 3, 3, 4], { padding: 1 });
const attrs = { geometry: g, padValue: 1, layer: 'block1/conv' };
const surrogates = {
  inputSurrogate: { kind: 'box', width: 1 },
  weightSurrogate: { kind: 'identity' },
};
const x = (): tf.Tensor => tf.tensor(reals(150, 1), [2, 5, 5, 3]);
const kernel = (seed = 2): tf.Tensor => tf.tensor(reals(108, seed), [3, 3, 3, 4]);
const dy = (): tf.Tensor => tf.tensor(reals(200, 3), [2, 5, 5, 4]);

describe.each(engineBackends)('%s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend });
  });

  it('refuse classes that are none, shifts that do not fit, and a NaN that has no sign', () => {
    tf.tidy(() => {
      const logits = tf.ones([2, 3]);
      for (const wrong of [3, -1]) {
        const classes = tf.tensor1d([0, wrong], 'int32');
        expect(() => run(CLASS_CROSS_ENTROPY, { logits, classes })).toThrow(
          `class cross-entropy: the class ${wrong} is not in [0, 2]`,
        );
      }
      const classes = tf.tensor1d([0, 1]);
      expect(() => run(CLASS_CROSS_ENTROPY, { logits, classes })).toThrow(InputError);
      const values = { low: -1, high: 1, layer: 'block1/attention' };
      const shift = tf.ones([2]);
      expect(() => run(TWO_VALUES, { x: logits, shift }, values)).toThrow(InputError);
      const box = { scale: 1, k: 1, width: 1, factor: 1 };
      expect(() => run(TWO_VALUES_GRADIENT, { dy: logits, x: logits, shift }, box)).toThrow(
        InputError,
      );
      const broken = tf.tensor1d([0, NaN]);
      expect(() => run(TWO_VALUES, { x: broken }, values)).toThrow('layer "block1/attention"');
    });
  });

  it('are all registered', () => {
    for (const name of [
      ADD_CLIP,
      ADD_CLIP_GRADIENT,
      SIGN_CONV_2D,
      SIGN_CONV_2D_GRADIENT,
      BATCH_NORM,
      BATCH_NORM_ADD_CLIP,
      BATCH_NORM_GRADIENT,
      LAYER_NORM,
      LAYER_NORM_GRADIENT,
      MOVING_STATISTICS,
      PRELU_GRADIENT,
      ROI_ALIGN,
      ROI_ALIGN_GRADIENT,
      SOFTMAX_CROSS_ENTROPY,
      SGD_STEP,
      ADAM_STEP,
      BOP_STEP,
      CANONICAL_CONV_2D,
      DILATED_CONV_2D,
      DILATED_CONV_2D_INPUT_GRADIENT,
      DILATED_CONV_2D_FILTER_GRADIENT,
    ]) {
      expect(tf.getKernel(name, backend)).toBeDefined();
    }
  });

  it('sign convolution: integers, with gradients of three outputs or two', () => {
    const [y] = run(SIGN_CONV_2D, { x: x(), kernel: kernel() }, attrs);
    const expected = new Float32Array(200);
    referenceKernels.signConv2d(reals(150, 1), reals(108, 2), expected, g, 1);
    expect(y.shape).toEqual([2, 5, 5, 4]);
    expect(y.dataSync()).toEqual(expected);

    const two = run(
      SIGN_CONV_2D_GRADIENT,
      { dy: dy(), x: x(), kernel: kernel() },
      { ...attrs, ...surrogates, trainAuxiliary: false },
    );
    expect(two.map((t) => t.shape)).toEqual([
      [2, 5, 5, 3],
      [3, 3, 3, 4],
    ]);
    let calls = 0;
    const three = run(
      SIGN_CONV_2D_GRADIENT,
      { dy: dy(), x: x(), kernel: kernel(), auxiliary: kernel(4) },
      {
        ...attrs,
        ...surrogates,
        trainAuxiliary: true,
        combine: () => {
          calls++;
          return { binary: 1, auxiliary: 0.5, auxiliaryGradient: 2 };
        },
      },
    );
    expect(calls).toBe(1);
    expect(three).toHaveLength(3);
    expect(three[1].dataSync()).toEqual(two[1].dataSync());
    expect(three[0].dataSync()).not.toEqual(two[0].dataSync());
  });

  it('RoIAlign: the bits of the reference in the shapes of the contract, and no box of a picture that is not there', () => {
    const bins = { scale: 0.5, height: 2, width: 3, samplingRatio: 2, aligned: false };
    const corners = [0, 0, 8, 8, -3, 1, 6, 20];
    const regions = (of: number[]) => ({
      boxes: tf.tensor2d(corners, [2, 4]),
      pictures: tf.tensor1d(of, 'int32'),
    });
    const map = { batch: 2, height: 5, width: 5, channels: 3 };
    const [boxes, pictures] = [Float32Array.from(corners), Int32Array.of(1, 0)];
    const [y] = run(ROI_ALIGN, { x: x(), ...regions([1, 0]) }, bins);
    const expected = new Float32Array(36);
    referenceKernels.roiAlign(reals(150, 1), boxes, pictures, expected, map, bins);
    expect(y.shape).toEqual([2, 2, 3, 3]);
    expect(y.dataSync()).toEqual(expected);
    const given = { ...bins, inputShape: [2, 5, 5, 3] };
    const [dx] = run(ROI_ALIGN_GRADIENT, { dy: y, ...regions([1, 0]) }, given);
    const back = new Float32Array(150);
    referenceKernels.roiAlignGradient(expected, boxes, pictures, back, map, bins);
    expect(dx.shape).toEqual([2, 5, 5, 3]);
    expect(dx.dataSync()).toEqual(back);

    expect(() => run(ROI_ALIGN, { x: x(), ...regions([1, 2]) }, bins)).toThrow(
      'a box is of picture 2, but there are 2',
    );
    const far = { ...regions([0, 0]), boxes: tf.fill([2, 4], 2 ** 21) };
    expect(() => run(ROI_ALIGN, { x: x(), ...far }, bins)).toThrow('coordinates must lie within');
    expect(() => run(ROI_ALIGN_GRADIENT, { dy: x(), ...regions([0, 0]) }, given)).toThrow(
      'must have shape [2,2,3,3], got [2,5,5,3]',
    );
  });

  it('canonical convolution: the bits of the reference, with a bias or without', () => {
    for (const bias of [undefined, tf.tensor1d(reals(4, 6))]) {
      const inputs = { x: x(), kernel: kernel(), ...(bias && { bias }) };
      const [y] = run(CANONICAL_CONV_2D, inputs, { geometry: g });
      const expected = new Float32Array(200);
      const biases = bias?.dataSync<'float32'>();
      referenceKernels.canonicalConv2d(reals(150, 1), reals(108, 2), biases, expected, g, 0);
      expect(y.shape).toEqual([2, 5, 5, 4]);
      expect(y.dataSync()).toEqual(expected);
    }
    expect(() =>
      run(CANONICAL_CONV_2D, { x: x(), kernel: kernel(), bias: tf.zeros([3]) }, { geometry: g }),
    ).toThrow('canonical convolution: bias must have shape [4] for this geometry, got [3]');
  });

  it('dilated convolution and its gradients: the bits of the reference on whole numbers', () => {
    const geometry = convGeometry([2, 5, 5, 3], [3, 3, 3, 4], { padding: 3, dilationRate: [3, 2] });
    const [height, width] = [geometry.outHeight, geometry.outWidth];
    const whole = (size: number, k: number) => reals(size, k).map((v) => Math.round(8 * v));
    const [xs, ks, ds] = [whole(150, 1), whole(108, 2), whole(2 * height * width * 4, 3)];
    const inputs = {
      x: tf.tensor(xs, [2, 5, 5, 3]),
      filter: tf.tensor(ks, [3, 3, 3, 4]),
      dy: tf.tensor(ds, [2, height, width, 4]),
    };
    const { x: picture, filter, dy: d } = inputs;
    const y = new Float32Array(ds.length);
    referenceKernels.conv2d(xs, ks, y, geometry);
    expect(run(DILATED_CONV_2D, { x: picture, filter }, { geometry })[0].dataSync()).toEqual(y);
    const dx = new Float32Array(xs.length);
    referenceKernels.conv2dInputGradient(ds, ks, dx, geometry);
    const [atInput] = run(DILATED_CONV_2D_INPUT_GRADIENT, { dy: d, filter }, { geometry });
    expect(atInput.shape).toEqual([2, 5, 5, 3]);
    expect(atInput.dataSync()).toEqual(dx);
    const dfilter = new Float32Array(ks.length);
    referenceKernels.conv2dFilterGradient(xs, ds, dfilter, geometry);
    const [atFilter] = run(DILATED_CONV_2D_FILTER_GRADIENT, { x: picture, dy: d }, { geometry });
    expect(atFilter.shape).toEqual([3, 3, 3, 4]);
    expect(atFilter.dataSync()).toEqual(dfilter);
    expect(() =>
      run(DILATED_CONV_2D, { x: picture, filter: tf.zeros([3, 3, 3, 5]) }, { geometry }),
    ).toThrow('dilated convolution: filter must have shape [3,3,3,4] for this geometry');
    expect(() =>
      run(DILATED_CONV_2D_INPUT_GRADIENT, { dy: picture, filter }, { geometry }),
    ).toThrow('dilated convolution: dy must have shape');
  });

  it('add and clip: of one tensor or two of one shape, and its gradient', () => {
    const range = { low: -1, high: 2 };
    const [a, b] = [tf.tensor2d([[0.5, -3, NaN]]), tf.tensor2d([[1, 1, 1]])];
    expect([...run(ADD_CLIP, { a }, range)[0].dataSync()]).toEqual([0.5, -1, NaN]);
    const [y] = run(ADD_CLIP, { a, b }, range);
    expect(y.shape).toEqual([1, 3]);
    expect([...y.dataSync()]).toEqual([1.5, -1, NaN]);
    const [dx] = run(ADD_CLIP_GRADIENT, { dy: tf.tensor2d([[7, 8, 9]]), y }, range);
    expect([...dx.dataSync()]).toEqual([7, 0, 0]);
    expect(() => run(ADD_CLIP, { a, b: tf.zeros([3, 1]) }, range)).toThrow(
      'add and clip: a and b must have one shape, got [1,3] and [3,1]',
    );
    expect(() => run(ADD_CLIP_GRADIENT, { dy: tf.zeros([3]), y }, range)).toThrow(InputError);
  });

  it('batch norm with sum and clip: the bits of batch norm, then sum and clip', () => {
    const epsilon = 1e-3;
    const norm = { x: x(), gamma: tf.tensor1d(reals(3, 5)), beta: tf.tensor1d(reals(3, 6)) };
    const values = reals(150, 7).with(4, NaN).with(5, Infinity);
    const shortcut = tf.tensor(values, [2, 5, 5, 3]);
    const [a, ...statistics] = run(BATCH_NORM, norm, { epsilon });
    for (const range of [
      { low: -1, high: 1 },
      { low: -Infinity, high: 0.3 },
    ]) {
      for (const b of [undefined, { shortcut }]) {
        const found = run(BATCH_NORM_ADD_CLIP, { ...norm, ...b }, { epsilon, ...range });
        const [y] = run(ADD_CLIP, { a, ...(b && { b: b.shortcut }) }, range);
        expect(found.map((t) => t.dataSync())).toEqual([y, ...statistics].map((t) => t.dataSync()));
      }
    }
    const bad = { ...norm, shortcut: tf.zeros([50, 3]) };
    expect(() => run(BATCH_NORM_ADD_CLIP, bad, { epsilon, low: -1, high: 1 })).toThrow(
      'batch norm: the shortcut must have the shape of x, [2,5,5,3], got [50,3]',
    );
  });

  it('moving statistics: the bits of products and sums apart', () => {
    const [mean, variance, batchMean, batchVariance] = [1, 2, 3, 4].map((seed) =>
      tf.tensor1d(reals(17, seed)),
    );
    const inputs = { mean, variance, batchMean, batchVariance };
    const keep = 0.9;
    const unbias = 50 / 49;
    const found = run(MOVING_STATISTICS, inputs, { keep, unbias });
    const move = (moving: tf.Tensor, batch: tf.Tensor) =>
      tf.add(tf.mul(moving, keep), tf.mul(batch, 1 - keep));
    const expected = [move(mean, batchMean), move(variance, tf.mul(batchVariance, unbias))];
    expect(found.map((t) => t.dataSync())).toEqual(expected.map((t) => t.dataSync()));
    expect(() =>
      run(MOVING_STATISTICS, { ...inputs, batchMean: tf.zeros([4]) }, { keep, unbias }),
    ).toThrow('moving statistics: batchMean must have shape [17]');
  });

  it('a NaN in a sign is an error that names the layer, and leaves no block behind', () => {
    const broken = tf.tensor(reals(150, 1).with(7, NaN), [2, 5, 5, 3]);
    const good = kernel();
    const before = backendMemory()?.liveBlocks;
    const attempt = () => run(SIGN_CONV_2D, { x: broken, kernel: good }, attrs);
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(/layer "block1\/conv": the input holds a NaN/);
    expect(backendMemory()?.liveBlocks).toBe(before);
    expect(() => run(SIGN_CONV_2D, { x: x(), kernel: tf.fill([3, 3, 3, 4], NaN) }, attrs)).toThrow(
      /the kernel holds a NaN/,
    );
  });

  it('shapes that do not fit the geometry never reach the arithmetic', () => {
    expect(() => run(SIGN_CONV_2D, { x: x(), kernel: tf.zeros([3, 3, 3, 5]) }, attrs)).toThrow(
      /layer "block1\/conv": kernel must have shape \[3,3,3,4\].*got \[3,3,3,5\]/,
    );
    const inputs = { dy: dy(), x: x(), kernel: kernel() };
    const without = { ...attrs, ...surrogates, trainAuxiliary: true };
    expect(() => run(SIGN_CONV_2D_GRADIENT, inputs, without)).toThrow(/without an auxiliary/);
    expect(() => run(SIGN_CONV_2D_GRADIENT, { ...inputs, auxiliary: kernel() }, without)).toThrow(
      /needs `combine`/,
    );
    expect(() =>
      run(BATCH_NORM, { x: x(), gamma: tf.zeros([4]), beta: tf.zeros([3]) }, { epsilon: 1e-3 }),
    ).toThrow(/gamma must have shape \[3\]/);
    const three = tf.zeros([3]);
    const rows = { mean: tf.zeros([50]), inverseStd: tf.zeros([50]) };
    expect(() =>
      run(LAYER_NORM, { x: x(), gamma: three, beta: tf.zeros([1]) }, { epsilon: 1e-3 }),
    ).toThrow(/layer norm: beta must have shape \[3\].*got \[1\]/);
    expect(() => run(LAYER_NORM_GRADIENT, { dy: dy(), x: x(), gamma: three, ...rows })).toThrow(
      /layer norm: dy \[2,5,5,4\] and x \[2,5,5,3\] differ in size/,
    );
    expect(() =>
      run(LAYER_NORM_GRADIENT, { dy: x(), x: x(), gamma: three, ...rows, mean: three }),
    ).toThrow(/mean and inverseStd must have shape \[50\].*got \[3\] and \[50\]/);
    expect(() => run(PRELU_GRADIENT, { dy: x(), x: x(), alpha: tf.zeros([5, 3]) })).toThrow(
      /prelu: alpha must be one number or one per channel of \[2,5,5,3\], got \[5,3\]/,
    );
    expect(() =>
      run(SOFTMAX_CROSS_ENTROPY, { logits: tf.zeros([2, 3]), labels: tf.zeros([3, 2]) }),
    ).toThrow(/\[2,3\] and \[3,2\]/);
    expect(() =>
      run(
        SGD_STEP,
        { parameter: tf.zeros([2]), gradient: tf.zeros([2]), velocity: tf.zeros([3]) },
        { learningRate: 1, momentum: 0, nesterov: false, weightDecay: 0 },
      ),
    ).toThrow(/velocity \[3\] and parameter \[2\] differ/);
  });

  it('an error in `combine` comes through and leaves no block behind', () => {
    const inputs = { dy: dy(), x: x(), kernel: kernel(), auxiliary: kernel(4) };
    const before = backendMemory()?.liveBlocks;
    const combine = () => {
      throw new InputError('layer "block1/conv": |g_b| is not finite');
    };
    expect(() =>
      run(SIGN_CONV_2D_GRADIENT, inputs, {
        ...attrs,
        ...surrogates,
        trainAuxiliary: true,
        combine,
      }),
    ).toThrow(/not finite/);
    expect(backendMemory()?.liveBlocks).toBe(before);
    expect([...tf.add(tf.ones([2]), 1).dataSync()]).toEqual([2, 2]);
  });

  it('batch norm, softmax cross-entropy and optimizer steps give their outputs in order', () => {
    const gamma = tf.tensor1d(reals(3, 5));
    const [y, mean, variance] = run(
      BATCH_NORM,
      { x: x(), gamma, beta: tf.zeros([3]) },
      { epsilon: 1e-3 },
    );
    expect(difference(mean.dataSync(), tf.mean(x(), [0, 1, 2]).dataSync())).toBeLessThan(1e-6);
    const gradients = run(
      BATCH_NORM_GRADIENT,
      { dy: y, x: x(), gamma, mean, variance },
      { epsilon: 1e-3 },
    );
    expect(gradients.map((t) => t.shape)).toEqual([[2, 5, 5, 3], [3], [3]]);

    const [loss, gradient] = run(SOFTMAX_CROSS_ENTROPY, {
      logits: tf.zeros([2, 4]),
      labels: tf.oneHot(tf.tensor1d([1, 3], 'int32'), 4),
    });
    expect(loss.dataSync()[1]).toBeCloseTo(Math.log(4), 6);
    expect([...gradient.dataSync()].slice(0, 4)).toEqual([0.25, -0.75, 0.25, 0.25]);

    const one = tf.ones([2]);
    const [p, v] = run(
      SGD_STEP,
      { parameter: one, gradient: one, velocity: one },
      { learningRate: 0.5, momentum: 0.5, nesterov: false, weightDecay: 0 },
    );
    expect([...p.dataSync(), ...v.dataSync()]).toEqual([0.25, 0.25, 1.5, 1.5]);
    expect([...one.dataSync()]).toEqual([1, 1]);
    const adam = run(
      ADAM_STEP,
      { parameter: one, gradient: one, first: tf.zeros([2]), second: tf.zeros([2]) },
      {
        learningRate: 0.5,
        beta1: 0.5,
        beta2: 0.5,
        epsilon: 0,
        step: 1,
        weightDecay: 0,
        decoupled: false,
      },
    );
    expect(adam.map((t) => t.dataSync()[0])).toEqual([0.5, 0.5, 0.5]);
    const bop = run(
      BOP_STEP,
      { parameter: one, gradient: one, momentum: tf.zeros([2]) },
      { gamma: 0.5, threshold: 0.25 },
    );
    expect(bop.map((t) => t.dataSync()[0])).toEqual([-1, 0.5]);
  });
});
