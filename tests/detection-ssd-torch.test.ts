/**
 * SSD300 with VGG-16 computes what torchvision's computes from the same weights, imported under torchvision's names: detections, both losses, and
 * the gradient of every weight. ssd.torch.py made the numbers.
 */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { importTorchWeights } from '@surge-bnn/converter';
import { ssd300, ssdTorchNames } from '@surge-bnn/detection';
import { buildModel, torchNames } from '@surge-bnn/models';
import { beforeAll, describe, expect, it } from 'vitest';
import { nativeIsBuilt, use } from './backends.js';
import { numbers, product } from './torch-numbers.js';

interface PlainTruth {
  readonly boxes: number[];
  readonly classes: number[];
}

interface Golden {
  /** offset + scale v, v the numbers of k. */
  readonly tensors: [name: string, shape: number[], offset: number, scale: number, k: number][];
  readonly sizes: [height: number, width: number][];
  /** Trainable numbers of the whole ssd300_vgg16, by classes with the background. */
  readonly parameters: Record<string, number>;
  readonly names: string[];
  readonly maps: [channels: number, rows: number, columns: number][];
  readonly targets: PlainTruth[];
  readonly detections: (PlainTruth & { readonly scores: number[] })[];
  readonly losses: Record<string, number>;
  /** Of each parameter's gradient the product with the numbers of 500 + its place, and its norm. */
  readonly gradients: Record<string, number>;
  readonly norms: Record<string, number>;
}

const file = new URL('ssd.torch.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

beforeAll(() => use(nativeIsBuilt ? 'surge-native' : 'surge-wasm'));

const published = {
  ...{ precision: 'full', activation: 'relu' },
  ...{ batchNorm: false, shortcuts: false },
};
const context = {
  inputBinarizer: 'ste',
  weightBinarizer: 'ste',
  seed: 1,
  inputShape: [300, 300, 3] as [number, number, number],
  classes: 2,
} as const;

function build() {
  const detector = ssd300(
    {
      backbone: { network: 'imagenet-vgg-16', options: { ...published, width: 8 } },
      detections: { leastScore: 0.4, most: 30 },
    },
    { ...context, inputShape: [300, 300, 3] },
  );
  const tensors = new Map(
    golden.tensors.map(([name, shape, offset, scale, k]) => {
      const values = numbers(k, product(shape)).map((v) => offset + scale * v);
      const bytes = new Uint8Array(Float32Array.from(values).buffer);
      return [name, { dtype: 'F32', shape, bytes }];
    }),
  );
  const names = ssdTorchNames(tensors.keys());
  const report = importTorchWeights(detector.model, tensors, { names });
  expect(report.ignored).toEqual([]);
  const weights = new Map(
    report.weights.map(({ tensor, layer, weight }) => [tensor, `${layer}/${weight}`]),
  );
  return { detector, weights };
}

const batch = () => {
  const picture = tf.tensor(numbers(1000, 2 * 3 * 300 * 300), [2, 3, 300, 300]);
  return {
    pictures: tf.mul<tf.Tensor4D>(tf.transpose(picture, [0, 2, 3, 1]), 1.5),
    sizes: golden.sizes.map(([height, width]) => ({ height, width })),
  };
};

/** OIHW to HWIO. */
const turned = (shape: readonly number[], values: readonly number[]) => {
  const x = tf.tensor([...values], [...shape]);
  return (shape.length === 4 ? tf.transpose(x, [2, 3, 1, 0]) : x).dataSync<'float32'>();
};

describe('SSD300', () => {
  it.each(Object.entries(golden.parameters))(
    'with %s classes has as many parameters as torchvision’s, and a place for each of its tensors',
    (classes, parameters) => {
      const detector = ssd300(
        { backbone: { network: 'imagenet-vgg-16', options: published } },
        { ...context, inputShape: [300, 300, 3], classes: Number(classes) - 1 },
      );
      const sizes = detector.model.trainableWeights.map(({ shape }) => product(shape.map(Number)));
      expect(sizes.reduce((a, b) => a + b, 0)).toBe(parameters);
      const ours = detector.model.weights.map(({ originalName }) => originalName);
      expect(Object.values(ssdTorchNames(golden.names)).sort()).toEqual(ours.toSorted());
      const boxes = [4, 6, 6, 6, 4, 4];
      detector.model.outputs.forEach(({ shape }, i) => {
        const [, rows, columns] = golden.maps[i % 6];
        const each = i < 6 ? Number(classes) : 4;
        expect(shape).toEqual([null, rows, columns, each * boxes[i % 6]]);
      });
      detector.dispose();
    },
  );

  it('has a backbone that torchvision’s vgg16 goes into', () => {
    const model = buildModel(
      {
        network: 'imagenet-vgg-16',
        options: { ...published, width: 1, hidden: 3 },
      },
      { ...context, inputShape: [64, 64, 3] },
    );
    const places = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28];
    const channels = [1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8];
    const dense = [8 * 2 * 2, 3, 3, 2];
    const shapes = [
      ...places.map((place, i) => [
        `features.${place}`,
        [channels[i], i === 0 ? 3 : channels[i - 1], 3, 3],
      ]),
      ...[0, 3, 6].map((place, i) => [`classifier.${place}`, [dense[i + 1], dense[i]]]),
    ] as [string, number[]][];
    const tensors = new Map(
      shapes.flatMap(([name, shape], k) =>
        [[`${name}.weight`, shape] as const, [`${name}.bias`, [shape[0]]] as const].map(
          ([tensor, size]) => {
            const values = Float32Array.from(numbers(k, product(size)));
            return [tensor, { dtype: 'F32', shape: size, bytes: new Uint8Array(values.buffer) }];
          },
        ),
      ),
    );
    const report = importTorchWeights(model, tensors, { names: torchNames(model, tensors.keys()) });
    expect(report.weights).toHaveLength(2 * 16);
    expect(report.ignored).toEqual([]);
    const bias = model.getLayer('features.28.bias').getWeights()[0].dataSync();
    expect([...bias]).toEqual([...Float32Array.from(numbers(12, 8))]);
  });

  it('detects the same', () => {
    const { detector } = build();
    const found = detector.detect(batch());
    found.forEach((ours, i) => {
      const theirs = golden.detections[i];
      expect(ours.scores).toHaveLength(theirs.scores.length);
      ours.scores.forEach((score, j) => {
        expect(score).toBeCloseTo(theirs.scores[j], 4);
        expect(ours.classes[j]).toBe(theirs.classes[j]);
        for (let c = 0; c < 4; c++) {
          expect(Math.abs(ours.boxes[4 * j + c] - theirs.boxes[4 * j + c])).toBeLessThan(0.01);
        }
      });
    });
  });

  it('has the same losses and gradients', () => {
    const { detector, weights } = build();
    const parameters = Object.keys(golden.gradients);
    const all = new Map(detector.model.weights.map((w) => [w.originalName, w]));
    const variables = parameters.map(
      (name) => all.get(weights.get(name) ?? '')?.read() as tf.Variable,
    );
    const values: Record<string, number> = {};
    const truths = golden.targets.map(({ boxes, classes }) => ({
      boxes: Float32Array.from(boxes),
      classes: Int32Array.from(classes),
    }));
    const { grads } = tf.variableGrads(() => {
      const { total, parts } = detector.losses(batch(), truths, () => 0.5);
      for (const [name, part] of Object.entries(parts)) values[name] = part.dataSync()[0];
      return total;
    }, variables);
    const { losses, gradients, norms } = golden;
    expect(values.classification).toBeCloseTo(losses.classification, 3);
    expect(values.box).toBeCloseTo(losses.bbox_regression, 4);
    parameters.forEach((name, k) => {
      const shape = golden.tensors.find(([tensor]) => tensor === name)?.[1] ?? [];
      const probe = turned(shape, numbers(500 + k, product(shape)));
      const gradient = grads[variables[k].name].dataSync<'float32'>();
      const along = gradient.reduce((sum, v, i) => sum + v * probe[i], 0);
      expect(Math.abs(along - gradients[name]), name).toBeLessThanOrEqual(2e-3 * norms[name]);
      expect(norms[name], name).toBeGreaterThan(0);
    });
    expect(parameters).toHaveLength(71);
  });
});
