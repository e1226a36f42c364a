/**
 * Faster R-CNN small enough for TF.js's plain CPU backend: what it is built of, its detections against a plain computation, its
 * losses where there is nothing, what it refuses. tests/detection.test.ts has gradients and trains one.
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { attachCompensator, BatchNorm, binaryLayers, leafLayers, surge } from '@surge-bnn/core';
import { buildModel } from '@surge-bnn/models';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectNoLeak, stream } from '../testing/finite-differences.fixture.js';
import type { Truth } from '../training/truth.js';
import { fasterRcnn } from './faster-rcnn.js';
import type { DetectorContext, FasterRcnnChoices } from './options.js';

beforeAll(() => tf.setBackend('cpu'));

const context: DetectorContext = {
  inputBinarizer: 'ste',
  weightBinarizer: 'ste',
  seed: 1,
  inputShape: [64, 96, 3],
  classes: 2,
};
const resnet = { network: 'imagenet-resnet-18', options: { width: 4 } };
const few = { before: 30, after: 12, threshold: 0.7 };
const common: FasterRcnnChoices = {
  backbone: resnet,
  trainingProposals: few,
  regions: { size: 4 },
  proposals: few,
};
const fpn: FasterRcnnChoices = {
  ...common,
  neckWidth: 8,
  headWidth: 6,
  anchorSizes: [8, 16, 32, 48, 64],
};
const c4: FasterRcnnChoices = { ...common, neck: 'c4', anchorSizes: [16, 40] };

const picture = (batch = 2, height = 64, width = 96) =>
  tf.randomNormal<tf.Rank.R4>([batch, height, width, 3], 0, 1, 'float32', 7);
const batch = () => ({
  pictures: picture(),
  sizes: [
    { width: 96, height: 64 },
    { width: 70, height: 50 },
  ],
});
const nothing: Truth = { boxes: new Float32Array(0), classes: new Int32Array(0) };
const truths: Truth[] = [
  { boxes: Float32Array.of(5, 5, 30, 40, 40, 10, 90, 60), classes: Int32Array.of(1, 2) },
  nothing,
];
const keysOf = (detector: { model: Parameters<typeof leafLayers>[0] }) => [
  ...new Set(
    leafLayers(detector.model).flatMap((layer) =>
      layer.weights.map((w) => `${layer.name}/${w.originalName.split('/').at(-1)}`),
    ),
  ),
];

describe('what it is built of', () => {
  it('has the classifier’s layers under their names, but for its last one', () => {
    const classifier = buildModel(resnet, { ...context, inputShape: [64, 64, 3], classes: 5 });
    const theirs = keysOf({ model: classifier }).filter((key) => !key.startsWith('fc/'));
    for (const options of [fpn, c4]) {
      expect(keysOf(fasterRcnn(options, context))).toEqual(expect.arrayContaining(theirs));
    }
  });

  it('has the neck’s and heads’ weights that the formulas count', () => {
    const count = (options: FasterRcnnChoices, prefix: RegExp) =>
      fasterRcnn(options, context)
        .model.weights.filter((w) => prefix.test(w.originalName))
        .reduce((sum, w) => sum + w.shape.map(Number).reduce((a, b) => a * b, 1), 0);
    const c = 8;
    const inner = [4, 8, 16, 32].reduce((sum, stage) => sum + stage * c + c, 0);
    expect(count(fpn, /^fpn/)).toBe(inner + 4 * (9 * c * c + c));
    // 3 anchors a pixel: an objectness and four numbers each.
    expect(count(fpn, /^rpn/)).toBe(9 * c * c + c + (c * 3 + 3) + (c * 12 + 12));
    expect(count(fpn, /^roi_heads/)).toBe(49 * c * 6 + 6 + 6 * 6 + 6 + (6 * 3 + 3) + (6 * 12 + 12));
    expect(count(c4, /^rpn/)).toBe(9 * 16 * 16 + 16 + (16 * 6 + 6) + (16 * 24 + 24));
    expect(count(c4, /^roi_heads/)).toBe(32 * 3 + 3 + (32 * 12 + 12));
  });

  it.each([
    ['the backbone', fpn, 16],
    ['backbone and neck', { ...fpn, neckPrecision: 'binary' as const }, 16 + 8],
    ['backbone and proposals', { ...fpn, proposalPrecision: 'binary' as const }, 16 + 1],
    ['backbone and head', { ...fpn, headPrecision: 'binary' as const }, 16 + 2],
    [
      'nothing',
      {
        ...fpn,
        backbone: {
          ...resnet,
          options: { width: 4, precision: 'full' as const, activation: 'relu' as const },
        },
      },
      0,
    ],
    ['a stage-4 head', c4, 16],
    ['CIFAR ResNet-18', { ...fpn, backbone: { ...resnet, network: 'cifar-resnet-18' } }, 16 + 3],
    ['ResNet-34', { ...fpn, backbone: { ...resnet, network: 'imagenet-resnet-34' } }, 32],
  ])('binary: %s', (_, options, layers) => {
    const detector = fasterRcnn(options, context);
    expect(new Set(binaryLayers(detector.model)).size).toBe(layers);
    if (layers === 0) return;
    attachCompensator(detector.model, surge({ eta: 0.1 }));
    expect(binaryLayers(detector.model).every((layer) => layer.auxiliary)).toBe(true);
  });

  it('takes binary weights on float inputs', () => {
    const binary = { proposalPrecision: 'binary', neckPrecision: 'binary' } as const;
    const weightsOnly = { ...context, inputBinarizer: 'none' as const };
    const detector = fasterRcnn({ ...fpn, ...binary, headPrecision: 'binary' }, weightsOnly);
    expect(new Set(binaryLayers(detector.model)).size).toBe(16 + 1 + 8 + 2);
  });

  it('starts from the same weights with the same seed', () => {
    const weights = (seed: number) =>
      fasterRcnn(fpn, { ...context, seed })
        .model.getWeights()
        .flatMap((w) => [...w.dataSync()]);
    expect(weights(1)).toEqual(weights(1));
    expect(weights(1)).not.toEqual(weights(2));
  });

  it.each<[options: object, message: RegExp]>([
    [{ neck: 'pan' as 'fpn' }, /neck must be fpn or c4, got "pan"/],
    [{ anchorSizes: [8] }, /anchorSizes must be 5 with the neck fpn, one for each level, got 1/],
    [{ neck: 'c4' as const, headWidth: 3 }, /with the neck c4 there is no headWidth/],
    [{ neckWidth: 0 }, /neckWidth must be a whole number > 0, got 0/],
    [{ anchorRatios: [] }, /anchorRatios must be a list of one or more numbers > 0, got \[\]/],
    [{ anchorSizes: null }, /anchorSizes must be a list of one or more numbers > 0, got null/],
    [{ backbone: null }, /backbone must be \{"network": NAME, .*, got null/],
    [{ backbone: 'resnet' }, /backbone must be .*, got "resnet"/],
    [{ headPrecisoin: 'full' }, /did you mean "headPrecision"/],
    [
      { regions: { sise: 4 } },
      /unknown option of fasterRcnn's regions "sise" \(did you mean "size"/,
    ],
    [{ proposals: { before: -1 } }, /proposals.before must be a whole number >= 0, got -1/],
    [{ trainingProposals: { after: 1.5 } }, /Proposals.after must be a whole number >= 0, got 1.5/],
    [{ regions: { size: NaN } }, /regions.size must be a whole number >= 0, got NaN/],
    [{ anchors: { size: '4' } }, /anchors.size must be a whole number >= 0, got "4"/],
    [{ detections: { most: 0.5 } }, /detections.most must be a whole number >= 0, got 0.5/],
    [{ detections: { perClass: Infinity } }, /detections.perClass must be a whole number >= 0/],
    [{ proposals: { threshold: -0.1 } }, /proposals.threshold must be a number >= 0, got -0.1/],
    [{ regions: { weights: [1, 1] } }, /regions.weights must be four numbers > 0, got \[1,1\]/],
    [{ anchors: { weights: [1, 1, 0, 1] } }, /anchors.weights must be four numbers > 0/],
    [{ samplingRatio: 0.5 }, /samplingRatio must be a whole number >= 0 .*, got 0.5/],
    [{ momentum: 1 }, /momentum must be at least 0 and below 1, got 1/],
    [{ aligned: 'yes' }, /aligned must be true or false, got "yes"/],
    [{ frozenNorms: 1 }, /frozenNorms must be true or false, got 1/],
    [{ backbone: { network: 'mlp' } }, /mlp has no layers named layer1/],
  ])('refuses %j', (options, message) => {
    const build = () => fasterRcnn(options, { ...context, inputShape: [64, 64, 3] });
    expectNoLeak(() => expect(build).toThrow(InputError));
    expect(build).toThrow(message);
  });

  it.each([0, 1.5, NaN])('refuses %s classes', (classes) => {
    const build = () => fasterRcnn(fpn, { ...context, classes });
    expectNoLeak(() => expect(build).toThrow(InputError));
    expect(build).toThrow(`classes, without the background, must be a whole number >= 1`);
  });

  it.each([
    ['fpn', { ...fpn, proposalPrecision: 'binary', neckPrecision: 'binary' }],
    ['c4', c4],
  ] as const)('%s: dispose frees every weight, once', (_, options) => {
    expectNoLeak(() => {
      const detector = fasterRcnn(options, context);
      attachCompensator(detector.model, surge({ eta: 0.1 }));
      detector.dispose();
      detector.dispose();
    });
  });

  it('refuses pictures that the stages do not divide', () => {
    const build = () => fasterRcnn(fpn, { ...context, inputShape: [60, 64, 3] });
    expectNoLeak(() => {
      expect(build).toThrow(/height and width must be multiples of its stride/);
    });
  });
});

/** Weights of a layer by its name. */
function fill(detector: ReturnType<typeof fasterRcnn>, layer: string, value: number[] | number) {
  for (const weight of detector.model.getLayer(layer).weights) {
    const shape = weight.shape.map(Number);
    weight.write(Array.isArray(value) ? tf.tensor(value, shape) : tf.fill(shape, value));
  }
}

describe('detect', () => {
  it('suppresses anchors where the network says the same everywhere: a plain computation', () => {
    const options = { ...c4, detections: { leastScore: 0.2, threshold: 0.4, most: 5 } };
    const detector = fasterRcnn(options, { ...context, classes: 1 });
    for (const name of ['rpn.head.cls_logits', 'rpn.head.bbox_pred']) {
      fill(detector, name, 0);
      fill(detector, `${name}.bias`, 0);
    }
    const predictor = (name: string) => `roi_heads.box_predictor.${name}`;
    for (const name of ['cls_score', 'bbox_pred']) fill(detector, predictor(name), 0);
    // Background log 1, the class log 3: 0.75. Boxes move right by 2 / 10 of their width.
    detector.model.getLayer(predictor('cls_score')).weights[1].write(tf.tensor1d([0, Math.log(3)]));
    detector.model
      .getLayer(predictor('bbox_pred'))
      .weights[1].write(tf.tensor1d([0, 0, 0, 0, 2, 0, 0, 0]));

    const size = { width: 90, height: 64 };
    const [found] = detector.detect({ pictures: picture(1), sizes: [size] });

    type Box = number[];
    const clip = ([x1, y1, x2, y2]: Box): Box => [
      Math.min(90, Math.max(0, x1)),
      Math.min(64, Math.max(0, y1)),
      Math.min(90, Math.max(0, x2)),
      Math.min(64, Math.max(0, y2)),
    ];
    const overlap = (a: Box, b: Box) => {
      const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
      const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
      const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
      return w > 0 && h > 0 ? (w * h) / (area(a) + area(b) - w * h) : 0;
    };
    const suppressed = (boxes: Box[], threshold: number, most: number) => {
      const kept: Box[] = [];
      for (const box of boxes) {
        if (kept.length < most && kept.every((b) => overlap(box, b) <= threshold)) kept.push(box);
      }
      return kept;
    };
    const anchors: Box[] = [];
    for (let y = 0; y < 64; y += 16) {
      for (let x = 0; x < 96; x += 16) {
        for (const ratio of [0.5, 1, 2]) {
          for (const side of [16, 40]) {
            const w = Math.round(side / Math.sqrt(ratio) / 2);
            const h = Math.round((side * Math.sqrt(ratio)) / 2);
            anchors.push([x - w, y - h, x + w, y + h]);
          }
        }
      }
    }
    const inside = anchors.slice(0, few.before).map(clip);
    const large = inside.filter(([x1, y1, x2, y2]) => x2 - x1 >= 1e-3 && y2 - y1 >= 1e-3);
    const moved = suppressed(large, few.threshold, few.after).map(([x1, y1, x2, y2]) =>
      clip([x1 + 0.2 * (x2 - x1), y1, x2 + 0.2 * (x2 - x1), y2]),
    );
    const expected = suppressed(moved, 0.4, 5);
    expect(expected.length).toBeGreaterThan(2);
    expect(found.classes).toEqual(new Int32Array(expected.length).fill(1));
    found.scores.forEach((score) => expect(score).toBeCloseTo(0.75, 5));
    found.boxes.forEach((v, i) => expect(v).toBeCloseTo(expected.flat()[i], 3));
    expect(found.boxes).toHaveLength(4 * expected.length);
  });

  it.each([
    ['fpn', fpn],
    ['c4', c4],
  ])('%s: boxes lie in their pictures, at any size, and nothing is left behind', (_, options) => {
    const limits = { leastScore: 0, threshold: 0.5, most: 20 };
    const detector = fasterRcnn({ ...options, detections: limits }, context);
    const given = batch();
    let found: ReturnType<typeof detector.detect> = [];
    expectNoLeak(() => (found = detector.detect(given)));
    expect(found).toHaveLength(2);
    found.forEach(({ boxes, scores, classes }, i) => {
      expect(scores.length).toBeGreaterThan(0);
      expect([...scores]).toEqual([...scores].sort((a, b) => b - a));
      expect(classes.every((c) => c === 1 || c === 2)).toBe(true);
      const { width, height } = given.sizes[i];
      boxes.forEach((v, j) => expect(v >= 0 && v <= (j % 2 ? height : width)).toBe(true));
    });
    const larger = { pictures: picture(1, 96, 64), sizes: [{ width: 64, height: 96 }] };
    expect(detector.detect(larger)[0].scores.length).toBeGreaterThan(0);
  });

  it('reads a backbone of smaller strides, which divides smaller pictures', () => {
    const options = { ...fpn, backbone: { ...resnet, network: 'cifar-resnet-18' } };
    const detector = fasterRcnn(options, { ...context, inputShape: [16, 24, 3] });
    expect(detector.multiple).toBe(8);
    const small = { pictures: picture(1, 24, 16), sizes: [{ width: 13, height: 24 }] };
    const [{ boxes }] = detector.detect(small);
    boxes.forEach((v, i) => expect(v >= 0 && v <= (i % 2 ? 24 : 13)).toBe(true));
  });

  it('finds nothing where no proposal is left, and refuses NaN and odd sizes', () => {
    const detector = fasterRcnn({ ...c4, proposals: { ...few, after: 0 } }, context);
    expect(detector.detect(batch()).map(({ scores }) => scores.length)).toEqual([0, 0]);
    fill(detector, 'rpn.head.cls_logits', NaN);
    expect(() => detector.detect(batch())).toThrow(InputError);
    expect(() => detector.detect(batch())).toThrow(
      'layers "rpn.head.*": the objectness of level 0 holds a NaN',
    );
    const odd = { pictures: picture(1, 64, 80), sizes: [{ width: 80, height: 64 }] };
    expect(() => detector.detect(odd)).toThrow('multiples of 32, got [1,64,80,3] and 1 sizes');
    expect(() => detector.detect({ ...batch(), sizes: [] })).toThrow('and 0 sizes');
  });
});

describe('losses', () => {
  it('is content without any proposal, object or sample', () => {
    const none = { ...few, before: 0 };
    const detector = fasterRcnn({ ...c4, trainingProposals: none }, context);
    const { total, parts } = detector.losses(batch(), [nothing, nothing], stream(1));
    expect(parts.classification.dataSync()[0]).toBe(0);
    expect(total.dataSync()[0]).toBeGreaterThan(0);
  });

  it('keeps the statistics of frozen norms, and their gamma and beta', () => {
    const detector = fasterRcnn({ ...fpn, frozenNorms: true, neckPrecision: 'binary' }, context);
    const norms = leafLayers(detector.model).filter((layer) => layer instanceof BatchNorm);
    const frozen = (name: string) => !name.startsWith('fpn');
    const before = norms.map((norm) => norm.getWeights().map((w) => [...w.dataSync()]));
    detector.losses(batch(), truths, stream(1));
    norms.forEach((norm, i) => {
      const now = norm.getWeights().map((w) => [...w.dataSync()]);
      if (frozen(norm.name)) expect(now).toEqual(before[i]);
      else expect(now).not.toEqual(before[i]);
      expect(norm.trainableWeights).toHaveLength(frozen(norm.name) ? 0 : 2);
    });
  });

  it('refuses truths that cannot be, with the picture', () => {
    const detector = fasterRcnn(c4, context);
    const attempt = (given: Truth[]) => () => detector.losses(batch(), given, stream(1));
    expect(attempt([nothing])).toThrow('2 pictures need as many truths, got 1');
    const stray = { boxes: Float32Array.of(0, 0, 9, 9), classes: Int32Array.of(3) };
    expect(attempt([nothing, stray])).toThrow(
      'picture 1 of the batch: object 0 is of class 3; allowed are 1 to 2',
    );
  });

  it('names the layer of a NaN', () => {
    const detector = fasterRcnn(c4, context);
    const broken = { ...batch(), pictures: tf.fill<tf.Rank.R4>([2, 64, 96, 3], NaN) };
    expect(() => detector.losses(broken, truths, stream(1))).toThrow(
      /layer "layer\d\.\d\.conv\d": the input holds a NaN/,
    );
  });
});
