/** Small files that ask for much: what nodes share is taken once, and what is too much is refused before it is taken. */
import { describe, expect, it } from 'vitest';
import type { ModelSource } from '../format/model-source.js';
import type { StoredTensor } from '../format/tensors.js';
import { encodeModel } from '../format/write.js';
import { ModelFileError } from '../model-file-error.js';
import { sourceOf, squareWindow } from './graph.fixture.js';
import type { Draft } from './graph.fixture.js';
import { PackedModel } from './packed-model.js';

const MiB = 2 ** 20;
const count = 60;

const window = squareWindow(1);
const maxPool: Draft = { op: 'maxPool2d', attributes: { window } };
const averagePool: Draft = { op: 'averagePool2d', attributes: { window } };
const sign: Draft = { op: 'sign', name: 'sign', attributes: { values: 'bits' } };

function zeroBits(filters: number, bits: number): StoredTensor {
  return { dtype: 'U8', shape: [filters, bits / 8], bytes: new Uint8Array((filters * bits) / 8) };
}

function dense(kernel: StoredTensor): Draft {
  const attributes = { units: kernel.shape[0], weights: 'bits' } as const;
  return { op: 'dense', attributes, tensors: { kernel } };
}

/** A window of 31 x 31 taps. */
const wideConv: Draft = {
  op: 'binaryConv2d',
  attributes: { window: squareWindow(31), filters: 128, groups: 1, padValue: 0 },
  tensors: { kernel: zeroBits(128, 31 * 31 * 8) },
};

/** One after the other. */
function repeated(draft: Draft): readonly Draft[] {
  return Array.from({ length: count }, () => draft);
}

/** All of one edge, then joined. */
function besides(draft: Draft, from: string): readonly Draft[] {
  const names = Array.from({ length: count }, (_, i) => `node ${i}`);
  const nodes = names.map((name): Draft => ({ ...draft, name, inputs: [from] }));
  return [...nodes, { op: 'concat', attributes: {}, inputs: names }];
}

/** The model with one kernel, which all its nodes read. */
function withOneKernel({ graph, tensors, metadata }: ModelSource): ModelSource {
  const [[name, kernel]] = tensors;
  const nodes = graph.nodes.map((node) =>
    'kernel' in node.tensors ? { ...node, tensors: { kernel: name } } : node,
  );
  return { graph: { ...graph, nodes }, tensors: new Map([[name, kernel]]), metadata };
}

/** Bytes of arrays that a step takes. */
function growth(step: () => void): number {
  const before = process.memoryUsage().arrayBuffers;
  step();
  return process.memoryUsage().arrayBuffers - before;
}

describe('a small file', () => {
  // MiB: what the edges, one decoded kernel and one scratch take, and a little more.
  it.each<[string, number, ModelSource]>([
    ['pools of a long picture', 3, sourceOf([MiB / 4, 1, 1], repeated(maxPool))],
    ['means of a long picture', 3, sourceOf([MiB / 4, 1, 1], repeated(averagePool))],
    ['means of many channels', 3, sourceOf([1, 1, MiB / 8], repeated(averagePool))],
    [
      'pools of many bits',
      6,
      sourceOf(
        [1, 1, MiB],
        [
          sign,
          ...repeated(maxPool),
          { op: 'binaryDense', attributes: { units: 1 }, tensors: { kernel: zeroBits(1, MiB) } },
        ],
      ),
    ],
    [
      'layers of one kernel',
      6,
      withOneKernel(sourceOf([1024], repeated(dense(zeroBits(1024, 1024))))),
    ],
    [
      'wide layers',
      4,
      withOneKernel(sourceOf([MiB / 8], besides(dense(zeroBits(1, MiB / 8)), 'x'))),
    ],
    [
      'binary windows of many taps',
      2,
      withOneKernel(sourceOf([31, 31, 8], [sign, ...besides(wideConv, 'sign')])),
    ],
  ])('of 60 %s takes less than %i MiB', (_, most, source) => {
    const file = encodeModel(source);
    expect(file.length).toBeLessThan(MiB / 4);
    const models: PackedModel[] = [];
    expect(growth(() => models.push(PackedModel.fromBytes(file)))).toBeLessThan(most * MiB);
    const [model] = models;
    const x = new Float32Array(model.inputShape.reduce((product, size) => product * size, 1));
    expect(model.run(x).every(Number.isFinite)).toBe(true);
  });

  it('that asks for more than allowed gets nothing', () => {
    const kernels = Array.from({ length: count }, () => zeroBits(1024, 1024));
    const source = sourceOf([1024], kernels.map(dense));
    const decoded = count * 4 * MiB;
    const all = 8192 + decoded + 12 * 1024;
    const load = (maxMemoryBytes: number) => () =>
      PackedModel.from(source, { maxMemoryBytes, kernels: 'reference' });
    const refused = () => {
      expect(load(all - 1)).toThrow(ModelFileError);
      expect(load(all - 1)).toThrow(
        `the model takes ${all} bytes of memory: 8192 for the edges of one example, ${decoded} for decoded tensors, ` +
          `12288 for scratch; allowed: maxMemoryBytes = ${all - 1}`,
      );
    };
    expect(growth(refused)).toBeLessThan(MiB);
  });

  it('takes what it says', () => {
    const source = sourceOf([1024], [dense(zeroBits(1024, 1024)), dense(zeroBits(512, 1024))]);
    const bytes = 8192 + 6 * MiB + 12 * 1024;
    const models: PackedModel[] = [];
    const taken = growth(() =>
      models.push(PackedModel.from(source, { maxMemoryBytes: bytes, kernels: 'reference' })),
    );
    expect(taken).toBeLessThanOrEqual(bytes);
    expect(models).toHaveLength(1);
  });
});
