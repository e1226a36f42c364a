/** Float layers as int8: what ships computes what plain loops over integers compute, and what cannot be is refused. */
import '@tensorflow/tfjs-backend-cpu';
import { InputError } from '@surge-bnn/contract';
import { layers } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { decodeModel, PackedModel } from '@surge-bnn/runtime';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../convert.js';
import { everyLayer, pictures, trained } from '../every-layer.fixture.js';
import { packModel } from '../pack.js';
import type { ConvertOptions } from '../types.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const f = Math.fround;
const seeded = (seed: number) => tfl.initializers.randomNormal({ seed, stddev: 0.5 });

/** A convolution with stride and padding, and a dense layer behind its relu. */
function small(): Model {
  return tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        name: 'stem',
        filters: 3,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: seeded(1),
        biasInitializer: seeded(2),
        inputShape: [5, 5, 2],
      }),
      tfl.layers.flatten({ name: 'flat' }),
      tfl.layers.dense({
        name: 'classifier',
        units: 4,
        useBias: false,
        kernelInitializer: seeded(3),
      }),
    ],
  });
}

const noise = (count: number, seed: number, shape = [5, 5, 2]) =>
  tf.randomNormal([count, ...shape], 0, 1, 'float32', seed);

const int8 = (calibration: tf.Tensor): Partial<ConvertOptions> => ({
  floatWeights: 'i8',
  calibration: { inputs: [calibration], inputsAre: 'noise' },
});

const convert = (model: Model, options: Partial<ConvertOptions>, x = noise(9, 5)) =>
  convertModel(model, { inputs: [x], inputsAre: 'noise', ...options });

/** Integer nearest to t, of two the even one, at most 127 in size. */
function nearest(t: number): number {
  const limited = Math.max(-127, Math.min(127, t));
  const candidates = [Math.floor(limited), Math.ceil(limited)];
  const [down, up] = candidates.map((one) => Math.abs(one - limited));
  if (down !== up) return candidates[down < up ? 0 : 1];
  return candidates.find((one) => one % 2 === 0) ?? limited;
}

/** What int8 makes of a kernel: integers and scales, a column for each filter. */
function columns(kernel: ArrayLike<number>, filters: number) {
  const values = Array.from(kernel);
  const scale = Array.from({ length: filters }, (_, u) => {
    const own = values.filter((_, i) => i % filters === u);
    return f(Math.max(...own.map(Math.abs)) / 127);
  });
  return { scale, integers: values.map((w, i) => nearest(w / scale[i % filters])) };
}

/** The network of `small` in integers, from its weights and the largest inputs of both layers. */
function smallInIntegers(model: Model, x: Float32Array, limits: readonly number[]): number[] {
  const [kernel, bias, dense] = model.getWeights().map((w) => w.dataSync());
  const factors = limits.map((limit) => f(127 / limit));
  const stem = columns(kernel, 3);
  const last = columns(dense, 4);
  const out: number[] = [];
  for (let from = 0; from < x.length; from += 50) {
    const features: number[] = [];
    for (let oy = 0; oy < 3; oy++) {
      for (let ox = 0; ox < 3; ox++) {
        for (let u = 0; u < 3; u++) {
          let sum = 0;
          for (let ky = 0; ky < 3; ky++) {
            for (let kx = 0; kx < 3; kx++) {
              const [iy, ix] = [2 * oy + ky - 1, 2 * ox + kx - 1];
              if (iy < 0 || iy > 4 || ix < 0 || ix > 4) continue;
              for (let c = 0; c < 2; c++) {
                const q = nearest(f(factors[0] * x[from + (iy * 5 + ix) * 2 + c]));
                sum += q * stem.integers[((ky * 3 + kx) * 2 + c) * 3 + u];
              }
            }
          }
          const y = f(f(f(stem.scale[u] / factors[0]) * f(sum)) + bias[u]);
          features.push(y <= 0 ? 0 : y);
        }
      }
    }
    for (let u = 0; u < 4; u++) {
      let sum = 0;
      features.forEach((y, i) => {
        sum += nearest(f(factors[1] * y)) * last.integers[i * 4 + u];
      });
      out.push(f(f(last.scale[u] / factors[1]) * f(sum)));
    }
  }
  return out;
}

describe('a network of int8 layers', () => {
  it('computes what loops over integers compute', async () => {
    const model = small();
    const x = noise(20, 7);
    const data = x.dataSync<'float32'>();
    const { bytes, report } = await convert(model, int8(noise(30, 6)), x);
    const { agreement } = report;
    expect(agreement).toMatchObject({ inputs: 20, equalOutputs: 20, largestDifference: 0 });
    const { stem, classifier } = agreement.calibration?.limits ?? {};
    const packed = PackedModel.fromBytes(bytes).run(data);
    expect([...packed]).toEqual(smallInIntegers(model, data, [stem, classifier]));
    // The inputs of the calibration were others, so that some numbers are cut off; near they stay.
    expect(agreement.rounding?.of).toEqual(['int8 layers']);
    expect(agreement.rounding?.largestDifference).toBeGreaterThan(0);
    expect(agreement.rounding?.largestDifference).toBeLessThan(1);
  });

  it('is calibrated by the largest input of each layer in the float network', async () => {
    const model = small();
    const x = noise(30, 6);
    const numbers = x.dataSync<'float32'>();
    const largest = Math.max(...numbers.map(Math.abs));
    const before = tfl.model({ inputs: model.inputs, outputs: model.layers[0].output });
    const features = before.predict(noise(30, 6)) as tf.Tensor;
    const most = Math.max(...features.dataSync());
    const { report } = await convert(model, int8(x));
    const { calibration } = report.agreement;
    expect(calibration).toMatchObject({ inputs: 30, inputsAre: 'noise', percentile: 100 });
    expect(calibration?.limits.stem).toBe(largest);
    expect(calibration?.limits.classifier).toBeCloseTo(most, 5);
  });

  it('is calibrated by a percentile where that is asked for, and says so in the file', async () => {
    const values = Array.from({ length: 50 }, (_, i) => (i + 1) / 64);
    const x = tf.tensor(values, [1, 5, 5, 2]);
    const calibration = { inputs: [x], inputsAre: 'a ramp', percentile: 50 };
    const { report, bytes } = await convert(small(), { floatWeights: 'i8', calibration });
    // The 25th of 50 is 25/64, whose 8 significant bits end where the next bucket begins.
    expect(report.agreement.calibration?.limits.stem).toBe(25 / 64 + 2 ** -9);
    expect(decodeModel(bytes).metadata.agreement).toEqual(report.agreement);
  });

  it('has edges of i8, of version 2, and a quarter of the weights', async () => {
    const { bytes, report } = await convert(small(), int8(noise(5, 1)));
    const { graph, tensors } = decodeModel(bytes);
    expect(graph.nodes.map(({ name, op, output }) => `${name} ${op} ${output.type}`)).toEqual([
      'stem/int8 quantize i8',
      'stem conv2d f32',
      'stem/activation relu f32',
      'flat reshape f32',
      'classifier/int8 quantize i8',
      'classifier dense f32',
    ]);
    expect([...tensors].map(([key, { dtype }]) => `${key} ${dtype}`)).toEqual([
      'stem/bias F32',
      'stem/scale F32',
      'classifier/scale F32',
      'stem/kernel I8',
      'classifier/kernel I8',
    ]);
    expect(report.size.payload).toBe(4 * 3 + 4 * 3 + 4 * 4 + 54 + 108);
    const kinds = report.layers.flatMap(({ nodes }) => nodes.flatMap(({ kind }) => kind ?? []));
    expect(kinds).toEqual(['8w/8a', '8w/8a']);
  });

  it('with int8 weights alone computes in floats, and needs no calibration', async () => {
    const model = small();
    const { bytes, report } = await convert(model, { floatWeights: 'i8-weights' });
    expect(report.agreement).toMatchObject({ equalOutputs: 9, rounding: { of: ['int8 kernels'] } });
    expect(report.agreement).not.toHaveProperty('calibration');
    const kinds = report.layers.flatMap(({ nodes }) => nodes.flatMap(({ kind }) => kind ?? []));
    expect(kinds).toEqual(['8w/32a', '8w/32a']);
    const widened = model.getWeights().map((w, i) => {
      if (w.rank === 1) return w;
      const { integers, scale } = columns(w.dataSync(), [3, 0, 4][i]);
      return tf.tensor(
        integers.map((k, j) => f(k * scale[j % scale.length])),
        w.shape,
      );
    });
    model.setWeights(widened);
    const x = noise(9, 5).dataSync<'float32'>();
    const expected = PackedModel.from(packModel(model).source).run(x);
    expect(PackedModel.fromBytes(bytes).run(x)).toEqual(expected);
  });

  it('may have another form for each layer', async () => {
    const layerWeights = { stem: 'f16' } as const;
    const { report } = await convert(small(), { ...int8(noise(5, 1)), layerWeights });
    const kinds = report.layers.flatMap(({ nodes }) => nodes.flatMap(({ kind }) => kind ?? []));
    expect(kinds).toEqual(['16w/32a', '8w/8a']);
    expect(report.agreement.rounding?.of).toEqual(['float16 kernels', 'int8 layers']);
    expect(Object.keys(report.agreement.calibration?.limits ?? {})).toEqual(['classifier']);
  });
});

describe('a network with every layer', () => {
  let model: Model;
  beforeAll(async () => {
    model = await trained(everyLayer());
  });
  const proof = { inputs: () => [pictures(9)], inputsAre: 'random pictures' };

  it.each<[string, Partial<ConvertOptions>, string]>([
    ['int8 layers', { floatWeights: 'i8' }, '8w/8a'],
    ['int8 weights', { floatWeights: 'i8-weights' }, '8w/32a'],
  ])('of %s agrees bit for bit, leaks no tensor, changes no weight', async (_, options, kind) => {
    const weights = () => model.getWeights().map((w) => Array.from(w.dataSync()));
    const before = weights();
    const count = tf.memory().numTensors;
    const calibration = { inputs: [pictures(8, 3)], inputsAre: 'others' };
    const { report, bytes } = await convertModel(model, {
      ...proof,
      inputs: proof.inputs(),
      ...options,
      ...(options.floatWeights === 'i8' ? { calibration } : {}),
    });
    if (options.floatWeights !== 'i8') tf.dispose(calibration.inputs);
    expect(tf.memory().numTensors).toBe(count);
    expect(weights()).toEqual(before);
    expect(report.agreement.equalOutputs).toBe(9);
    const kinds = report.layers.flatMap(({ layer, nodes }) =>
      nodes.filter((node) => node.kind === kind).map(() => layer),
    );
    expect(kinds).toEqual(['border', 'stem', 'depthwise', 'halved', 'hidden', 'classifier']);
    expect(decodeModel(bytes).graph.nodes.some(({ op }) => op === 'quantize')).toBe(
      kind === '8w/8a',
    );
    expect(report.layers.reduce((sum, layer) => sum + layer.bytes, 0)).toBe(report.size.payload);
  });

  it('gives the same bytes again, compressed, too', async () => {
    const once = () =>
      convertModel(model, {
        ...proof,
        inputs: proof.inputs(),
        ...int8(pictures(4, 3)),
        compact: true,
      });
    const [a, b] = [await once(), await once()];
    expect(a.bytes).toEqual(b.bytes);
    expect(a.bytes.length).toBe(a.report.size.total);
    expect(decodeModel(a.bytes).metadata.agreement).toEqual(a.report.agreement);
  });
});

describe('layers that read one edge, or are called twice', () => {
  it('share its integers, and their weights', async () => {
    const input = tfl.input({ shape: [6] });
    const dense = (name: string, seed: number) =>
      tfl.layers.dense({ name, units: 6, kernelInitializer: seeded(seed) });
    const twice = dense('twice', 1);
    const on = (layer: tfl.layers.Layer, x: tfl.SymbolicTensor | tfl.SymbolicTensor[]) =>
      layer.apply(x) as tfl.SymbolicTensor;
    const sum = on(tfl.layers.add(), [
      on(dense('a', 2), input),
      on(dense('b', 3), input),
      on(twice, on(twice, input)),
    ]);
    const model = tfl.model({ inputs: input, outputs: sum });
    const x = noise(9, 5, [6]);
    const { bytes, report } = await convert(model, int8(noise(20, 4, [6])), x);
    expect(report.agreement.equalOutputs).toBe(9);
    const { graph, tensors } = decodeModel(bytes);
    const quantized = graph.nodes.filter(({ op }) => op === 'quantize').map((n) => n.inputs[0]);
    // Of the input for a and b, and by twice's own factor; and of twice's first result.
    expect(quantized.toSorted()).toEqual(['input', 'input', 'twice']);
    expect([...tensors.keys()].filter((key) => key.startsWith('twice'))).toEqual([
      'twice/bias',
      'twice/scale',
      'twice/kernel',
    ]);
  });
});

describe('refused', () => {
  it.each<[string, Partial<ConvertOptions>, RegExp]>([
    [
      'a form that there is not',
      { floatWeights: 'int8' as 'i8' },
      /floatWeights must be one of f32, f16, i8, i8-weights, got "int8"/,
    ],
    [
      'int8 without a calibration',
      { floatWeights: 'i8' },
      /int8 needs a calibration, .* inputs of stem, classifier get: .* i8-weights/,
    ],
    [
      'a calibration for nothing',
      { calibration: { inputs: [], inputsAre: 'none' } },
      /for float layers of the form i8, and there is none/,
    ],
    [
      'a calibration on nothing',
      { floatWeights: 'i8', calibration: { inputs: [], inputsAre: 'none' } },
      /needs real inputs for the calibration; got none/,
    ],
    [
      'a percentile beyond 100',
      { floatWeights: 'i8', calibration: { inputs: [], inputsAre: '', percentile: 101 } },
      /percentile must be above 0 and at most 100, got 101/,
    ],
    ['a layer that is not there', { layerWeights: { stm: 'f16' } }, /"stm".*did you mean "stem"/],
    [
      'a layer without a float kernel',
      { layerWeights: { flat: 'f16' } },
      /layerWeights names "flat", a Flatten, which has no float kernel; layers that have one: stem, classifier/,
    ],
    [
      'a form of a layer that there is not',
      { layerWeights: { stem: 'f64' as 'f32' } },
      /layerWeights of "stem" must be one of/,
    ],
  ])('%s', async (_, options, message) => {
    await expect(convert(small(), options)).rejects.toThrow(InputError);
    await expect(convert(small(), options)).rejects.toThrow(message);
  });

  it('a calibration of a wrong shape, of zeros, of what is not finite', async () => {
    await expect(convert(small(), int8(noise(2, 1, [5, 5, 3])))).rejects.toThrow(
      /the inputs of the calibration must be float32 \[n, 5, 5, 2\], got float32 \[2,5,5,3\]/,
    );
    await expect(convert(small(), int8(tf.zeros([2, 5, 5, 2])))).rejects.toThrow(
      /layer "stem" cannot be int8: it reads nothing but zeros/,
    );
    await expect(convert(small(), int8(tf.fill([2, 5, 5, 2], Infinity)))).rejects.toThrow(
      /layer "stem" cannot be int8: it reads Infinity on the inputs of the calibration/,
    );
  });

  it('sums of more products than 32 bits hold', () => {
    const wide = tfl.sequential({
      layers: [tfl.layers.dense({ name: 'wide', units: 1, inputShape: [2 ** 17 + 1] })],
    });
    const inputLimits = new Map([['wide', 1]]);
    expect(() => packModel(wide, { floatWeights: 'i8', inputLimits })).toThrow(
      /layer "wide" cannot be int8: its sums have 131073 products, and only those of up to 131072 fit into 32 bits; store it as i8-weights/,
    );
    expect(() => packModel(wide, { floatWeights: 'i8-weights' })).not.toThrow();
  });

  it('int8 without a limit', () => {
    expect(() => packModel(small(), { floatWeights: 'i8' })).toThrow(
      /layer "stem" cannot be int8 without a calibration/,
    );
  });

  it('a binary layer among layerWeights', () => {
    const binary = tfl.sequential({
      layers: [layers.binaryDense({ name: 'binary', units: 2, inputShape: [3] })],
    });
    expect(() => packModel(binary, { layerWeights: { binary: 'f16' } })).toThrow(
      /"binary", a BinaryDense, which has no float kernel; layers that have one: none/,
    );
  });
});
