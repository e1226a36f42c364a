/**
 * SSD with its packages together: a step on every backend, gradients that reach every layer, and a binary VGG-16 with SURGE that learns to find and
 * tell apart coloured shapes.
 */
import * as tf from '@tensorflow/tfjs-core';
import { attachCompensator, binaryLayers, surge } from '@surge-bnn/core';
import { randomStream } from '@surge-bnn/data';
import { ssd300 } from '@surge-bnn/detection';
import type { Detector, DetectorContext, SsdChoices, Truth } from '@surge-bnn/detection';
import { profileKernels } from '@surge-bnn/engine';
import { boxes as arithmetic } from '@surge-bnn/runtime';
import '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { backends, nativeIsBuilt, use } from './backends.js';

const context: DetectorContext = {
  inputBinarizer: 'approx-sign',
  weightBinarizer: 'ste',
  seed: 1,
  inputShape: [48, 48, 3],
  classes: 2,
};
const vgg = (options: object = {}) => ({
  network: 'imagenet-vgg-16',
  options: { width: 2, ...options },
});
const published: SsdChoices = {
  backbone: vgg({ precision: 'full', activation: 'relu', batchNorm: false, shortcuts: false }),
};
const binary: SsdChoices = {
  backbone: vgg(),
  extraPrecision: 'binary',
  headPrecision: 'binary',
  padValue: -1,
};
/** On each map an object where one of its default boxes stands. */
const objects: Truth = {
  boxes: Float32Array.from(
    [
      [12, 0.07],
      [8, 0.15],
      [16, 0.33],
      [32, 0.51],
      [24, 0.69],
      [24, 0.87],
    ].flatMap(([centre, share]) => [-24, -24, 24, 24].map((side) => centre + share * side)),
  ),
  classes: Int32Array.of(1, 2, 1, 2, 1, 2),
};
const nothing: Truth = { boxes: new Float32Array(0), classes: new Int32Array(0) };
/** Four: of one pixel in two pictures batch norm makes -1 and 1, where a hardtanh is flat. */
const someBatch = () => ({
  pictures: tf.randomNormal<tf.Rank.R4>([4, 48, 48, 3], 0, 1, 'float32', 7),
  sizes: [
    { width: 48, height: 48 },
    { width: 40, height: 30 },
    { width: 48, height: 48 },
    { width: 48, height: 40 },
  ],
});
const variablesOf = (detector: Detector) =>
  detector.model.trainableWeights.map((w) => w.read() as tf.Variable);
const norm = (values: ArrayLike<number>) =>
  Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0));

describe('the losses of SSD', () => {
  it.each([
    ['binary throughout', binary],
    ['binary weights on float inputs', { ...binary, padValue: 0 as const }],
  ])(
    '%s: the same finite gradients on every backend, on kernels of its own; none is 0, no tensor is left',
    async (name, options) => {
      const own: DetectorContext =
        name === 'binary weights on float inputs'
          ? { ...context, inputBinarizer: 'none' }
          : context;
      let expected: Float32Array[] | undefined;
      // The reference's kernels, on which both others are held by themselves, would take minutes.
      for (const backend of backends.filter((one) => one !== 'surge-reference')) {
        await use(backend);
        const detector = ssd300(options, own);
        attachCompensator(detector.model, surge({ eta: 0.3 }), { seed: 2 });
        const batch = someBatch();
        const variables = variablesOf(detector);
        const step = () =>
          tf.tidy(() => {
            const { value, grads } = tf.variableGrads(
              () => detector.losses(batch, [objects, nothing, objects, objects], Math.random).total,
              variables,
            );
            const read = (t: tf.Tensor) => t.dataSync<'float32'>().slice();
            return [read(value), ...variables.map(({ name: key }) => read(grads[key]))];
          });
        const { result: found, kernels } = await profileKernels(step);
        expect(found[0][0]).toBeGreaterThan(0);
        const before = tf.memory().numTensors;
        // In training batch norm does not look at its moving statistics.
        expect(step()[0]).toEqual(found[0]);
        expect(tf.memory().numTensors).toBe(before);
        if (backend !== 'cpu') {
          const convolutions = kernels.filter(({ kernel }) => /Conv2D/.test(kernel));
          expect(convolutions.length).toBeGreaterThan(0);
          expect(convolutions.filter(({ path }) => path === 'cpu')).toEqual([]);
        }
        expected ??= found;
        const least = 1e-3 * Math.max(...expected.map(norm));
        found.forEach((values, i) => {
          const theirs = expected?.[i] ?? [];
          const size = norm(theirs);
          expect(size, variables[i - 1]?.name).toBeGreaterThan(0);
          const difference = norm(values.map((v, k) => v - theirs[k]));
          expect(
            difference / Math.max(size, least),
            `${variables[i - 1]?.name} on ${backend}`,
          ).toBeLessThan(1e-2);
        });
        tf.dispose(batch.pictures);
        detector.dispose();
      }
    },
    120_000,
  );

  it.each(['classification', 'regression'])(
    'have the slopes of finite differences at the biases of %s and the scale of the L2 norm',
    async (head) => {
      await use('surge-wasm');
      const detector = ssd300(published, context);
      const batch = someBatch();
      const loss = () =>
        detector.losses(batch, [objects, nothing, objects, objects], Math.random).total;
      const layers = [`head.${head}_head.module_list.3.bias`, 'l2_norm'];
      for (const layer of layers) {
        const weight = detector.model.getLayer(layer).weights[0].read() as tf.Variable;
        const { grads } = tf.variableGrads(loss, [weight]);
        const slopes = [...grads[weight.name].dataSync()];
        const start = [...weight.dataSync()];
        const at = (i: number, by: number) => {
          weight.assign(tf.tensor1d(start.map((v, j) => (j === i ? v + by : v))));
          return loss().dataSync()[0];
        };
        for (const i of [0, 1, 2, 5, start.length - 1]) {
          const difference = (at(i, 0.004) - at(i, -0.004)) / 0.008;
          expect(Math.abs(slopes[i] - difference), `${layer} ${i}`).toBeLessThan(
            4e-3 * Math.max(1, Math.abs(difference)),
          );
          weight.assign(tf.tensor1d(start));
        }
        expect(Math.max(...slopes.map(Math.abs))).toBeGreaterThan(1e-3);
      }
    },
  );
});

/** Grey noise with a red square (1), a wide blue box (2), both, or none. */
function scene(kind: number, seed: number): { pixels: Float32Array; truth: Truth } {
  const stream = randomStream(seed, 'scene');
  const pixels = Float32Array.from({ length: 64 * 64 * 3 }, () => 0.2 * stream.normal());
  const boxes: number[] = [];
  const classes: number[] = [];
  const paint = (c: number, x: number, y: number, width: number, height: number) => {
    for (let i = y; i < y + height; i++) {
      for (let j = x; j < x + width; j++) pixels[(i * 64 + j) * 3 + (c === 1 ? 0 : 2)] += 2;
    }
    boxes.push(x, y, x + width, y + height);
    classes.push(c);
  };
  if (kind & 1) paint(1, 4 + stream.integer(8), 6 + stream.integer(30), 20, 20);
  if (kind & 2) paint(2, 30 + stream.integer(4), 8 + stream.integer(30), 28, 14);
  return { pixels, truth: { boxes: Float32Array.from(boxes), classes: Int32Array.from(classes) } };
}

describe('SSD', () => {
  it('with a binary backbone and SURGE finds what it was trained to find', async () => {
    await use(nativeIsBuilt ? 'surge-native' : 'surge-wasm');
    const detector = ssd300(
      {
        backbone: vgg({ width: 8 }),
        scales: [0.1, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9],
        detections: { leastScore: 0.5, threshold: 0.3, most: 10 },
      },
      { ...context, inputShape: [64, 64, 3] },
    );
    attachCompensator(detector.model, surge({ eta: 0.1 }));
    expect(binaryLayers(detector.model)).toHaveLength(12);
    const scenes = [1, 2, 3, 0].map((kind, i) => scene(kind, i));
    const pixels = scenes.flatMap((s) => Array.from(s.pixels));
    const pictures = tf.tensor4d(pixels, [4, 64, 64, 3]);
    const batch = { pictures, sizes: scenes.map(() => ({ width: 64, height: 64 })) };
    const truths = scenes.map((s) => s.truth);
    const variables = variablesOf(detector);
    // A smaller rate at the end lets the boxes settle.
    const optimizers = [tf.train.adam(0.003), tf.train.adam(0.0005)];
    let [first, last] = [NaN, NaN];
    for (let step = 0; step < 160; step++) {
      const { value, grads } = tf.variableGrads(
        () => detector.losses(batch, truths, Math.random).total,
        variables,
      );
      const gradients = Object.entries(grads).map(([name, tensor]) => ({ name, tensor }));
      optimizers[step < 120 ? 0 : 1].applyGradients(gradients);
      last = value.dataSync()[0];
      if (step === 0) first = last;
      tf.dispose([value, grads]);
    }
    expect(last).toBeLessThan(first / 4);
    const found = detector.detect(batch);
    found.forEach(({ boxes, classes }, i) => {
      const truth = truths[i];
      expect([...new Set(classes)].sort()).toEqual([...truth.classes].sort());
      truth.classes.forEach((c, j) => {
        const overlaps = Array.from(classes, (other, k) =>
          other === c ? arithmetic.boxOverlap(boxes, k, truth.boxes, j) : 0,
        );
        expect(Math.max(...overlaps)).toBeGreaterThan(0.5);
      });
    });
    // Minutes where other work has the machine.
  }, 600_000);
});
