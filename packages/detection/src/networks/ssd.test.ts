/**
 * SSD small enough for TF.js's plain CPU backend: what it is built of, its maps and default boxes, its detections against a plain computation, its
 * losses where there is nothing, what it refuses. tests/detection-ssd.test.ts has gradients and trains one.
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { attachCompensator, BatchNorm, binaryLayers, leafLayers, surge } from '@surge-bnn/core';
import { buildModel } from '@surge-bnn/models';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectNoLeak } from '../testing/finite-differences.fixture.js';
import type { Truth } from '../training/truth.js';
import type { DetectorContext } from './options.js';
import type { SsdChoices } from './ssd-options.js';
import { ssd300 } from './ssd.js';

beforeAll(() => tf.setBackend('cpu'));

const context: DetectorContext = {
  inputBinarizer: 'ste',
  weightBinarizer: 'ste',
  seed: 1,
  inputShape: [64, 96, 3],
  classes: 2,
};
const vgg = (options: object = {}) => ({
  network: 'imagenet-vgg-16',
  options: { width: 2, ...options },
});
const real = {
  ...{ precision: 'full', activation: 'relu', batchNorm: false, shortcuts: false },
};
const published: SsdChoices = { backbone: vgg(real) };
const binary: SsdChoices = {
  backbone: vgg(),
  extraPrecision: 'binary',
  headPrecision: 'binary',
};
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
const keysOf = (model: Parameters<typeof leafLayers>[0]) => [
  ...new Set(
    leafLayers(model).flatMap((layer) =>
      layer.weights.map((w) => `${layer.name}/${w.originalName.split('/').at(-1)}`),
    ),
  ),
];
const product = (shape: readonly (number | null)[]) => shape.map(Number).reduce((a, b) => a * b, 1);
const BOXES = [4, 6, 6, 6, 4, 4];

/** Rows or columns of the six maps: halves rounded up, then 3x3 windows in the map, where one fits. */
function mapsOf(height: number, width: number): [number, number][] {
  const half = (n: number) => Math.ceil(n / 2);
  const list: [number, number][] = [[half(half(half(height))), half(half(half(width)))]];
  for (let k = 1; k < 4; k++) {
    const [rows, columns] = list[k - 1];
    list.push([half(rows), half(columns)]);
  }
  for (let k = 4; k < 6; k++) {
    const [rows, columns] = list[k - 1];
    const shrinks = Math.min(rows, columns) >= 3 ? 2 : 0;
    list.push([rows - shrinks, columns - shrinks]);
  }
  return list;
}

describe('what it is built of', () => {
  it.each([
    ['published', published, [300, 300], 8732],
    ['binary', binary, [300, 300], 8732],
    ['for small pictures', published, [240, 320], 4 * 1200 + 6 * 300 + 6 * 80 + 6 * 20 + 2 * 4 * 6],
    ['binary, for tiny ones', binary, [33, 50], undefined],
    ['of one pixel', published, [1, 1], 30],
  ] as const)('%s: the maps and boxes of its size', (_, options, [height, width], boxes) => {
    const { model } = ssd300(options, { ...context, inputShape: [height, width, 3] });
    const maps = mapsOf(height, width);
    model.outputs.forEach(({ shape }, i) => {
      const of = i < 6 ? context.classes + 1 : 4;
      expect(shape).toEqual([null, ...maps[i % 6], of * BOXES[i % 6]]);
    });
    const all = maps.reduce((sum, [rows, columns], k) => sum + rows * columns * BOXES[k], 0);
    if (boxes !== undefined) expect(all).toBe(boxes);
  });

  it('has the classifier’s layers under their names, but for its last one', () => {
    const shape: [number, number, number] = [64, 64, 3];
    for (const options of [published, binary]) {
      const classifier = buildModel(options.backbone ?? vgg(), {
        ...context,
        inputShape: shape,
        classes: 5,
      });
      const theirs = keysOf(classifier).filter((key) => !key.startsWith('classifier'));
      const ours = keysOf(ssd300(options, context).model);
      expect(ours).toEqual(expect.arrayContaining(theirs));
      expect(ours.filter((key) => key.startsWith('features')).sort()).toEqual(theirs.toSorted());
      expect(ours.some((key) => key.startsWith('classifier'))).toBe(false);
    }
  });

  it('has the extra layers’ and heads’ weights that the formulas count', () => {
    const count = (options: SsdChoices, prefix: RegExp) =>
      ssd300(options, context)
        .model.trainableWeights.filter((w) => prefix.test(w.originalName))
        .reduce((sum, w) => sum + product(w.shape), 0);
    const w = 2;
    const channels = [8, 16, 8, 4, 4, 4].map((n) => n * w);
    const layers = [
      [9, 8, 16],
      [1, 16, 16],
      ...[
        [1, 16, 4],
        [9, 4, 8],
        [1, 8, 2],
        [9, 2, 4],
        [1, 4, 2],
        [9, 2, 4],
        [1, 4, 2],
        [9, 2, 4],
      ],
    ];
    const extra = (perChannel: number) =>
      layers.reduce(
        (sum, [taps, from, to]) => sum + taps * from * w * to * w + perChannel * to * w,
        0,
      );
    const heads = (perOutput: number) =>
      channels.reduce((sum, from, k) => {
        const outputs = BOXES[k] * (context.classes + 1 + 4);
        return sum + 9 * from * outputs + perOutput * outputs;
      }, 0);
    // A bias; binary ones have gamma and beta.
    expect(count(published, /^extra/)).toBe(extra(1));
    expect(count(published, /^head/)).toBe(heads(1));
    expect(count(published, /^l2_norm/)).toBe(8 * w);
    expect(count(binary, /^extra/)).toBe(extra(2));
    expect(count(binary, /^head/)).toBe(heads(2));
  });

  it.each<[string, SsdChoices, number]>([
    ['the backbone', { backbone: vgg() }, 12],
    ['all but one of its layers', { backbone: vgg({ floatLayers: ['features.3'] }) }, 11],
    ['without norms', { backbone: vgg({ batchNorm: false }) }, 12],
    ['backbone and extra layers', { ...binary, headPrecision: 'full' }, 12 + 10],
    ['all', { ...binary, padValue: -1 }, 12 + 10 + 12],
    [
      'extra layers behind a full backbone',
      { ...binary, backbone: vgg({ precision: 'full' }) },
      22,
    ],
    ['nothing', published, 0],
  ])('binary: %s', (_, options, layers) => {
    const detector = ssd300(options, context);
    expect(binaryLayers(detector.model)).toHaveLength(layers);
    if (layers === 0) return;
    attachCompensator(detector.model, surge({ eta: 0.1 }));
    expect(binaryLayers(detector.model).every((layer) => layer.auxiliary)).toBe(true);
  });

  it('takes binary weights on float inputs, behind relus, too', () => {
    const weightsOnly = { ...context, inputBinarizer: 'none' as const };
    const detector = ssd300({ ...binary, backbone: vgg(real) }, weightsOnly);
    expect(binaryLayers(detector.model)).toHaveLength(10 + 12);
    expect(() => ssd300({ ...binary, padValue: 1 }, weightsOnly)).toThrow(
      /padValue where inputs stay float .* must be 0, got 1/,
    );
  });

  it('starts from the same weights with the same seed', () => {
    const weights = (seed: number) =>
      ssd300(binary, { ...context, seed })
        .model.getWeights()
        .flatMap((w) => [...w.dataSync()]);
    expect(weights(1)).toEqual(weights(1));
    expect(weights(1)).not.toEqual(weights(2));
  });

  it.each<[options: object, message: RegExp]>([
    [
      { backbone: { network: 'vgg-small' } },
      /backbone.network must be imagenet-vgg-16, got "vgg-small"/,
    ],
    [{ backbone: vgg({ witdh: 3 }) }, /did you mean "width"/],
    [{ extraPrecision: 'half' }, /extraPrecision must be full or binary, got "half"/],
    [{ headPrecision: 'binary' }, /of full extra layers every sign of the heads would be \+1/],
    [{ ...binary, backbone: vgg(real) }, /relus of the backbone every sign would be \+1/],
    [{ padValue: 2 }, /padValue must be 0, 1 or -1, got 2/],
    [{ momentum: 1 }, /momentum must be at least 0 and below 1, got 1/],
    [{ frozenNorms: 1 }, /frozenNorms must be true or false, got 1/],
    [{ scales: [0.1, 0.2] }, /scales must be 7 ascending numbers > 0/],
    [{ scales: [0.1, 0.2, 0.3, 0.3, 0.5, 0.6, 0.7] }, /scales must be 7 ascending numbers > 0/],
    [
      { ratios: [[2], [2], [2], [2], [2]] },
      /ratios must be a list of numbers > 0 for each of 6 maps/,
    ],
    [{ ratios: [[2], [2], [2], [2], [2], [-1]] }, /ratios must be a list of numbers > 0/],
    [{ targets: { treshold: 0.5 } }, /ssd300's targets "treshold" \(did you mean "threshold"/],
    [{ targets: { weights: [1, 1] } }, /targets.weights must be four numbers > 0, got \[1,1\]/],
    [{ detections: { most: 0.5 } }, /detections.most must be a whole number >= 0, got 0.5/],
    [{ detections: { smallest: -1 } }, /detections.smallest must be a number >= 0, got -1/],
    [{ headPrecisoin: 'full' }, /did you mean "headPrecision"/],
  ])('refuses %j', (options, message) => {
    const build = () => ssd300(options, context);
    expectNoLeak(() => expect(build).toThrow(InputError));
    expect(build).toThrow(message);
  });

  it.each([0, 1.5, NaN])('refuses %s classes', (classes) => {
    const build = () => ssd300(published, { ...context, classes });
    expectNoLeak(() => expect(build).toThrow(InputError));
    expect(build).toThrow(`classes, without the background, must be a whole number >= 1`);
  });

  it.each([
    ['published', published],
    ['binary', binary],
  ])('%s: dispose frees every weight, once', (_, options) => {
    expectNoLeak(() => {
      const detector = ssd300(options, context);
      if (options === binary) attachCompensator(detector.model, surge({ eta: 0.1 }));
      detector.dispose();
      detector.dispose();
    });
  });
});

type Detector = ReturnType<typeof ssd300>;

/** Weights of the heads by the beginning of their names. */
function fill(detector: Detector, prefix: string, value: number) {
  for (const weight of detector.model.weights) {
    if (!weight.originalName.startsWith(prefix)) continue;
    weight.write(tf.fill(weight.shape.map(Number), value));
  }
}

const module = (head: string, k: number) => `head.${head}_head.module_list.${k}`;

describe('detect', () => {
  it('suppresses default boxes where the network says the same everywhere: a plain computation', () => {
    const detections = { leastScore: 0.2, threshold: 0.4, most: 7, perClass: 20 };
    const detector = ssd300({ ...published, detections }, { ...context, classes: 1 });
    fill(detector, 'head', 0);
    // On the third map background log 1, the class log 3: 0.75; elsewhere 0.5. Boxes move right by 2 / 10 of their width.
    const logits = detector.model.getLayer(`${module('classification', 2)}.bias`).weights[0];
    logits.write(tf.tensor1d(Array.from({ length: 12 }, (_, i) => (i % 2) * Math.log(3))));
    for (let k = 0; k < 6; k++) {
      const deltas = detector.model.getLayer(`${module('regression', k)}.bias`).weights[0];
      deltas.write(tf.tensor1d(Array.from({ length: 4 * BOXES[k] }, (_, i) => (i % 4 ? 0 : 2))));
    }
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
    const scales = [0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05];
    const ratios = [[2], [2, 3], [2, 3], [2, 3], [2], [2]];
    const boxesOf = (k: number) => {
      const [rows, columns] = mapsOf(64, 96)[k];
      const [stepY, stepX] = k < 4 ? [8 * 2 ** k, 8 * 2 ** k] : [64 / rows, 96 / columns];
      const between = Math.sqrt(scales[k] * scales[k + 1]);
      const shapes = [
        [scales[k], scales[k]],
        [between, between],
        ...ratios[k].flatMap((r) => [
          [scales[k] * Math.sqrt(r), scales[k] / Math.sqrt(r)],
          [scales[k] / Math.sqrt(r), scales[k] * Math.sqrt(r)],
        ]),
      ].map(([w, h]) => [96 * Math.min(1, w), 64 * Math.min(1, h)]);
      const boxes: Box[] = [];
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
          for (const [w, h] of shapes) {
            const [cx, cy] = [(x + 0.5) * stepX + 0.2 * w, (y + 0.5) * stepY];
            boxes.push(clip([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]));
          }
        }
      }
      return boxes;
    };
    const best = boxesOf(2);
    const rest = [0, 1, 3, 4, 5].flatMap(boxesOf);
    expect(best.length).toBeGreaterThan(20);
    const kept: Box[] = [];
    // 20 of the class go in, all of the third map: the rest is never looked at.
    for (const box of best.slice(0, 20)) {
      if (kept.length < 7 && kept.every((b) => overlap(box, b) <= 0.4)) kept.push(box);
    }
    expect(kept.length).toBeGreaterThan(2);
    expect(rest.length).toBeGreaterThan(0);
    expect(found.classes).toEqual(new Int32Array(kept.length).fill(1));
    found.scores.forEach((score) => expect(score).toBeCloseTo(0.75, 5));
    expect(found.boxes).toHaveLength(4 * kept.length);
    found.boxes.forEach((v, i) => expect(v).toBeCloseTo(kept.flat()[i], 3));
  });

  it.each([
    ['published', published],
    ['binary', binary],
  ])('%s: boxes lie in their pictures, at any size, and nothing is left behind', (_, options) => {
    const detections = { leastScore: 0, most: 20 };
    const detector = ssd300({ ...options, detections }, context);
    expect(detector.multiple).toBe(1);
    const given = batch();
    let found: ReturnType<Detector['detect']> = [];
    expectNoLeak(() => (found = detector.detect(given)));
    expect(found).toHaveLength(2);
    found.forEach(({ boxes, scores, classes }, i) => {
      expect(scores.length).toBeGreaterThan(0);
      expect([...scores]).toEqual([...scores].sort((a, b) => b - a));
      expect(classes.every((c) => c === 1 || c === 2)).toBe(true);
      const { width, height } = given.sizes[i];
      boxes.forEach((v, j) => expect(v >= 0 && v <= (j % 2 ? height : width)).toBe(true));
    });
    const other = { pictures: picture(1, 101, 64), sizes: [{ width: 64, height: 101 }] };
    expect(detector.detect(other)[0].scores.length).toBeGreaterThan(0);
    // And back: the default boxes are those of the size.
    expect(detector.detect(given)).toEqual(found);
  });

  it('sees each picture by itself', () => {
    const detector = ssd300({ ...binary, detections: { leastScore: 0, most: 20 } }, context);
    const { pictures, sizes } = batch();
    const alone = sizes.map((size, i) => {
      const one = tf.slice(pictures, [i, 0, 0, 0], [1, -1, -1, -1]);
      return detector.detect({ pictures: one, sizes: [size] })[0];
    });
    expect(detector.detect({ pictures, sizes })).toEqual(alone);
  });

  it('finds nothing where no score is high enough; refuses NaN, naming the layer, and odd batches', () => {
    const detector = ssd300({ ...published, detections: { leastScore: 1 } }, context);
    expect(detector.detect(batch()).map(({ scores }) => scores.length)).toEqual([0, 0]);
    fill(detector, module('regression', 4), NaN);
    expect(() => detector.detect(batch())).toThrow(InputError);
    expect(() => detector.detect(batch())).toThrow(
      `layer "${module('regression', 4)}": the output holds a NaN`,
    );
    expect(() => detector.detect({ ...batch(), sizes: [] })).toThrow('and 0 sizes');
    const none = { pictures: picture(0), sizes: [] };
    expect(() => detector.detect(none)).toThrow('must have one picture or more');
  });

  it('refuses a size that leaves a map without a pixel, naming the layer', () => {
    const large = ssd300(published, { ...context, inputShape: [300, 300, 3] });
    const small = { pictures: picture(1, 64, 64), sizes: [{ width: 64, height: 64 }] };
    expect(() => large.detect(small)).toThrow(InputError);
    expect(() => large.detect(small)).toThrow(/extra\.\d\.2.*does not fit the \dx\d input/);
  });
});

describe('losses', () => {
  it('is 0 without any object, with a gradient of 0 for every variable, and leaves nothing behind', () => {
    const detector = ssd300(
      { ...binary, headPrecision: 'full' },
      { ...context, inputShape: [32, 32, 3] },
    );
    const variables = detector.model.trainableWeights.map((w) => w.read() as tf.Variable);
    const size = { width: 32, height: 32 };
    const given = { pictures: picture(2, 32, 32), sizes: [size, size] };
    const step = () => {
      const { value, grads } = tf.variableGrads(
        () => detector.losses(given, [nothing, nothing], Math.random).total,
        variables,
      );
      const largest = variables.map(({ name }) =>
        Math.max(...grads[name].dataSync().map(Math.abs)),
      );
      const loss = value.dataSync()[0];
      tf.dispose([value, grads]);
      return { loss, largest };
    };
    const { loss, largest } = step();
    expect(loss).toBe(0);
    expect(largest.every((v) => v === 0)).toBe(true);
    expectNoLeak(() => void step());
  });

  it('counts what a picture has, whatever is beside it', () => {
    const detector = ssd300(published, context);
    const { pictures, sizes } = batch();
    const both = detector.losses({ pictures, sizes }, truths, Math.random);
    const first = tf.slice(pictures, [0, 0, 0, 0], [1, -1, -1, -1]);
    const one = detector.losses(
      { pictures: first, sizes: sizes.slice(0, 1) },
      truths.slice(0, 1),
      Math.random,
    );
    for (const name of ['classification', 'box'] as const) {
      expect(both.parts[name].dataSync()[0]).toBeCloseTo(one.parts[name].dataSync()[0], 5);
      expect(one.parts[name].dataSync()[0]).toBeGreaterThan(0);
    }
  });

  it('learns one class', () => {
    const detector = ssd300(binary, { ...context, classes: 1 });
    const one = [{ boxes: Float32Array.of(5, 5, 30, 40), classes: Int32Array.of(1) }, nothing];
    const { total, parts } = detector.losses(batch(), one, Math.random);
    expect(Object.keys(parts)).toEqual(['classification', 'box']);
    expect(Number.isFinite(total.dataSync()[0])).toBe(true);
  });

  it('keeps the statistics of frozen norms, and their gamma and beta', () => {
    const detector = ssd300({ ...binary, frozenNorms: true }, context);
    const norms = leafLayers(detector.model).filter((layer) => layer instanceof BatchNorm);
    const before = norms.map((norm) => norm.getWeights().map((w) => [...w.dataSync()]));
    detector.losses(batch(), truths, Math.random);
    norms.forEach((norm, i) => {
      const now = norm.getWeights().map((w) => [...w.dataSync()]);
      const isFrozen = norm.name.startsWith('features');
      if (isFrozen) expect(now).toEqual(before[i]);
      else expect(now).not.toEqual(before[i]);
      expect(norm.trainableWeights).toHaveLength(isFrozen ? 0 : 2);
    });
  });

  it('refuses truths that cannot be, with the picture', () => {
    const detector = ssd300(published, context);
    const attempt = (given: Truth[]) => () => detector.losses(batch(), given, Math.random);
    expect(attempt([nothing])).toThrow('2 pictures need as many truths, got 1');
    const stray = { boxes: Float32Array.of(0, 0, 9, 9), classes: Int32Array.of(3) };
    expect(attempt([nothing, stray])).toThrow(
      'picture 1 of the batch: object 0 is of class 3; allowed are 1 to 2',
    );
  });

  it('names the layer of a NaN', () => {
    const broken = { ...batch(), pictures: tf.fill<tf.Rank.R4>([2, 64, 96, 3], NaN) };
    const attempt = (options: SsdChoices) => () =>
      ssd300(options, context).losses(broken, truths, Math.random);
    expect(attempt(binary)).toThrow(/layer "features\.\d+": the input holds a NaN/);
    expect(attempt(published)).toThrow(
      `layer "${module('classification', 0)}": the output holds a NaN`,
    );
  });
});
