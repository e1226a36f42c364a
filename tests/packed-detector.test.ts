/** Packed detectors see what trained ones see, bit for bit: on drawn detectors, pictures of any size, all kernels. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Worker } from 'node:worker_threads';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { convertDetector, packDetector } from '@surge-bnn/converter';
import type { ConvertDetectorOptions, PackDetectorOptions } from '@surge-bnn/converter';
import { methods, resolveMethod, setProgress } from '@surge-bnn/core';
import type { Detector, FasterRcnnChoices } from '@surge-bnn/detection';
import { packedKernels } from '@surge-bnn/engine';
import {
  encodeDetector,
  fileKind,
  loadDetector,
  PackedDetector,
  ThreadPool,
} from '@surge-bnn/runtime';
import type { KernelSet, LoadOptions } from '@surge-bnn/runtime';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { nativeIsBuilt, use } from './backends.js';
import { binaryParts, c4, context, drawnBatch, drawnDetector, fpn } from './detectors.js';

beforeAll(() => use('surge-wasm'));

const packing: PackDetectorOptions = {
  classes: ['cat', 'dog'],
  size: { shortSide: 60, longSide: 96 },
  pixels: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] },
};
const options = { ...packing, inputsAre: 'drawn pictures' };

const batches = () => [
  drawnBatch({ width: 96, height: 64 }, [
    { width: 96, height: 64 },
    { width: 70, height: 50 },
  ]),
  drawnBatch({ width: 64, height: 128 }, [{ width: 33, height: 101 }], 2),
  drawnBatch({ width: 32, height: 32 }, [{ width: 1, height: 1 }], 3),
];

/** Kernels, and how many memories they took and let go. */
function countingKernels(given: KernelSet) {
  const { name, bitBlocks, floatLanes, threads } = given;
  const machines = { started: 0, closed: 0 };
  const start: KernelSet['start'] = (bytes) => {
    const machine = given.start(bytes);
    machines.started++;
    return {
      buffer: machine.buffer,
      run: (program, from, to) => machine.run(program, from, to),
      close: () => {
        machines.closed++;
        machine.close?.();
      },
    };
  };
  const kernels: KernelSet = { name, bitBlocks, floatLanes, threads, start };
  return { kernels, machines };
}

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Bytes of arrays that are still held. */
async function heldBytes(): Promise<number> {
  if (typeof collect !== 'function') throw new Error('no garbage collection');
  for (let i = 0; i < 3; i++) {
    Reflect.apply(collect, undefined, []);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { external, arrayBuffers } = process.memoryUsage();
  return external + arrayBuffers;
}

/** What a trained detector and a packed one see in all of these pictures. */
function seenBy(detector: Detector, packed: PackedDetector, given = batches()) {
  return given.map(({ images, count, width, height, targets: sizes }) => {
    const pictures = tf.tensor4d(images, [count, height, width, 3]);
    const trained = detector.detect({ pictures, sizes }, { canonical: true });
    pictures.dispose();
    const length = images.length / count;
    const found = sizes.map((size, i) =>
      packed.detectPlaced(images.subarray(i * length, (i + 1) * length), { width, height }, size),
    );
    return { trained, found };
  });
}

const kinds: [string, FasterRcnnChoices][] = [
  ['fpn', fpn],
  ['fpn, binary throughout', { ...fpn, ...binaryParts }],
  ['c4', c4],
];

describe('a converted detector', () => {
  it.each(kinds)('%s: is proven, and runs on all kernels', async (_, choices) => {
    const detector = drawnDetector(choices);
    const before = tf.memory().numTensors;
    const { bytes, report } = await convertDetector(detector, { ...options, inputs: batches() });
    expect(tf.memory().numTensors).toBe(before);
    expect(report.agreement).toMatchObject({ inputs: 4, equalOutputs: 4 });
    expect(report.agreement.boxes).toBeGreaterThan(20);
    expect(report.size.total).toBe(bytes.length);
    const parameters = detector.model.weights.reduce((sum, { shape }) => {
      return sum + shape.map(Number).reduce((a, b) => a * b, 1);
    }, 0);
    expect(report.floatBytes).toBe(4 * parameters);
    const names = new Set(report.layers.map(({ layer }) => layer));
    expect(names.size).toBe(
      new Set(detector.model.layers.filter((l) => !/^(pictures|regions)$/.test(l.name))).size,
    );
    const native = nativeIsBuilt ? [{ kernels: await packedKernels({ threads: 2 }) }] : [];
    const ways: LoadOptions[] = [
      { kernels: 'reference' },
      { kernels: 'wasm' },
      { threads: 2 },
      ...native,
    ];
    for (const way of ways) {
      const packed = await loadDetector(bytes, way);
      expect(packed.metadata.agreement).toMatchObject({ equalOutputs: 4 });
      // The slow ones see less.
      const given = way.kernels === 'wasm' ? batches() : batches().slice(1);
      for (const { trained, found } of seenBy(detector, packed, given)) {
        expect(found).toEqual(trained);
      }
      packed.close();
    }
    detector.dispose();
  });

  it('of any options, at any sizes', async () => {
    const side = fc.integer({ min: 1, max: 4 });
    const drawn = fc.record({
      neck: fc.constantFrom('fpn' as const, 'c4' as const),
      proposalPrecision: fc.constantFrom('full' as const, 'binary' as const),
      neckPrecision: fc.constantFrom('full' as const, 'binary' as const),
      headPrecision: fc.constantFrom('full' as const, 'binary' as const),
      weightsOnly: fc.boolean(),
      aligned: fc.boolean(),
      samplingRatio: fc.integer({ min: 0, max: 3 }),
      classes: fc.integer({ min: 1, max: 3 }),
      anchorRatios: fc.constantFrom([1], [0.5, 1, 2]),
      most: fc.integer({ min: 0, max: 12 }),
      size: fc.record({ width: side, height: side }),
      short: fc.record({
        width: fc.integer({ min: 0, max: 31 }),
        height: fc.integer({ min: 0, max: 31 }),
      }),
      seed: fc.integer({ min: 1, max: 1000 }),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async (one) => {
        const { neck, size, short, seed, classes, most } = one;
        const neckOnly =
          neck === 'fpn'
            ? { ...fpn, neckPrecision: one.neckPrecision, headPrecision: one.headPrecision }
            : c4;
        const detector = drawnDetector(
          {
            ...neckOnly,
            proposalPrecision: one.proposalPrecision,
            aligned: one.aligned,
            samplingRatio: one.samplingRatio,
            anchorRatios: one.anchorRatios,
            detections: { leastScore: 0.001, most },
          },
          { classes, ...(one.weightsOnly && { inputBinarizer: 'none' }) },
          seed,
        );
        const padded = { width: 32 * size.width, height: 32 * size.height };
        const own = { width: padded.width - short.width, height: padded.height - short.height };
        const inputs = [drawnBatch(padded, [own], seed)];
        const names = ['a', 'b', 'c'].slice(0, classes);
        const { report } = await convertDetector(detector, { ...options, classes: names, inputs });
        detector.dispose();
        expect(report.agreement.equalOutputs).toBe(1);
      }),
      { numRuns: 12, seed: 7 },
    );
  });

  it.each(Object.keys(methods))('binary by %s', async (method) => {
    const { input, weight } = resolveMethod(method);
    const detector = drawnDetector(
      { ...fpn, ...binaryParts },
      { inputBinarizer: input, weightBinarizer: weight },
    );
    // Some compute with real values until their training is over.
    setProgress(detector.model, 1);
    const inputs = batches().slice(1);
    const { report } = await convertDetector(detector, { ...options, inputs });
    detector.dispose();
    expect(report.agreement.equalOutputs).toBe(2);
  });

  it('with kernels of float16 and int8, and what that changed', async () => {
    const detector = drawnDetector(fpn);
    const plain = await convertDetector(detector, { ...options, inputs: batches() });
    expect(plain.report.agreement.rounding).toBeUndefined();
    for (const [floatWeights, of] of [
      ['f16', 'float16 kernels'],
      ['i8-weights', 'int8 kernels'],
    ] as const) {
      const given = { ...options, floatWeights, compact: true, inputs: batches() };
      const { bytes, report } = await convertDetector(detector, given);
      const { rounding, ...agreement } = report.agreement;
      expect(agreement).toMatchObject({ inputs: 4, equalOutputs: 4 });
      expect(rounding?.of).toEqual([of]);
      expect(rounding?.largestBoxDifference).toBeGreaterThan(0);
      expect(bytes.length).toBeLessThan(plain.bytes.length);
      expect(fileKind(bytes)).toBe('detector');
    }
    detector.dispose();
  });

  it('without anything to see, or to look at', async () => {
    for (const nothing of [
      { proposals: { before: 40, after: 0, threshold: 0.7 } },
      { proposals: { before: 0, after: 40, threshold: 0.7 } },
      { detections: { leastScore: 1 } },
    ]) {
      const detector = drawnDetector({ ...fpn, ...nothing });
      const { bytes, report } = await convertDetector(detector, { ...options, inputs: batches() });
      expect(report.agreement).toMatchObject({ equalOutputs: 4, boxes: 0 });
      const data = new Uint8Array(3 * 20 * 10);
      const found = PackedDetector.fromBytes(bytes).detect({
        data,
        width: 20,
        height: 10,
        channels: 3,
      });
      expect(found).toMatchObject({ names: [] });
      expect(found.boxes).toHaveLength(0);
      detector.dispose();
    }
  });

  it.each<[string, Partial<ConvertDetectorOptions>, string | RegExp]>([
    ['no picture', { inputs: [] }, 'a conversion needs real pictures'],
    [
      'a batch that is none',
      { inputs: [{ ...batches()[0], count: 1 }] },
      'a batch of the proof must have pictures',
    ],
    ['too few classes', { classes: ['a'] }, 'tells 2 classes apart, got the names of 1'],
    ['another size', { size: { width: 3 } as never }, /size/],
    ['sums of int8', { floatWeights: 'i8' as never }, 'layer "conv1" of a detector cannot be int8'],
    ['a form for no layer', { layerWeights: { stem: 'f16' } }, 'stem'],
    ['a name for no layer', { allowFloat: ['stem'] }, 'allowFloat names "stem"'],
    ['a picture too small', { pixels: { mean: [0], std: [1] } }, 'pixels'],
  ])('is refused for %s', async (_, changed, message) => {
    const detector = drawnDetector(fpn);
    const before = tf.memory().numTensors;
    const converted = convertDetector(detector, { ...options, inputs: batches(), ...changed });
    await expect(converted).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
    detector.dispose();
  });

  it('is refused for a detector without a packed form', () => {
    const detector = drawnDetector(fpn);
    const { model, classes } = detector;
    const other = { model, classes, detect: detector.detect.bind(detector) };
    expect(() => packDetector(other, packing)).toThrow(InputError);
    detector.dispose();
  });
});

describe('detect', () => {
  const detector = () => drawnDetector(fpn);
  const bytesOf = (given: Detector, size: PackDetectorOptions['size'] = packing.size) =>
    encodeDetector(packDetector(given, { ...packing, size }).source);
  const pixels = (length: number) =>
    Uint8Array.from({ length }, (_, i) => (i * 37 + (i >> 4)) % 256);

  it('normalises, pads, and gives boxes in the picture’s own pixels', () => {
    const trained = detector();
    const packed = PackedDetector.fromBytes(bytesOf(trained, { width: 80, height: 50 }));
    // As large as the rule says, so nothing is resized.
    const [width, height] = [80, 50];
    const data = pixels(3 * width * height);
    const input = new Float32Array(3 * 96 * 64);
    const { mean, std } = packing.pixels;
    for (let i = 0; i < data.length; i++) {
      const [row, at, c] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width, i % 3];
      input[3 * (96 * row + at) + c] = (data[i] / 255 - mean[c]) / std[c];
    }
    const pictures = tf.tensor4d(input, [1, 64, 96, 3]);
    const batch = { pictures, sizes: [{ width, height }] };
    const [expected] = trained.detect(batch, { canonical: true });
    const found = packed.detect({ data, width, height, channels: 3 });
    expect(found.scores.length).toBeGreaterThan(5);
    expect(found.scores).toEqual(expected.scores);
    expect(found.boxes).toEqual(expected.boxes);
    expect([...found.classes]).toEqual([...expected.classes].map((c) => c - 1));
    expect(found.names).toEqual([...found.classes].map((c) => ['cat', 'dog'][c]));
    // Twice as large: the same boxes times two, where the picture is the same again, each pixel four times.
    const large = new Uint8ClampedArray(4 * data.length);
    for (let i = 0; i < large.length; i++) {
      const [row, at, c] = [Math.floor(i / 6 / width), Math.floor(i / 3) % (2 * width), i % 3];
      large[i] = data[3 * (width * (row >> 1) + (at >> 1)) + c];
    }
    const twice = packed.detect({ data: large, width: 2 * width, height: 2 * height, channels: 3 });
    twice.boxes.forEach((v, i) => expect(v >= 0 && v <= (i % 2 ? 100 : 160)).toBe(true));
    trained.dispose();
  });

  it('takes grey pictures, colours, and colours with alpha', () => {
    const trained = detector();
    const packed = PackedDetector.fromBytes(bytesOf(trained));
    const [width, height] = [37, 91];
    const grey = pixels(width * height);
    const colour = (channels: number) =>
      Uint8Array.from({ length: channels * grey.length }, (_, i) =>
        i % channels === 3 ? i % 256 : grey[Math.floor(i / channels)],
      );
    const found = packed.detect({ data: grey, width, height, channels: 1 });
    expect(found.scores.length).toBeGreaterThan(5);
    for (const channels of [3, 4] as const) {
      expect(packed.detect({ data: colour(channels), width, height, channels })).toEqual(found);
    }
    trained.dispose();
  });

  it.each([
    [1, 100],
    [2, 20],
  ])('with %i threads keeps its memory over pictures of many sizes', async (threads, count) => {
    const trained = detector();
    const bytes = bytesOf(trained);
    trained.dispose();
    const workers = { started: 0, ended: 0 };
    const onWorker = (worker: Worker) => {
      workers.started++;
      worker.once('exit', () => workers.ended++);
    };
    process.on('worker', onWorker);
    const pool = await ThreadPool.start(threads);
    const { kernels, machines } = countingKernels(pool);
    const packed = PackedDetector.fromBytes(bytes, { kernels });
    const look = (width: number, height: number) =>
      packed.detect({ data: pixels(3 * width * height), width, height, channels: 3 });
    // The largest ones, lying and standing.
    look(96, 60);
    look(60, 96);
    const { started } = machines;
    expect(started - machines.closed).toBe(2);
    const largest = packed.describe().memoryBytes;
    const before = await heldBytes();
    for (let i = 0; i < count; i++) {
      look(40 + ((i * 31) % 90), 30 + ((i * 47) % 100));
      expect(packed.describe().memoryBytes).toBeLessThanOrEqual(1.01 * largest);
    }
    // No memory was taken or let go, and a picture leaves less than a body's smallest input.
    expect(machines).toEqual({ started, closed: started - 2 });
    expect((await heldBytes()) - before).toBeLessThan(4 * 3 * 32 * 32 * count);
    expect(workers).toEqual({ started: threads - 1, ended: 0 });
    packed.close();
    expect(machines).toEqual({ started, closed: started });
    expect(() => look(40, 30)).toThrow('the detector was closed');
    pool.close();
    await expect.poll(() => workers).toEqual({ started: threads - 1, ended: threads - 1 });
    process.off('worker', onWorker);
  });

  it('refuses what is no picture, what does not fit, and more memory than is allowed', () => {
    const trained = detector();
    const bytes = bytesOf(trained);
    const packed = PackedDetector.fromBytes(bytes);
    const picture = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 } as const;
    for (const broken of [
      { ...picture, width: 0 },
      { ...picture, data: [0] as never },
      { ...picture, channels: 2 as never },
      { ...picture, height: 3 },
      { ...picture, width: 1.5 },
    ]) {
      expect(() => packed.detect(broken)).toThrow(/a picture (is|of)/);
    }
    const x = new Float32Array(3 * 32 * 32);
    const size = { width: 32, height: 32 };
    expect(() => packed.detectPlaced(x, { width: 33, height: 32 }, size)).toThrow(
      'multiples of 32',
    );
    expect(() => packed.detectPlaced(x, size, { width: 40, height: 1 })).toThrow('is not inside');
    const { memoryBytes } = packed.describe();
    expect(() => PackedDetector.fromBytes(bytes, { maxMemoryBytes: memoryBytes - 1 })).toThrow(
      /for the other parts of the detector; allowed: maxMemoryBytes = /,
    );
    const tight = PackedDetector.fromBytes(bytes, { maxMemoryBytes: memoryBytes });
    const wide = {
      data: new Uint8Array(3 * 500 * 320),
      width: 500,
      height: 320,
      channels: 3,
    } as const;
    expect(() =>
      tight.detectPlaced(new Float32Array(3 * 512 * 320), { width: 512, height: 320 }, wide),
    ).toThrow('allowed: maxMemoryBytes');
    // It goes on with what fits.
    expect(tight.detectPlaced(x, size, size)).toEqual(packed.detectPlaced(x, size, size));
    trained.dispose();
  });

  it('names the part that overflows', () => {
    const trained = drawnDetector({ ...fpn, ...binaryParts });
    const { weights } = trained.model.getLayer('roi_heads.box_predictor.cls_score');
    const kernel = weights[0].read();
    const huge = tf.tensor(
      kernel.dataSync().map((v) => Math.sign(v) * 3e38),
      kernel.shape,
    );
    weights[0].write(huge);
    const packed = PackedDetector.fromBytes(bytesOf(trained));
    const data = pixels(3 * 60 * 60);
    expect(() => packed.detect({ data, width: 60, height: 60, channels: 3 })).toThrow(
      'the tail of the detector overflows: the class scores hold a NaN',
    );
    trained.dispose();
  });
});

it('a detector of one class', async () => {
  const detector = drawnDetector(c4, { ...context, classes: 1 });
  const given = { ...options, classes: ['cell'], inputs: batches() };
  const { report } = await convertDetector(detector, given);
  expect(report.agreement.boxes).toBeGreaterThan(5);
  detector.dispose();
});
