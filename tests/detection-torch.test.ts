/**
 * Faster R-CNN computes what torchvision's computes from the same weights: proposals and detections, the four losses, and the gradient of
 * every weight; and so do RoIAlign, SSD's default boxes, their matching and its loss. detection.torch.py made the numbers.
 */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Model } from '@surge-bnn/core';
import {
  defaultBoxTargets,
  fasterRcnn,
  matchDefaultBoxes,
  multiboxLoss,
} from '@surge-bnn/detection';
import { boxes as arithmetic } from '@surge-bnn/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { use } from './backends.js';
import { numbers, product } from './torch-numbers.js';

interface PlainTruth {
  readonly boxes: number[];
  readonly classes: number[];
}

interface Golden {
  /** offset + scale v, v the numbers of k. */
  readonly tensors: [name: string, shape: number[], offset: number, scale: number, k: number][];
  readonly sizes: [height: number, width: number][];
  readonly targets: PlainTruth[];
  readonly detections: (PlainTruth & { readonly scores: number[] })[];
  readonly losses: Record<string, number>;
  /** Of each parameter's gradient the product with the numbers of 500 + its place, and its norm. */
  readonly gradients: Record<string, number>;
  readonly norms: Record<string, number>;
  readonly aligns: { samplingRatio: number; aligned: boolean; y: number[]; dx: number[] }[];
  readonly ssd: {
    readonly boxes: number[];
    readonly some: number[];
    readonly targets: PlainTruth[];
    readonly matches: [place: number, object: number][][];
    readonly losses: Record<string, number>;
  };
}

const file = new URL('detection.torch.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;
const truthOf = ({ boxes, classes }: PlainTruth) => ({
  boxes: Float32Array.from(boxes),
  classes: Int32Array.from(classes),
});

beforeAll(() => use('surge-wasm'));

/** A tensor's numbers in the layout of TF.js: OIHW to HWIO, [out, in] to [in, out], and what is read from bins to rows, columns, channels. */
function turned(name: string, shape: readonly number[], values: readonly number[]): Float32Array {
  return tf.tidy(() => {
    const x = tf.tensor([...values], [...shape]);
    if (shape.length === 4) return tf.transpose(x, [2, 3, 1, 0]).dataSync<'float32'>();
    if (shape.length !== 2) return x.dataSync<'float32'>();
    if (!name.includes('fc6')) return tf.transpose(x).dataSync<'float32'>();
    const bins = tf.reshape(x, [shape[0], shape[1] / 49, 7, 7]);
    return tf.transpose(bins, [2, 3, 1, 0]).dataSync<'float32'>();
  });
}

/** The weight of ours that a tensor of torchvision's state dict belongs to. */
function weightOf(model: Model, name: string) {
  const path = name.replace(/^backbone\.(body\.)?/, '');
  const dot = path.lastIndexOf('.');
  const kind = path.slice(dot + 1);
  // Convolutions of neck and first head are wrapped in containers.
  const layer = path.slice(0, dot).replace(/^(fpn\..*|rpn\.head\.conv\.0)\.0$/, '$1');
  const plain = layer.replace(/^rpn\.head\.conv\.0$/, 'rpn.head.conv');
  const isNorm = /(^|\.)(bn\d|downsample\.1)$/.test(plain);
  const hasOwnBias = isNorm || plain.startsWith('roi_heads');
  const found = model.getLayer(kind === 'bias' && !hasOwnBias ? `${plain}.bias` : plain);
  const own = {
    weight: isNorm ? 'gamma' : 'kernel',
    bias: isNorm ? 'beta' : 'bias',
    running_mean: 'movingMean',
    running_var: 'movingVariance',
  }[kind];
  const weight = found.weights.find((w) => w.originalName.split('/').at(-1) === own);
  if (weight === undefined) throw new Error(`${name} has no place`);
  return weight;
}

describe('Faster R-CNN', () => {
  const build = () => {
    const detector = fasterRcnn(
      {
        backbone: {
          network: 'imagenet-resnet-18',
          options: {
            width: 8,
            precision: 'full',
            activation: 'relu',
            shortcut: 'block',
            downsample: 'conv',
          },
        },
        neckWidth: 16,
        headWidth: 32,
        anchorSizes: [8, 16, 32, 48, 64],
        trainingProposals: { before: 60, after: 50, threshold: 0.7 },
        proposals: { before: 40, after: 30, threshold: 0.7 },
        // All candidates are samples.
        anchors: { size: 1e6 },
        regions: { size: 1e6 },
        detections: { leastScore: 0.05, threshold: 0.5, most: 20, smallest: 0.01 },
      },
      {
        inputBinarizer: 'ste',
        weightBinarizer: 'ste',
        seed: 1,
        inputShape: [64, 96, 3],
        classes: 2,
      },
    );
    for (const [name, shape, offset, scale, k] of golden.tensors) {
      const values = numbers(k, product(shape)).map((v) => offset + scale * v);
      const weight = weightOf(detector.model, name);
      const ours = weight.shape.map(Number);
      expect(product(ours)).toBe(product(shape));
      weight.write(tf.tensor(turned(name, shape, values), ours));
    }
    return detector;
  };
  const batch = () => {
    const picture = tf.tensor(numbers(1000, 2 * 3 * 64 * 96), [2, 3, 64, 96]);
    return {
      pictures: tf.mul<tf.Tensor4D>(tf.transpose(picture, [0, 2, 3, 1]), 1.5),
      sizes: golden.sizes.map(([height, width]) => ({ height, width })),
    };
  };

  it('detects the same', () => {
    const found = build().detect(batch());
    found.forEach((ours, i) => {
      const theirs = golden.detections[i];
      expect(ours.scores).toHaveLength(theirs.scores.length);
      expect([...ours.classes].sort()).toEqual(theirs.classes.toSorted());
      // Equal scores may come in another order.
      ours.scores.forEach((score, j) => {
        const same = theirs.scores.some(
          (other, k) =>
            Math.abs(score - other) < 1e-4 &&
            ours.classes[j] === theirs.classes[k] &&
            [0, 1, 2, 3].every(
              (c) => Math.abs(ours.boxes[4 * j + c] - theirs.boxes[4 * k + c]) < 0.01,
            ),
        );
        expect(same, `detection ${j} of picture ${i}`).toBe(true);
      });
    });
  });

  it('has the same losses and gradients', () => {
    const detector = build();
    const parameters = Object.keys(golden.gradients);
    const variables = parameters.map(
      (name) => weightOf(detector.model, name).read() as tf.Variable,
    );
    const values: Record<string, number> = {};
    const { grads } = tf.variableGrads(() => {
      const { total, parts } = detector.losses(batch(), golden.targets.map(truthOf), () => 0.5);
      for (const [name, part] of Object.entries(parts)) values[name] = part.dataSync()[0];
      return total;
    }, variables);
    const { losses, gradients, norms } = golden;
    expect(values.objectness).toBeCloseTo(losses.loss_objectness, 4);
    expect(values.proposalBox).toBeCloseTo(losses.loss_rpn_box_reg, 5);
    expect(values.classification).toBeCloseTo(losses.loss_classifier, 4);
    expect(values.box).toBeCloseTo(losses.loss_box_reg, 5);
    parameters.forEach((name, k) => {
      const gradient = grads[variables[k].name];
      const shape = golden.tensors.find(([tensor]) => tensor === name)?.[1] ?? [];
      const probe = turned(name, shape, numbers(500 + k, product(shape)));
      const along = gradient.dataSync<'float32'>().reduce((sum, v, i) => sum + v * probe[i], 0);
      expect(Math.abs(along - gradients[name]) / norms[name], name).toBeLessThan(2e-3);
    });
    expect(parameters).toHaveLength(90);
  });
});

describe('RoIAlign', () => {
  const boxes = [
    [3, 4, 36, 30],
    [-9, -5, 20, 60],
    [30, 20, 70, 50],
    [9, 9, 10, 11],
    [-300, -300, -200, -200],
  ];
  const map = { batch: 2, height: 6, width: 7, channels: 4 };
  const regions = Float32Array.from(boxes.flat());
  const pictures = Int32Array.of(0, 1, 1, 0, 1);
  /** NCHW to NHWC and back. */
  const last = (values: readonly number[], [n, c, h, w]: number[]) =>
    tf.transpose(tf.tensor([...values], [n, c, h, w]), [0, 2, 3, 1]).dataSync<'float32'>();
  const first = (values: Float32Array, [n, c, h, w]: number[]) =>
    tf.transpose(tf.tensor(values, [n, h, w, c]), [0, 3, 1, 2]).dataSync<'float32'>();

  it.each(golden.aligns)('samplingRatio $samplingRatio, aligned $aligned', (theirs) => {
    const { samplingRatio, aligned } = theirs;
    const options = { scale: 1 / 8, height: 3, width: 2, samplingRatio, aligned };
    const y = new Float32Array(5 * 3 * 2 * 4);
    const x = last(numbers(1, 2 * 4 * 6 * 7), [2, 4, 6, 7]);
    arithmetic.roiAlign(x, map, regions, pictures, options, y);
    first(y, [5, 4, 3, 2]).forEach((v, i) => expect(v).toBeCloseTo(theirs.y[i], 5));
    const dy = last(numbers(2, 5 * 4 * 3 * 2), [5, 4, 3, 2]);
    const dx = new Float32Array(x.length);
    arithmetic.roiAlignGradient(dy, map, regions, pictures, options, dx);
    first(dx, [2, 4, 6, 7]).forEach((v, i) => expect(v).toBeCloseTo(theirs.dx[i], 5));
  });
});

describe('SSD300', () => {
  const maps = [38, 19, 10, 5, 3, 1].map((n) => [n, n] as const);
  const size = { width: 300, height: 300 };
  const defaults = arithmetic.defaultBoxes(arithmetic.ssd300Plan, maps, size);
  const { ssd } = golden;
  const truths = ssd.targets.map(truthOf);

  it('has the same default boxes', () => {
    for (let i = 0; 499 * i < 8732; i++) {
      for (let c = 0; c < 4; c++) {
        expect(defaults[4 * 499 * i + c]).toBeCloseTo(ssd.some[4 * i + c], 3);
      }
    }
    ssd.boxes.forEach((total, c) => {
      const ours = defaults.reduce((sum, v, i) => (i % 4 === c ? sum + v : sum), 0);
      expect(Math.abs(ours - total)).toBeLessThan(0.1);
    });
  });

  it('matches the same', () => {
    truths.forEach(({ boxes }, i) => {
      const matches = matchDefaultBoxes(boxes, defaults, 0.5);
      const found = [...matches.entries()].filter(([, object]) => object >= 0);
      expect(found).toEqual(ssd.matches[i]);
    });
  });

  it('has the same loss', () => {
    const logits = tf.mul<tf.Tensor3D>(tf.tensor3d(numbers(4, 2 * 8732 * 3), [2, 8732, 3]), 2);
    const deltas = tf.tensor3d(numbers(3, 2 * 8732 * 4), [2, 8732, 4]);
    const targets = truths.map((truth) => defaultBoxTargets(truth, defaults));
    const { classification, box } = multiboxLoss(logits, deltas, targets);
    expect(classification.dataSync()[0]).toBeCloseTo(ssd.losses.classification, 4);
    expect(box.dataSync()[0]).toBeCloseTo(ssd.losses.bbox_regression, 4);
  });
});
