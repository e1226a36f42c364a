/** Packed detectors: the memory that they take, limits of it, threads. */
import { describe, expect, it } from 'vitest';
import { countingKernels } from '../execute/counting-kernels.fixture.js';
import { executorMaker } from '../execute/make-executor.js';
import {
  smallDetector,
  smallPlan,
  smallSingleShot,
  smallSingleShotPlan,
} from '../format/detectors.fixture.js';
import type { DetectorSource } from '../format/model-source.js';
import { encodeDetector } from '../format/write.js';
import { load } from '../load.js';
import { loadDetector } from '../load-detector.js';
import { ModelMemoryError } from '../model-file-error.js';
import { ThreadPool } from '../wasm/thread-pool.js';
import { Head } from './head.js';
import { PackedDetector } from './packed-detector.js';

const file = encodeDetector(smallDetector());
const picture = (width: number, height: number) => ({
  data: Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 37 + (i >> 3)) % 256),
  width,
  height,
  channels: 3 as const,
});

it('memory is taken twice, and then for larger pictures alone', () => {
  const { kernels, started, closed } = countingKernels();
  const source = smallDetector();
  const plan = { ...smallPlan, size: { shortSide: 64, longSide: 256 } };
  const detector = PackedDetector.from({ ...source, plan }, { kernels });
  expect(started).toHaveLength(2);
  const sizes = [
    [64, 64],
    [256, 64],
    [64, 128],
    [64, 64],
    [64, 256],
  ];
  const fresh = sizes.map(([width, height]) =>
    PackedDetector.from({ ...source, plan }, { kernels: 'wasm' }).detect(picture(width, height)),
  );
  const found = sizes.map(([width, height]) => detector.detect(picture(width, height)));
  expect(found).toEqual(fresh);
  expect(found.every(({ scores }) => scores.length > 0)).toBe(true);
  expect(started.length).toBeLessThanOrEqual(5);
  detector.close();
  detector.close();
  expect(closed()).toBe(started.length);
});

describe('a limit of memory', () => {
  it('lets the tail take one region at a time where several do not fit', () => {
    const source = smallDetector();
    for (const kernels of ['wasm', 'reference'] as const) {
      const head = (most: number) => new Head(source, 1, executorMaker({ kernels }), { most });
      const free = head(2 ** 30);
      expect(free.atOnce).toBe(12);
      expect(head(free.memoryBytes).atOnce).toBe(12);
      const tight = head(free.memoryBytes - 1);
      expect(tight.atOnce).toBe(1);
      expect(head(tight.memoryBytes).atOnce).toBe(1);
      expect(() => head(tight.memoryBytes - 1)).toThrow(ModelMemoryError);
      const regions = Float32Array.from({ length: 4 * 7 }, (_, i) => i / 9 + (i % 4 > 1 ? 3 : 0));
      const maps = [4, 2].map((side) => ({
        shape: { batch: 1, height: side, width: side, channels: 4 },
        values: Float32Array.from({ length: 4 * side ** 2 }, (_, i) => Math.sin(i)),
      }));
      expect(tight.run(regions, maps)).toEqual(free.run(regions, maps));
    }
  });

  it('counts what the choice among many classes takes', () => {
    const [after, classes, levels] = [2000, 100, 2];
    const small = smallDetector();
    const nodes = small.tail.nodes.map((node) => {
      const units = { logits: classes + 1, deltas: 4 * (classes + 1) }[node.name];
      if (units === undefined || node.op !== 'dense') return node;
      const output = { type: 'f32' as const, shape: [units] };
      return { ...node, attributes: { ...node.attributes, units }, output };
    });
    const tensors = new Map(small.tensors);
    for (const [name, units, bytes] of [
      ['logits.kernel', classes + 1, 2],
      ['logits.bias', classes + 1, 4],
      ['deltas.kernel', 4 * (classes + 1), 4],
    ] as const) {
      const old = small.tensors.get(name);
      if (old === undefined) throw new Error(`no ${name}`);
      const shape = [...old.shape.slice(0, -1), units];
      const length = bytes * shape.reduce((a, b) => a * b, 1);
      tensors.set(name, { ...old, shape, bytes: new Uint8Array(length) });
    }
    const source: DetectorSource = {
      ...small,
      plan: {
        ...smallPlan,
        classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
        size: { shortSide: 64, longSide: 64 },
        proposals: { ...smallPlan.proposals, before: after, after, threshold: 1 },
        detections: { leastScore: 0, threshold: 1, most: 9, smallest: 0 },
      },
      tail: { ...small.tail, nodes },
      tensors,
    };
    const detector = PackedDetector.from(source);
    const found = detector.detect(picture(64, 64));
    expect(found.scores).toHaveLength(9);
    const { memoryBytes } = detector.describe();
    // Logits, deltas, probabilities, boxes; of each candidate place, score, class, box, place in order, key.
    const regions = after * classes;
    const least = regions * (40 + 4 + 4 + 4 + 16 + 4 + 8) + levels * 16 * 32 * 32;
    expect(memoryBytes).toBeGreaterThan(least);
    expect(memoryBytes).toBeLessThan(1.2 * least);
    const plain = { ...source.plan.detections, perClass: 1 };
    const fewer = PackedDetector.from({ ...source, plan: { ...source.plan, detections: plain } });
    fewer.detect(picture(64, 64));
    expect(memoryBytes - fewer.describe().memoryBytes).toBeGreaterThan(30 * regions);
    expect(() => PackedDetector.from(source, { maxMemoryBytes: least })).toThrow(ModelMemoryError);
  });
});

describe('kernels', () => {
  it('of all kinds find the same', async () => {
    const pool = await ThreadPool.start(2);
    const ways = [
      { kernels: 'reference' },
      { kernels: 'wasm' },
      { threads: 2 },
      { kernels: pool },
    ] as const;
    const found = [];
    for (const way of ways) {
      const detector = await loadDetector(file, way);
      found.push([detector.detect(picture(11, 9)), detector.detect(picture(5, 31))]);
      detector.close();
    }
    for (const one of found) expect(one).toEqual(found[0]);
    expect(found[0][0].scores.length).toBeGreaterThan(0);
    // A pool that was brought along goes on.
    const again = await loadDetector(file, { kernels: pool });
    expect(again.detect(picture(11, 9))).toEqual(found[0][0]);
    again.close();
    pool.close();
  });

  it('are told, with the time of each part', async () => {
    const detector = await loadDetector(file, { threads: 2 });
    detector.detect(picture(8, 12));
    const { kernels, body, tail, memoryBytes } = detector.describe();
    expect(kernels).toBe('wasm, 2 threads');
    expect([body.length, tail.length]).toEqual([11, 6]);
    const bytes = [...body, ...tail].reduce((sum, node) => sum + node.bytes, 0);
    expect(bytes).toBe(
      [...smallDetector().tensors.values()].reduce((sum, t) => sum + t.bytes.length, 0),
    );
    expect(memoryBytes).toBeGreaterThan(bytes);
    expect(Object.values(detector.lastTimes).every((time) => time >= 0)).toBe(true);
    detector.close();
  });
});

describe('a detector of one stage', () => {
  const single = encodeDetector(smallSingleShot());

  it('finds the same on kernels of all kinds, in pictures of any size', async () => {
    const found = [];
    for (const way of [{ kernels: 'reference' }, { kernels: 'wasm' }, { threads: 2 }] as const) {
      const detector = await loadDetector(single, way);
      found.push([detector.detect(picture(11, 9)), detector.detect(picture(25, 31))]);
      const { body, tail, memoryBytes } = detector.describe();
      expect([body.length, tail.length]).toEqual([8, 0]);
      expect(memoryBytes).toBeGreaterThan(0);
      const { proposals, regions, tail: ofTail } = detector.lastTimes;
      expect([proposals, regions, ofTail]).toEqual([0, 0, 0]);
      detector.close();
      expect(() => detector.detect(picture(11, 9))).toThrow('the detector was closed');
    }
    for (const one of found) expect(one).toEqual(found[0]);
    expect(found[0][0].scores.length).toBeGreaterThan(0);
    expect(found[0][0].names.every((name) => ['cat', 'dog'].includes(name))).toBe(true);
  });

  it('takes inputs of its own size', () => {
    const detector = PackedDetector.fromBytes(single);
    const size = { width: 11, height: 9 };
    const input = new Float32Array(3 * 11 * 9);
    expect(
      detector.detectPlaced(input, size, { width: 7, height: 9 }).boxes.length,
    ).toBeGreaterThan(0);
    expect(() =>
      detector.detectPlaced(new Float32Array(3 * 12 * 9), { width: 12, height: 9 }, size),
    ).toThrow('Float32Array of [height, width, 3], height 9 and width 11; got');
    expect(() => detector.detectPlaced(input, size, { width: 12, height: 9 })).toThrow(
      'not inside',
    );
  });

  it('says what memory it needs, candidates for the suppression included', () => {
    const { memoryBytes } = PackedDetector.fromBytes(single).describe();
    const least = { maxMemoryBytes: memoryBytes };
    PackedDetector.fromBytes(single, least).detect(picture(11, 9));
    expect(() => PackedDetector.fromBytes(single, { maxMemoryBytes: memoryBytes - 1 })).toThrow(
      'allowed: maxMemoryBytes',
    );
    const { perClass: _, ...detections } = smallSingleShotPlan.detections;
    const plan = { ...smallSingleShotPlan, detections };
    expect(() => PackedDetector.from({ ...smallSingleShot(), plan }, least)).toThrow(
      'allowed: maxMemoryBytes',
    );
  });
});

it('load says what a detector’s file is for', async () => {
  await expect(load(file)).rejects.toThrow('loadDetector(..) runs it');
});
