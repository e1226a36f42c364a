/** Canonical evaluation against formulas written down here, in f64 and with one rounding; refusals; memory. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import * as layers from '../layers/index.js';
import { network } from '../layers/network.fixture.js';
import { layerCalls } from '../model/layer-calls.js';
import { canonicalForward, canonicalOutputs } from './canonical-forward.js';
import type { LinearParts } from './rule.js';

beforeAll(() => tf.setBackend('cpu'));

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const values = (t: tf.Tensor) => t.dataSync<'float32'>();
const f = Math.fround;

/** A model of one layer with drawn weights (positive where a variance may stand). */
function single(layer: tfl.layers.Layer, shape: number[]): tfl.Sequential {
  const model = tfl.sequential();
  model.add(tfl.layers.inputLayer({ inputShape: shape }));
  model.add(layer);
  layer.setWeights(layer.getWeights().map((w, i) => tf.abs(random(w.shape, 10 + i))));
  return model;
}

/** One entry of a convolution: sums in f64 over rows, columns and channels, what lies outside skipped. */
function convEntry(
  x: tf.Tensor,
  kernel: tf.Tensor,
  [n, oy, ox, o]: readonly number[],
  { stride = 1, dilation = 1, pad = 0, groups = 1, bias = 0 },
): number {
  const [, height, width, channels] = x.shape;
  const [rows, columns, groupIn, outputs] = kernel.shape;
  const first = Math.floor(o / (outputs / groups)) * groupIn;
  let sum = 0;
  for (let ky = 0; ky < rows; ky++) {
    for (let kx = 0; kx < columns; kx++) {
      const [iy, ix] = [oy * stride + ky * dilation - pad, ox * stride + kx * dilation - pad];
      if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
      for (let c = 0; c < groupIn; c++) {
        const at = ((n * height + iy) * width + ix) * channels + first + c;
        const weight = ((ky * columns + kx) * groupIn + c) * outputs + o;
        sum += values(x)[at] * values(kernel)[weight];
      }
    }
  }
  return f(sum + bias);
}

function expectConv(
  y: tf.Tensor,
  x: tf.Tensor,
  kernel: tf.Tensor,
  options: Parameters<typeof convEntry>[3] & { biases?: ArrayLike<number> },
): void {
  const [batch, height, width, outputs] = y.shape;
  const expected: number[] = [];
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < height; oy++) {
      for (let ox = 0; ox < width; ox++) {
        for (let o = 0; o < outputs; o++) {
          const bias = options.biases?.[o] ?? 0;
          expected.push(convEntry(x, kernel, [n, oy, ox, o], { ...options, bias }));
        }
      }
    }
  }
  expect([...values(y)]).toEqual(expected);
}

describe('layers that sum', () => {
  const x = random([2, 7, 7, 3], 1);

  it('convolutions: f64 in order, bias last, one rounding', () => {
    const layer = tfl.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' });
    const y = canonicalForward(single(layer, [7, 7, 3]), x);
    const [kernel, bias] = layer.getWeights();
    expect(y.shape).toEqual([2, 4, 4, 4]);
    expectConv(y, x, kernel, { stride: 2, pad: 1, biases: values(bias) });
  });

  it('dilated ones without bias', () => {
    const layer = tfl.layers.conv2d({
      filters: 2,
      kernelSize: 3,
      dilationRate: 2,
      useBias: false,
    });
    const y = canonicalForward(single(layer, [7, 7, 3]), x);
    expectConv(y, x, layer.getWeights()[0], { dilation: 2 });
  });

  it('depthwise ones, whose output channel c m + i sees input channel c', () => {
    const layer = tfl.layers.depthwiseConv2d({
      kernelSize: 3,
      depthMultiplier: 2,
      padding: 'same',
    });
    const y = canonicalForward(single(layer, [7, 7, 3]), x);
    const [kernel, bias] = layer.getWeights();
    const grouped = tf.reshape(kernel, [3, 3, 1, 6]);
    expectConv(y, x, grouped, { pad: 1, groups: 3, biases: values(bias) });
  });

  it('dense layers of any rank', () => {
    const layer = tfl.layers.dense({ units: 5 });
    const y = canonicalForward(single(layer, [7, 7, 3]), x);
    const [kernel, bias] = layer.getWeights();
    expect(y.shape).toEqual([2, 7, 7, 5]);
    expectConv(y, x, tf.reshape(kernel, [1, 1, 3, 5]), { biases: values(bias) });
    const flat = random([4, 6], 3);
    const rows = tfl.layers.dense({ units: 3, useBias: false });
    const z = canonicalForward(single(rows, [6]), flat);
    const asFilter = tf.reshape(rows.getWeights()[0], [1, 1, 6, 3]);
    expectConv(tf.reshape(z, [4, 1, 1, 3]), tf.reshape(flat, [4, 1, 1, 6]), asFilter, {});
  });

  it('mean pools divide by what the window sees of the picture', () => {
    const layer = tfl.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' });
    const y = canonicalForward(single(layer, [7, 7, 3]), x);
    const at = (n: number, iy: number, ix: number, c: number) =>
      values(x)[((n * 7 + iy) * 7 + ix) * 3 + c];
    const corner = (at(1, 0, 0, 2) + at(1, 0, 1, 2) + at(1, 1, 0, 2) + at(1, 1, 1, 2)) / 4;
    expect(values(y)[16 * 3 + 2]).toBe(f(corner));
    const all = canonicalForward(
      single(tfl.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }), [7, 7, 3]),
      x,
    );
    let sum = 0;
    for (let i = 0; i < 49; i++) sum += at(1, Math.floor(i / 7), i % 7, 1);
    expect(all.shape).toEqual([2, 3]);
    expect(values(all)[4]).toBe(f(sum / 49));
  });
});

describe('batch norm', () => {
  const x = random([3, 2, 2, 4], 2);

  it.each([
    ['ours', () => layers.batchNorm({ epsilon: 0.01 })],
    ['of TF.js', () => tfl.layers.batchNormalization({ epsilon: 0.01 })],
  ])('%s is a x + b, each operation rounded', (_, make) => {
    const layer = make();
    const y = canonicalForward(single(layer, [2, 2, 4]), x);
    const [gamma, beta, mean, variance] = layer.getWeights().map(values);
    const expected = [...values(x)].map((value, i) => {
      const c = i % 4;
      const a = f(gamma[c] / f(Math.sqrt(f(variance[c] + f(0.01)))));
      const b = f(beta[c] - f(mean[c] * a));
      return f(f(value * a) + b);
    });
    expect([...values(y)]).toEqual(expected);
  });

  it('of TF.js does without gamma and beta', () => {
    const layer = tfl.layers.batchNormalization({ scale: false, center: false });
    const model = single(layer, [2, 2, 4]);
    const y = values(canonicalForward(model, x));
    const plain = values(model.predict(x) as tf.Tensor);
    y.forEach((value, i) => {
      expect(value).toBeCloseTo(plain[i], 5);
    });
  });
});

describe('activations', () => {
  const x = tf.tensor2d([[-2, -0.5, -0, 0, 0.75, 9]]);
  const through = (layer: tfl.layers.Layer) => [...values(canonicalForward(single(layer, [6]), x))];

  it.each(['relu', 'relu6', 'sigmoid', 'tanh', 'softmax', 'linear'] as const)(
    '%s is that of TF.js, as a layer and at the end of another',
    (activation) => {
      const alone = through(tfl.layers.activation({ activation }));
      const model = single(tfl.layers.activation({ activation }), [6]);
      const plain = values(model.predict(x) as tf.Tensor);
      alone.forEach((value, i) => {
        expect(value).toBeCloseTo(plain[i], 6);
      });
      const dense = tfl.layers.dense({ units: 6, useBias: false, activation });
      const after = single(dense, [6]);
      dense.setWeights([tf.eye(6)]);
      // The sum over a unit matrix turns -0 into 0.
      expect([...values(canonicalForward(after, x))].map((v) => v + 0)).toEqual(
        alone.map((v) => v + 0),
      );
    },
  );

  it('the layers of their own', () => {
    expect(through(tfl.layers.reLU())).toEqual([0, 0, 0, 0, 0.75, 9]);
    expect(through(tfl.layers.reLU({ maxValue: 2.5 }))).toEqual([0, 0, -0, 0, 0.75, 2.5]);
    const leaky = through(tfl.layers.leakyReLU({ alpha: 0.1 }));
    expect(leaky).toEqual([f(-2 * f(0.1)), f(-0.5 * f(0.1)), -0, 0, 0.75, 9]);
    expect(through(tfl.layers.softmax({ axis: -1 }))).toEqual(
      through(tfl.layers.activation({ activation: 'softmax' })),
    );
  });
});

describe('whole models', () => {
  it('is close to predict, and equal where nothing is summed in float', () => {
    const model = network();
    const x = random([4, 6, 6, 3], 5);
    const y = canonicalForward(model, x);
    expect([...values(y)]).toEqual([...values(model.predict(x) as tf.Tensor)]);
  });

  it('a value that is read twice lives until its last reader; dropout gives its input on', () => {
    const input = tfl.input({ shape: [4] });
    const a = tfl.layers.dense({ units: 4 }).apply(input) as tfl.SymbolicTensor;
    const dropped = tfl.layers.dropout({ rate: 0.5 }).apply(a) as tfl.SymbolicTensor;
    const bent = tfl.layers.reLU().apply(dropped) as tfl.SymbolicTensor;
    const sum = tfl.layers.add().apply([a, bent]) as tfl.SymbolicTensor;
    const doubled = tfl.layers.add().apply([sum, sum]) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: input, outputs: doubled });
    const x = random([3, 4], 6);
    const y = values(canonicalForward(model, x));
    const plain = values(model.predict(x) as tf.Tensor);
    y.forEach((value, i) => {
      expect(value).toBeCloseTo(plain[i], 5);
    });
    expect(x.isDisposed).toBe(false);
  });

  it('leaves one tensor behind, its output, and none after an error', () => {
    const model = network();
    const x = random([4, 6, 6, 3], 5);
    canonicalForward(model, x).dispose();
    const before = tf.memory().numTensors;
    const y = canonicalForward(model, x);
    expect(tf.memory().numTensors).toBe(before + 1);
    y.dispose();
    const broken = tf.fill([1, 6, 6, 3], NaN);
    expect(() => canonicalForward(model, broken)).toThrow('layer "c1": the input holds a NaN');
    broken.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const nothing = single(tfl.layers.dropout({ rate: 0.5 }), [6, 6, 3]);
    const same = canonicalForward(nothing, x);
    x.dispose();
    expect(same.isDisposed).toBe(false);
  });
});

describe('what has no canonical evaluation is refused, by name', () => {
  const refusal = (layer: tfl.layers.Layer, shape: number[]) => {
    const model = single(layer, shape);
    return () => canonicalForward(model, tf.zeros([1, ...shape]));
  };

  it('other kinds of layers', () => {
    expect(
      refusal(
        tfl.layers.simpleRNN({ name: 'memory', units: 2, recurrentInitializer: 'zeros' }),
        [3, 2],
      ),
    ).toThrow(
      /layer "memory" is of kind SimpleRNN, which has no canonical evaluation; supported kinds: BinaryConv1D, /,
    );
  });

  it('options of kinds that are supported', () => {
    const channelsFirst = tfl.layers.conv2d({
      name: 'c',
      filters: 1,
      kernelSize: 1,
      dataFormat: 'channelsFirst',
    });
    expect(refusal(channelsFirst, [2, 3, 3])).toThrow(
      'layer "c" (Conv2D) has no canonical evaluation: its dataFormat is channelsFirst; allowed: channelsLast',
    );
    const pool = tfl.layers.maxPooling2d({ poolSize: 2, dataFormat: 'channelsFirst' });
    expect(refusal(pool, [2, 4, 4])).toThrow('its dataFormat is channelsFirst');
    expect(refusal(tfl.layers.dense({ units: 1, activation: 'elu' }), [2])).toThrow(
      'its activation is "elu"; allowed: linear, relu, relu6, sigmoid, tanh, softmax',
    );
    expect(refusal(tfl.layers.softmax({ axis: 1 }), [3, 3, 2])).toThrow(
      'it works along axis 1 of 4 axes; allowed: the last one',
    );
    expect(refusal(tfl.layers.batchNormalization({ axis: 1 }), [3, 3, 2])).toThrow(
      'it works along axis 1',
    );
    const dilated = tfl.layers.depthwiseConv2d({ kernelSize: 2, dilationRate: 2 });
    expect(refusal(dilated, [5, 5, 1])).toThrow('its dilationRate is [2,2], which TF.js itself');
  });

  it('inputs that do not fit', () => {
    const model = network();
    expect(() => canonicalForward(model, tf.zeros([1, 6, 5, 3]))).toThrow(
      /takes float32 \[any, 6, 6, 3\], got float32 \[1,6,5,3\]/,
    );
    expect(() => canonicalForward(model, tf.zeros([1, 6, 6, 3], 'int32'))).toThrow(/got int32/);
    const two = [tfl.input({ shape: [2] }), tfl.input({ shape: [2] })];
    const joined = tfl.layers.add().apply(two) as tfl.SymbolicTensor;
    expect(() =>
      canonicalForward(tfl.model({ inputs: two, outputs: joined }), tf.zeros([1, 2])),
    ).toThrow(/has 2 inputs and 1 outputs/);
  });
});

describe("a linear operator in place of a layer's own", () => {
  const relu = { filters: 2, kernelSize: 3, activation: 'relu' } as const;
  const picture = [5, 4, 3];
  it.each([
    ['conv2d', tfl.layers.conv2d(relu), picture],
    ['our conv2d', layers.conv2d({ filters: 2, kernelSize: 3, padding: 1 }), picture],
    ['depthwise', tfl.layers.depthwiseConv2d({ kernelSize: 2, activation: 'relu' }), picture],
    ['dense', tfl.layers.dense({ units: 4, activation: 'relu' }), [6]],
  ])('of %s gets its parts, and the activation stands behind it', (_, layer, shape) => {
    const model = single(layer, shape);
    const x = random([2, ...shape], 3);
    const count = tf.memory().numTensors;
    // A kernel of twice the size, negated, and no bias: what the layer itself then computes is set as weights below.
    const linear = new Map([
      [
        layer,
        ({ x: of, kernel, bias, product }: LinearParts) => {
          expect(kernel.shape.at(-1)).toBe(model.outputs[0].shape.at(-1));
          expect(bias === undefined).toBe(layer.weights.length === 1);
          return product(of, tf.mul(kernel, -2));
        },
      ],
    ]);
    const y = canonicalForward(model, x, { linear });
    const kernels = layer.getWeights().map((w, i) => (i === 0 ? tf.mul(w, -2) : tf.zerosLike(w)));
    layer.setWeights(kernels);
    const expected = canonicalForward(model, x);
    expect([...values(y)]).toEqual([...values(expected)]);
    tf.dispose([y, expected, ...kernels]);
    expect(tf.memory().numTensors).toBe(count);
  });

  it('is refused where there is none', () => {
    const layer = layers.batchNorm({ name: 'norm' });
    const linear = new Map([[layer, ({ x }: LinearParts) => x]]);
    expect(() => canonicalForward(single(layer, [3]), random([1, 3], 1), { linear })).toThrow(
      'layer "norm" (SurgeBatchNorm) has no linear operator to be replaced; allowed: Conv2D, FloatConv2D',
    );
  });
});

describe('several inputs and outputs', () => {
  const parts = () => {
    const [a, b] = [0, 1].map(() => tfl.input({ shape: [5, 4, 2] }));
    const conv = layers.conv2d({ filters: 3, kernelSize: 3, padding: 1 });
    const [first, second] = [a, b].map((x) => conv.apply(x) as tfl.SymbolicTensor);
    const sum = tfl.layers.add().apply([first, second]) as tfl.SymbolicTensor;
    return { conv, model: tfl.model({ inputs: [a, b], outputs: [sum, first, sum, b] }) };
  };

  it('each as a model of its own computes it, at any size, as tensors of their own', () => {
    const { conv, model } = parts();
    const [x, y] = [random([2, 7, 6, 2], 1), random([2, 7, 6, 2], 2)];
    const before = tf.memory().numTensors;
    const outputs = canonicalOutputs(layerCalls(model), [x, y]);
    expect(new Set(outputs).size).toBe(4);
    expect(tf.memory().numTensors).toBe(before + 4);
    const alone = tfl.input({ shape: [7, 6, 2] });
    const single = tfl.model({ inputs: alone, outputs: conv.apply(alone) as tfl.SymbolicTensor });
    const [first, second] = [x, y].map((of) => values(canonicalForward(single, of)));
    expect([...values(outputs[1])]).toEqual([...first]);
    const sum = [...first].map((v, i) => f(v + second[i]));
    for (const i of [0, 2]) expect([...values(outputs[i])]).toEqual(sum);
    expect([...values(outputs[3])]).toEqual([...values(y)]);
  });

  it('refuses too few inputs and integers', () => {
    const graph = layerCalls(parts().model);
    const x = random([1, 5, 4, 2], 1);
    expect(() => canonicalOutputs(graph, [x])).toThrow(
      '2 inputs are needed, float32, float32, got float32',
    );
    expect(() => canonicalOutputs(graph, [x, tf.cast(x, 'int32')])).toThrow('got float32, int32');
  });
});
