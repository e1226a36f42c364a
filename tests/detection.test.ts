/**
 * Object detection with its packages together: RoIAlign gives the same bits on every backend, and a Faster R-CNN with a binary
 * backbone and SURGE learns to find and tell apart coloured shapes.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ROI_ALIGN } from '@surge-bnn/contract';
import { attachCompensator, binaryLayers, surge } from '@surge-bnn/core';
import { randomStream } from '@surge-bnn/data';
import { fasterRcnn, roiAlign } from '@surge-bnn/detection';
import type { Detector, DetectorContext, FasterRcnnChoices, Truth } from '@surge-bnn/detection';
import { profileKernels } from '@surge-bnn/engine';
import { boxes as arithmetic } from '@surge-bnn/runtime';
import '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { backends, nativeIsBuilt, use } from './backends.js';

describe('RoIAlign', () => {
  const map = { batch: 2, height: 9, width: 7, channels: 19 };
  const shape: [number, number, number, number] = [2, 9, 7, 19];
  const bins = { scale: 0.25, height: 3, width: 4, samplingRatio: 0, aligned: true };
  const stream = randomStream(1, 'roi-align');
  const draw = (count: number) => Float32Array.from({ length: count }, () => stream.normal());
  const x = draw(2 * 9 * 7 * 19);
  const dy = draw(5 * 3 * 4 * 19);
  const regions = {
    boxes: Float32Array.of(0, 0, 28, 36, -9, 3, 12, 50, 5, 5, 6, 7, 20, 20, 9, 9, 90, 90, 99, 99),
    pictures: Int32Array.of(0, 1, 1, 0, 1),
  };

  it.each(backends)('%s: the runtime’s bits, forward and backward', async (backend) => {
    await use(backend, backend === 'surge-native' ? 2 : 1);
    const y = new Float32Array(dy.length);
    arithmetic.roiAlign(x, map, regions.boxes, regions.pictures, bins, y);
    const dx = new Float32Array(x.length);
    arithmetic.roiAlignGradient(dy, map, regions.boxes, regions.pictures, bins, dx);
    const on = (given: tf.Tensor) => roiAlign(given as tf.Tensor4D, regions, bins);
    expect(on(tf.tensor4d(x, shape)).dataSync()).toEqual(y);
    const gradient = tf.grad(on)(tf.tensor4d(x, shape), tf.tensor4d(dy, [5, 3, 4, 19]));
    expect(gradient.dataSync()).toEqual(dx);
  });

  it('runs on the engine’s kernels', async () => {
    await use('surge-wasm');
    const { kernels } = await profileKernels(() => {
      roiAlign(tf.tensor4d(x, shape), regions, bins);
    });
    const used = kernels.find(({ kernel }) => kernel === ROI_ALIGN);
    expect(used).toMatchObject({ path: 'engine' });
  });
});

const drawn = randomStream(3, 'pictures');
const pixels = Float32Array.from({ length: 2 * 64 * 96 * 3 }, () => drawn.normal());

/** Small detectors, and two pictures of which one has objects. */
const context: DetectorContext = {
  inputBinarizer: 'ste',
  weightBinarizer: 'ste',
  seed: 1,
  inputShape: [64, 96, 3],
  classes: 2,
};
const common: FasterRcnnChoices = {
  backbone: { network: 'imagenet-resnet-18', options: { width: 4 } },
  trainingProposals: { before: 30, after: 12, threshold: 0.7 },
  regions: { size: 12 },
};
const fpn: FasterRcnnChoices = {
  ...common,
  neckWidth: 8,
  headWidth: 6,
  anchorSizes: [8, 16, 32, 48, 64],
};
const c4: FasterRcnnChoices = { ...common, neck: 'c4', anchorSizes: [16, 40] };
const nothing: Truth = { boxes: new Float32Array(0), classes: new Int32Array(0) };
const objects: Truth = {
  boxes: Float32Array.of(5, 5, 30, 40, 40, 10, 90, 60),
  classes: Int32Array.of(1, 2),
};
const someBatch = () => ({
  pictures: tf.randomNormal<tf.Rank.R4>([2, 64, 96, 3], 0, 1, 'float32', 7),
  sizes: [
    { width: 96, height: 64 },
    { width: 70, height: 50 },
  ],
});
const variablesOf = (detector: Detector) =>
  detector.model.trainableWeights.map((w) => w.read() as tf.Variable);

describe('the losses of Faster R-CNN', () => {
  it.each([
    ['fpn', fpn, [objects, nothing]],
    [
      'fpn, binary throughout',
      {
        ...fpn,
        proposalPrecision: 'binary' as const,
        neckPrecision: 'binary' as const,
        headPrecision: 'binary' as const,
      },
      [objects, nothing],
    ],
    ['c4', c4, [objects, nothing]],
    ['no object in the batch', fpn, [nothing, nothing]],
  ])(
    '%s: finite parts that add up, a gradient for every variable, no tensor left',
    async (_, options, truths) => {
      await use('surge-wasm');
      const detector = fasterRcnn(options, context);
      const batch = someBatch();
      const variables = variablesOf(detector);
      const values: number[][] = [];
      const step = () => {
        const stream = randomStream(3, 'samples');
        const { value, grads } = tf.variableGrads(() => {
          const { total, parts } = detector.losses(batch, truths, () => stream.uniform());
          values.push([total, ...Object.values(parts)].map((t) => t.dataSync()[0]));
          return total;
        }, variables);
        const missing = variables.filter(({ name }) => !(grads[name] instanceof tf.Tensor));
        tf.dispose([value, grads]);
        return missing.map(({ name }) => name);
      };
      // Without objects no box is learned, and TF.js has nothing for those that only boxes lead to.
      const missing = step();
      if (truths.includes(objects)) expect(missing).toEqual([]);
      else expect(missing.every((name) => name.includes('bbox_pred'))).toBe(true);
      const before = tf.memory().numTensors;
      step();
      expect(tf.memory().numTensors).toBe(before);
      // The same samples, and in training batch norm does not look at its moving statistics.
      expect(values[1]).toEqual(values[0]);
      const [total, ...parts] = values[0];
      expect(parts.every(Number.isFinite)).toBe(true);
      const sum = parts.reduce((a, b) => a + b, 0);
      expect(total).toBeCloseTo(sum, 4);
      if (!truths.includes(objects)) expect([parts[1], parts[3]]).toEqual([0, 0]);
    },
  );

  it.each(['cls_score', 'bbox_pred'])(
    'have the slopes of finite differences at the biases of %s, which move no proposal',
    async (name) => {
      await use('surge-wasm');
      const detector = fasterRcnn(fpn, context);
      const batch = someBatch();
      const bias = detector.model
        .getLayer(`roi_heads.box_predictor.${name}`)
        .weights[1].read() as tf.Variable;
      const loss = () => {
        const stream = randomStream(5, 'samples');
        return detector.losses(batch, [objects, nothing], () => stream.uniform()).total;
      };
      const { grads } = tf.variableGrads(loss, [bias]);
      const slopes = [...grads[bias.name].dataSync()];
      const start = [...bias.dataSync()];
      const at = (i: number, by: number) => {
        bias.assign(tf.tensor1d(start.map((v, j) => (j === i ? v + by : v))));
        return loss().dataSync()[0];
      };
      start.forEach((_, i) => {
        const difference = (at(i, 0.01) - at(i, -0.01)) / 0.02;
        expect(Math.abs(slopes[i] - difference)).toBeLessThan(2e-3);
        bias.assign(tf.tensor1d(start));
      });
      expect(Math.max(...slopes.map(Math.abs))).toBeGreaterThan(0.01);
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

describe('Faster R-CNN', () => {
  it('with a binary backbone and SURGE finds what it was trained to find', async () => {
    await use(nativeIsBuilt ? 'surge-native' : 'surge-wasm');
    const detector = fasterRcnn(
      {
        backbone: { network: 'imagenet-resnet-18', options: { width: 16, activation: 'hardtanh' } },
        neckWidth: 16,
        headWidth: 32,
        anchorSizes: [8, 16, 24, 32, 48],
        trainingProposals: { before: 100, after: 50, threshold: 0.7 },
        proposals: { before: 100, after: 50, threshold: 0.7 },
        regions: { size: 32 },
        detections: { leastScore: 0.5, threshold: 0.3, most: 10 },
      },
      {
        inputBinarizer: 'approx-sign',
        weightBinarizer: 'ste',
        seed: 1,
        inputShape: [64, 64, 3],
        classes: 2,
      },
    );
    attachCompensator(detector.model, surge({ eta: 0.1 }));
    expect(new Set(binaryLayers(detector.model)).size).toBe(16);
    const scenes = [1, 2, 3, 0].map((kind, i) => scene(kind, i));
    const pixels = scenes.flatMap((s) => Array.from(s.pixels));
    const pictures = tf.tensor4d(pixels, [4, 64, 64, 3]);
    const batch = { pictures, sizes: scenes.map(() => ({ width: 64, height: 64 })) };
    const truths = scenes.map((s) => s.truth);
    const variables = detector.model.trainableWeights.map((w) => w.read() as tf.Variable);
    // A smaller rate at the end lets the boxes settle.
    const optimizers = [tf.train.adam(0.002), tf.train.adam(0.0004)];
    let [first, last] = [NaN, NaN];
    for (let step = 0; step < 180; step++) {
      const stream = randomStream(1, 'samples', step);
      const { value, grads } = tf.variableGrads(
        () => detector.losses(batch, truths, () => stream.uniform()).total,
        variables,
      );
      const gradients = Object.entries(grads).map(([name, tensor]) => ({ name, tensor }));
      optimizers[step < 140 ? 0 : 1].applyGradients(gradients);
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

describe('detection in canonical arithmetic', () => {
  const counts: FasterRcnnChoices = {
    proposals: { before: 30, after: 12, threshold: 0.7 },
    detections: { leastScore: 0, most: 20 },
  };
  const binary = {
    proposalPrecision: 'binary' as const,
    neckPrecision: 'binary' as const,
    headPrecision: 'binary' as const,
  };

  it.each([
    ['fpn', { ...fpn, ...counts }],
    ['fpn, binary throughout', { ...fpn, ...counts, ...binary }],
    ['c4', { ...c4, ...counts }],
  ])('%s: the same boxes on every backend, bit for bit', async (_, choices) => {
    const seen: unknown[] = [];
    for (const backend of backends) {
      await use(backend, backend === 'surge-native' ? 2 : 1);
      const detector = fasterRcnn(choices, context);
      const batch = {
        pictures: tf.tensor4d(pixels, [2, 64, 96, 3]),
        sizes: someBatch().sizes,
      };
      const before = tf.memory().numTensors;
      const found = detector.detect(batch, { canonical: true });
      expect(tf.memory().numTensors).toBe(before);
      expect(found.every(({ scores }) => scores.length > 0)).toBe(true);
      // Each picture by itself, padded as much, is the same.
      const [, second] = detector.detect(batch, { canonical: true });
      const alone = {
        pictures: tf.slice(batch.pictures, [1, 0, 0, 0], [1, 64, 96, 3]),
        sizes: [batch.sizes[1]],
      };
      expect(detector.detect(alone, { canonical: true })).toEqual([second]);
      seen.push(found);
      detector.dispose();
    }
    for (const found of seen) expect(found).toEqual(seen[0]);
  });
});
