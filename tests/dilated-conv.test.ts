/**
 * What SSD's VGG-16 needs of layers, on every backend: the float convolution with gaps between its taps, its gradients and its canonical
 * evaluation against plain loops; a low-rank compensator on such a window; the L2 norm; and both kinds of
 * convolution in a packed model.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { convertModel } from '@surge-bnn/converter';
import { canonicalForward, layers, ops } from '@surge-bnn/core';
import { DILATED_CONV_2D, DILATED_CONV_2D_FILTER_GRADIENT } from '@surge-bnn/contract';
import { profileKernels } from '@surge-bnn/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';
import { cases, conv, numbers, sign, slopes } from './formulas.js';
import type { Case, Numbers } from './formulas.js';

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const outShape = (c: Case) => [c.x[0], ...c.out, c.kernel[3]];
/** Eighths: their products and sums are exact in float32. */
const eighths = (length: number, seed: number) =>
  numbers(length, seed).map((v) => Math.round(8 * v) / 8);
const tensor = (values: Numbers, shape: readonly number[]) =>
  tf.tensor(Float32Array.from(values), [...shape]);

const dilated: Case[] = [
  ...cases.filter((c) => c.dilation !== undefined),
  {
    name: '2x3, dilation 3, valid',
    x: [1, 7, 9, 4],
    kernel: [2, 3, 4, 3],
    dilation: 3,
    padding: 'valid',
    padTop: 0,
    padLeft: 0,
    out: [4, 3],
  },
];

function layerOf(c: Case) {
  const layer = layers.conv2d({
    filters: c.kernel[3],
    kernelSize: [c.kernel[0], c.kernel[1]],
    strides: c.stride,
    padding: c.padding,
    dilationRate: c.dilation,
    inputShape: c.x.slice(1),
  });
  return { layer, model: tfl.sequential({ layers: [layer] }) };
}

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => use(backend));

  it.each(dilated)('$name: the float layer, its gradients, its evaluation', (c) => {
    const [x, kernel, dy] = [c.x, c.kernel, outShape(c)].map((s, i) => eighths(size(s), i + 1));
    const expected = conv(c, x, kernel, dy);
    const { layer, model } = layerOf(c);
    expect(model.outputs[0].shape).toEqual([null, ...c.out, c.kernel[3]]);
    model.setWeights([tensor(kernel, c.kernel)]);
    const variable = layer.weights[0].read() as tf.Variable;
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const [input, weights] = [tensor(x, c.x), tensor(dy, outShape(c))];
      const forward = (given: tf.Tensor) => model.apply(given) as tf.Tensor;
      expect([...forward(input).dataSync()]).toEqual([...expected.y]);
      expect([...canonicalForward(model, input).dataSync()]).toEqual([...expected.y]);
      const atInput = tf.grad(forward)(input, weights);
      expect([...atInput.dataSync()]).toEqual([...expected.dx]);
      const { grads } = tf.variableGrads(() => tf.sum(tf.mul(forward(input), weights)), [variable]);
      expect([...grads[variable.name].dataSync()]).toEqual([...expected.dw]);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('a low-rank auxiliary sees the same pixels', () => {
    const c = dilated[0];
    const [x, kernel, dy] = [c.x, c.kernel, outShape(c)].map((s, i) => eighths(size(s), i + 1));
    const binary = conv(c, x.map(sign), kernel.map(sign), dy);
    const gb = binary.dx.map((g, i) => g * slopes['ste'](x[i]));
    const u = eighths(size([3, 3, 3, 2]), 5);
    const v = eighths(size([2, c.kernel[3]]), 6);
    // W_a[.., i, o] = sum over r of U[.., i, r] V[r, o].
    const product = Float64Array.from({ length: size(c.kernel) }, (_, at) => {
      const [row, o] = [Math.floor(at / c.kernel[3]), at % c.kernel[3]];
      return u[2 * row] * v[o] + u[2 * row + 1] * v[c.kernel[3] + o];
    });
    const ga = conv(c, x, product, dy).dx;
    tf.tidy(() => {
      const weights = [tensor(u, [3, 3, 3, 2]), tensor(v, [1, 1, 2, c.kernel[3]])] as const;
      const f = (input: tf.Tensor) =>
        ops.binaryConv2d(input, tensor(kernel, c.kernel), {
          padding: c.padding,
          dilationRate: c.dilation,
          inputBinarizer: 'ste',
          weightBinarizer: 'ste',
          compensator: {
            auxiliary: { form: 'lowRank', weights },
            lambda: { fixed: 0.25 },
          },
        });
      const dx = tf
        .grad(f)(tensor(x, c.x), tensor(dy, outShape(c)))
        .dataSync();
      gb.forEach((g, i) => expect(dx[i]).toBeCloseTo(g + 0.25 * ga[i], 3));
    });
  });

  it('the L2 norm is its formula', () => {
    const x = numbers(2 * 3 * 4 * 33, 1);
    const gamma = numbers(33, 2);
    tf.tidy(() => {
      const y = ops.l2Norm(tensor(x, [2, 3, 4, 33]), tensor(gamma, [33])).dataSync();
      for (let row = 0; row < 24; row++) {
        const own = x.subarray(33 * row, 33 * row + 33);
        const length = Math.sqrt(own.reduce((sum, v) => sum + v * v, 0));
        own.forEach((v, c) => expect(y[33 * row + c]).toBeCloseTo((gamma[c] * v) / length, 5));
      }
    });
  });
});

it('the engine has kernels of its own for it, and no filter with filled gaps', async () => {
  await use('surge-wasm');
  const c = dilated[0];
  const { model } = layerOf(c);
  const { kernels } = await profileKernels(() => {
    tf.tidy(() => {
      const forward = (given: tf.Tensor) => tf.sum<tf.Scalar>(model.apply(given) as tf.Tensor);
      tf.variableGrads(
        () => forward(tf.ones(c.x)),
        [model.trainableWeights[0].read() as tf.Variable],
      );
    });
  });
  for (const name of [DILATED_CONV_2D, DILATED_CONV_2D_FILTER_GRADIENT]) {
    expect(kernels.find(({ kernel }) => kernel === name)).toMatchObject({ path: 'engine' });
  }
  expect(kernels.some(({ kernel }) => kernel === tf.Conv2D)).toBe(false);
});

it('both convolutions ship with their gaps: the packed model has the bits of the evaluated one', async () => {
  await use('surge-wasm');
  const model = tfl.sequential({
    layers: [
      layers.conv2d({
        filters: 9,
        kernelSize: 3,
        padding: 6,
        dilationRate: 6,
        inputShape: [8, 11, 3],
      }),
      layers.batchNorm(),
      layers.binaryConv2d({
        filters: 12,
        kernelSize: 3,
        padding: 6,
        dilationRate: 6,
        padValue: -1,
      }),
      layers.batchNorm(),
      layers.binaryConv2d({
        filters: 7,
        kernelSize: 3,
        padding: 6,
        dilationRate: [6, 2],
        padValue: 0,
      }),
    ],
  });
  const inputs = [tf.randomNormal([5, 8, 11, 3], 0, 1, 'float32', 1)];
  const { report } = await convertModel(model, { inputs, inputsAre: 'noise' });
  expect(report.layers.map(({ kind }) => kind)).toContain('FloatConv2D');
});
