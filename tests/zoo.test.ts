/** Every network of the zoo converts and agrees exactly, and a step of training runs on each engine's own kernels. */
import * as tf from '@tensorflow/tfjs-core';
import { convertModel } from '@surge-bnn/converter';
import { attachCompensator, binaryLayers, ops, surge } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { profileKernels } from '@surge-bnn/engine';
import { networkList } from '@surge-bnn/models';
import { describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';
import { build, classes, zoo } from './zoo.fixture.js';
import type { Options, Shape } from './zoo.fixture.js';

function batch(count: number, inputShape: Shape, seed: number) {
  const x = tf.randomNormal([count, ...inputShape], 0, 1, 'float32', seed);
  const digits = Array.from({ length: count }, (_, i) => (i * i + seed) % classes);
  const labels = tf.cast(tf.oneHot(tf.tensor1d(digits, 'int32'), classes), 'float32');
  return { x, labels };
}

const lossOf = (model: Model, x: tf.Tensor, labels: tf.Tensor) =>
  tf.mean<tf.Scalar>(
    ops.softmaxCrossEntropy(model.apply(x, { training: true }) as tf.Tensor, labels),
  );

it('has each network in it, binary and in full precision', () => {
  for (const full of [false, true]) {
    const names = zoo
      .filter(([, { precision }]) => (precision === 'full') === full)
      .map(([name]) => name);
    expect([...new Set(names)].toSorted()).toEqual(networkList.map((n) => n.name).toSorted());
  }
});

describe.each(zoo)('%s with %j on %j', (network, options, inputShape) => {
  it('agrees bit for bit when it is shipped, every binary layer as bits', async () => {
    await use('surge-wasm');
    const model = build(network, { ...options, ...momentumOf(network) }, inputShape);
    // A few steps on noise: statistics, slopes, shifts and signs are no longer those of the start.
    const optimizer = tf.train.adam(0.02);
    for (let step = 0; step < 4; step++) {
      const { x, labels } = batch(8, inputShape, step);
      optimizer.minimize(() => lossOf(model, x, labels));
      tf.dispose([x, labels]);
      for (const layer of binaryLayers(model)) layer.clipLatentWeights();
    }
    const { x } = batch(20, inputShape, 77);
    const { report } = await convertModel(model, { inputs: [x], inputsAre: 'noise' });
    expect(report.agreement).toMatchObject({ inputs: 20, equalOutputs: 20, largestDifference: 0 });
    for (const layer of binaryLayers(model)) {
      const nodes = report.layers.find((l) => l.layer === layer.name)?.nodes ?? [];
      const packed = layer.inputBinarizer === 'none' ? 'conv2d' : 'binary';
      expect(nodes.some(({ op }) => op.startsWith(packed))).toBe(true);
    }
    optimizer.dispose();
    model.dispose();
  });
});

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
/**
 * One of each, with SURGE and in full precision, on pictures whose sides stay even until they are 1: where a mean's window
 * lies in part outside of the picture, TF.js's plain kernel has a wrong gradient (it divides by the whole window).
 */
const trainees = networkList.flatMap(({ name, defaults, inputShape: [side, , channels] }) => {
  const width = name === 'mlp' ? { units: 12 } : { width: 3 };
  const picture: Shape = side === 28 ? [8, 8, channels] : side === 224 ? [32, 32, 3] : [16, 16, 3];
  const relu = 'activation' in defaults ? { activation: 'relu' } : {};
  const full = { precision: 'full', ...width, ...relu };
  return [width, full].map((options: Options) => [name, options, picture] as const);
});

interface Step {
  /** By the weights' places in the model; TF.js counts in their names. */
  readonly gradients: readonly Float32Array[];
  /** Kernels that the engine left to TF.js's plain ones. */
  readonly plain: readonly string[];
}

async function step(
  [network, options, inputShape]: readonly [string, Options, Shape],
  backend: (typeof backends)[number],
): Promise<Step> {
  await use(backend);
  const model = build(network, options, inputShape);
  if (options.precision !== 'full') attachCompensator(model, surge({ eta: 0.3 }), { seed: 2 });
  // A sum that equals its batch's mean would stand at a sign as 0, give or take a rounding; no beta is 0 now.
  for (const weight of model.trainableWeights) {
    if (!weight.originalName.endsWith('beta')) continue;
    const { size, shape } = weight.read();
    weight.write(
      tf.tensor(
        Float32Array.from({ length: size }, (_, i) => 0.3 + Math.sin(i) / 9),
        shape,
      ),
    );
  }
  const { x, labels } = batch(5, inputShape, 9);
  const variables = model.trainableWeights.map((w) => w.read() as tf.Variable);
  const { result, kernels } = await profileKernels(() =>
    tf.tidy(() => {
      const { grads } = tf.variableGrads(() => lossOf(model, x, labels), variables);
      return variables.map(({ name }) => grads[name].dataSync<'float32'>().slice());
    }),
  );
  tf.dispose([x, labels]);
  model.dispose();
  return { gradients: result, plain: kernels.filter((k) => k.path === 'cpu').map((k) => k.kernel) };
}

describe.each(trainees)('a step of training %s with %j on %j', (...one) => {
  it("has the same finite gradients on every backend, from the engine's own kernels", async () => {
    const expected = (await step(one, 'cpu')).gradients;
    for (const values of expected) expect(values.every(Number.isFinite)).toBe(true);
    for (const backend of backends.filter((b) => b !== 'cpu')) {
      const { gradients, plain } = await step(one, backend);
      // In front of a batch norm a shift has no gradient but what rounding leaves.
      const least = 1e-3 * Math.max(...expected.map(norm));
      gradients.forEach((values, i) => {
        const difference = norm(values.map((v, k) => v - expected[i][k]));
        const size = Math.max(norm(expected[i]), least);
        expect(difference / size, `weight ${i} on ${backend}`).toBeLessThan(1e-3);
      });
      // A reshape and a cast to the same type move nothing; a float input's binary kernel is looked through for NaN and signs.
      const free = ['Reshape', 'Cast'];
      const [network, { precision }] = one;
      if (network === 'binarynet' && precision !== 'full') {
        free.push('IsNan', 'Any', 'Less', 'LessEqual');
      }
      expect(
        plain.filter((kernel) => !free.includes(kernel)),
        backend,
      ).toEqual([]);
    }
  });
});

function momentumOf(network: string): Options {
  return network === 'mlp' ? {} : { momentum: 0.5 };
}
