/** Packed SSDs see what trained ones see, bit for bit: on drawn ones, at odd sizes, on all kernels. */
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { convertDetector, packDetector } from '@surge-bnn/converter';
import type { PackDetectorOptions } from '@surge-bnn/converter';
import type { Detector, SsdChoices } from '@surge-bnn/detection';
import { packedKernels } from '@surge-bnn/engine';
import {
  decodeDetector,
  detectorFileSize,
  encodeDetector,
  loadDetector,
  PackedDetector,
} from '@surge-bnn/runtime';
import type { LoadOptions } from '@surge-bnn/runtime';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { nativeIsBuilt, use } from './backends.js';
import { binarySsd, drawnBatch, drawnSsd, ssd } from './detectors.js';

beforeAll(() => use('surge-wasm'));

const size = { width: 70, height: 53 };
const packing: PackDetectorOptions = {
  classes: ['cat', 'dog'],
  size,
  pixels: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] },
};
const options = { ...packing, inputsAre: 'drawn pictures' };
const batches = () => [
  drawnBatch(size, [size, { width: 60, height: 33 }]),
  drawnBatch(size, [{ width: 1, height: 1 }], 3),
];
const published: SsdChoices['backbone'] = {
  network: 'imagenet-vgg-16',
  options: {
    width: 4,
    precision: 'full',
    activation: 'relu',
    batchNorm: false,
    shortcuts: false,
  },
};
const inputShape: [number, number, number] = [size.height, size.width, 3];

/** What a trained detector and a packed one see in all of these pictures. */
function seenBy(detector: Detector, packed: PackedDetector) {
  return batches().map(({ images, count, width, height, targets: sizes }) => {
    const pictures = tf.tensor4d(images, [count, height, width, 3]);
    const trained = detector.detect({ pictures, sizes }, { canonical: true });
    pictures.dispose();
    const length = images.length / count;
    const found = sizes.map((one, i) =>
      packed.detectPlaced(images.subarray(i * length, (i + 1) * length), { width, height }, one),
    );
    return { trained, found };
  });
}

describe('a converted SSD', () => {
  it.each<[string, SsdChoices]>([
    [
      'binary backbone',
      { ...ssd, backbone: { network: 'imagenet-vgg-16', options: { width: 4 } } },
    ],
    ['binary throughout', binarySsd],
    ['as published', { ...ssd, backbone: published }],
  ])('%s: is proven, and runs on all kernels', async (_, choices) => {
    const detector = drawnSsd(choices, { inputShape });
    const before = tf.memory().numTensors;
    const { bytes, report } = await convertDetector(detector, { ...options, inputs: batches() });
    expect(tf.memory().numTensors).toBe(before);
    expect(report.agreement).toMatchObject({ inputs: 3, equalOutputs: 3 });
    expect(report.agreement.boxes).toBeGreaterThan(10);
    expect(report.size.total).toBe(bytes.length);
    expect(report.layers.find(({ layer }) => layer === 'l2_norm')).toMatchObject({
      kind: 'L2Norm',
      nodes: [{ op: 'l2Norm' }],
    });
    const native = nativeIsBuilt ? [{ kernels: await packedKernels({ threads: 2 }) }] : [];
    const ways: LoadOptions[] = [
      { kernels: 'reference' },
      { kernels: 'wasm' },
      { threads: 2 },
      ...native,
    ];
    for (const way of ways) {
      const packed = await loadDetector(bytes, way);
      for (const { trained, found } of seenBy(detector, packed)) expect(found).toEqual(trained);
      packed.close();
    }
    detector.dispose();
  });

  it('of any options, at any size', async () => {
    const drawn = fc.record({
      binary: fc.constantFrom('none' as const, 'extra' as const, 'all' as const),
      backbone: fc.constantFrom('binary' as const, 'published' as const),
      weightsOnly: fc.boolean(),
      padValue: fc.constantFrom(1 as const, -1 as const),
      classes: fc.integer({ min: 1, max: 3 }),
      ratios: fc.array(fc.constantFrom([], [2], [0.7, 3]), { minLength: 6, maxLength: 6 }),
      most: fc.integer({ min: 0, max: 12 }),
      perClass: fc.integer({ min: 0, max: 30 }),
      smallest: fc.constantFrom(undefined, 0, 4),
      width: fc.integer({ min: 17, max: 100 }),
      height: fc.integer({ min: 17, max: 80 }),
      own: fc.constantFrom(1, 0.6),
      seed: fc.integer({ min: 1, max: 1000 }),
    });
    let boxes = 0;
    await fc.assert(
      fc.asyncProperty(drawn, async (one) => {
        const { width, height, classes, most, perClass, smallest, seed } = one;
        const isPublished = one.backbone === 'published';
        // Behind the relus of the published backbone nothing is binary.
        const binary = isPublished ? 'none' : one.binary;
        const detector = drawnSsd(
          {
            backbone: isPublished ? published : ssd.backbone,
            extraPrecision: binary === 'none' ? 'full' : 'binary',
            headPrecision: binary === 'all' ? 'binary' : 'full',
            ratios: one.ratios,
            ...(!one.weightsOnly && { padValue: one.padValue }),
            detections: {
              ...{ leastScore: 0.001, most, perClass },
              ...(smallest !== undefined && { smallest }),
            },
          },
          {
            classes,
            inputShape: [height, width, 3],
            ...(one.weightsOnly && { inputBinarizer: 'none' }),
          },
          seed,
        );
        const own = { width: Math.ceil(one.own * width), height: Math.ceil(one.own * height) };
        const inputs = [drawnBatch({ width, height }, [own], seed)];
        const names = ['a', 'b', 'c'].slice(0, classes);
        const given = { ...options, classes: names, size: { width, height }, inputs };
        const { report } = await convertDetector(detector, given);
        detector.dispose();
        expect(report.agreement.equalOutputs).toBe(1);
        boxes += report.agreement.boxes;
      }),
      { numRuns: 12, seed: 7 },
    );
    expect(boxes).toBeGreaterThan(20);
  });

  it('with kernels of float16 and int8, and what that changed', async () => {
    const detector = drawnSsd(ssd, { inputShape });
    const plain = await convertDetector(detector, { ...options, inputs: batches() });
    for (const [floatWeights, of] of [
      ['f16', 'float16 kernels'],
      ['i8-weights', 'int8 kernels'],
    ] as const) {
      const given = { ...options, floatWeights, compact: true, inputs: batches() };
      const { bytes, report } = await convertDetector(detector, given);
      expect(report.agreement).toMatchObject({ equalOutputs: 3, rounding: { of: [of] } });
      expect(bytes.length).toBeLessThan(plain.bytes.length);
    }
    detector.dispose();
  });

  it.each<[string, Partial<typeof options>, string]>([
    [
      'a short and a long side',
      { size: { shortSide: 50, longSide: 70 } },
      'the detector "ssd300" is packed for pictures of one size; size must be {width, height}, got {"shortSide":50,"longSide":70}',
    ],
    ['too few classes', { classes: ['a'] }, 'tells 2 classes apart, got the names of 1'],
    ['pictures of another size', { size: { width: 80, height: 53 } }, 'height 53 and width 80'],
  ])('is refused for %s', async (_, changed, message) => {
    const detector = drawnSsd(ssd, { inputShape });
    const before = tf.memory().numTensors;
    const converted = convertDetector(detector, { ...options, inputs: batches(), ...changed });
    await expect(converted).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
    detector.dispose();
  });
});

describe('a packed SSD', () => {
  const pixels = (length: number) =>
    Uint8Array.from({ length }, (_, i) => (i * 37 + (i >> 4)) % 256);
  const { width, height } = size;

  it('is read from its file again', () => {
    const detector = drawnSsd(binarySsd, { inputShape });
    const { source } = packDetector(detector, packing);
    for (const compact of [false, true]) {
      const bytes = encodeDetector(source, { compact });
      expect(bytes.length).toBe(detectorFileSize(source, { compact }).total);
      const read = decodeDetector(bytes);
      expect([read.plan, read.body, read.tail]).toEqual([source.plan, source.body, undefined]);
      expect(encodeDetector(read, { compact })).toEqual(bytes);
    }
    detector.dispose();
  });

  it('normalises, and gives boxes in the picture’s own pixels', () => {
    const trained = drawnSsd(ssd, { inputShape });
    const packed = PackedDetector.from(packDetector(trained, packing).source);
    const data = pixels(3 * width * height);
    const { mean, std } = packing.pixels;
    const input = Float32Array.from(data, (byte, i) => (byte / 255 - mean[i % 3]) / std[i % 3]);
    const pictures = tf.tensor4d(input, [1, height, width, 3]);
    const [expected] = trained.detect({ pictures, sizes: [size] }, { canonical: true });
    pictures.dispose();
    const found = packed.detect({ data, width, height, channels: 3 });
    expect(found.scores.length).toBeGreaterThan(5);
    expect(found.scores).toEqual(expected.scores);
    expect(found.boxes).toEqual(expected.boxes);
    expect(found.names).toEqual([...expected.classes].map((c) => ['cat', 'dog'][c - 1]));
    const [wide, high] = [31, 90];
    const other = packed.detect({
      data: pixels(3 * wide * high),
      width: wide,
      height: high,
      channels: 3,
    });
    other.boxes.forEach((v, i) => expect(v >= 0 && v <= (i % 2 ? high : wide)).toBe(true));
    trained.dispose();
  });

  it('sees nothing where nothing is sure enough, or no box may be given', async () => {
    for (const detections of [{ leastScore: 1 }, { most: 0 }, { perClass: 0 }]) {
      const detector = drawnSsd({ ...ssd, detections }, { inputShape, classes: 1 });
      const given = { ...options, classes: ['cell'], inputs: batches() };
      const { report } = await convertDetector(detector, given);
      expect(report.agreement).toMatchObject({ equalOutputs: 3, boxes: 0 });
      detector.dispose();
    }
  });

  it('keeps its memory over many pictures', async () => {
    const trained = drawnSsd(ssd, { inputShape });
    const bytes = encodeDetector(packDetector(trained, packing).source);
    for (const [threads, count] of [
      [1, 60],
      [2, 10],
    ]) {
      const packed = await loadDetector(bytes, { threads });
      const look = (i: number) => {
        const [w, h] = [40 + ((i * 31) % 90), 30 + ((i * 47) % 100)];
        packed.detect({ data: pixels(3 * w * h), width: w, height: h, channels: 3 });
      };
      const buffers = () => {
        (globalThis as { gc?: () => void }).gc?.();
        const { external, arrayBuffers } = process.memoryUsage();
        return external + arrayBuffers;
      };
      for (let i = 0; i < 8; i++) look(i);
      const { memoryBytes } = packed.describe();
      const before = buffers();
      for (let i = 0; i < count; i++) look(i);
      expect(packed.describe().memoryBytes).toBe(memoryBytes);
      expect(buffers() - before).toBeLessThan(2 * memoryBytes + 2 ** 24);
      packed.close();
      expect(() => look(3)).toThrow('the detector was closed');
    }
    trained.dispose();
  });

  it('names what overflows', () => {
    const trained = drawnSsd(ssd, { inputShape });
    const layer = trained.model.getLayer('head.classification_head.module_list.1');
    const kernel = layer.weights[0].read();
    const huge = tf.tensor(
      kernel.dataSync().map((v) => Math.sign(v) * 3e38),
      kernel.shape,
    );
    layer.weights[0].write(huge);
    huge.dispose();
    const packed = PackedDetector.from(packDetector(trained, packing).source);
    const data = pixels(3 * width * height);
    expect(() => packed.detect({ data, width, height, channels: 3 })).toThrow(
      'the body of the detector overflows: the class scores hold a NaN',
    );
    trained.dispose();
  });
});
