import { describe, expect, it } from 'vitest';
import { layersOf, missingOf, rowsOf } from './figures.mjs';
import { page, text } from './page.mjs';

const start = { first: 12, again: 3, difference: 0 };
const record = (
  id: string,
  name: string,
  threads: number,
  kind: string,
  median: number,
  batch = 1,
) => ({
  ...{ network: 'vgg-small', id, name, threads, kind, median, batch, start },
  label: `${name}, ${threads}`,
  fileBytes: kind === 'packed' ? 5000 : 90_000,
  disturbed: 0,
});
const report = {
  machine: { cpu: 'a CPU', cores: 2, isa: ['avx2'], node: 'v20', date: '2026-01-01' },
  versions: { 'onnxruntime-web': '1.0.0' },
  options: { networks: ['vgg-small'], samples: 15, batches: [1, 8] },
  multiplying: {
    'vgg-small': {
      conv: { kernel: 'xor-popcount', products: 50e6, binary: true },
      fc: { kernel: 'float dense', products: 1e6, binary: false },
    },
  },
  bareLoops: {
    rows: [
      { name: 'wasm, plain', kind: 'wasm', speed: 90e9 },
      { name: 'wasm', kind: 'wasm', speed: 172e9 },
      { name: 'AVX2', kind: 'native', speed: 400e9 },
    ],
    missing: [],
  },
  records: [
    record('wasm1', 'wasm', 1, 'packed', 0.002),
    {
      ...record('wasm2', 'wasm', 2, 'packed', 0.001),
      loop: 'wasm',
      profile: {
        kernels: [
          { nodes: ['sign', 'conv', 'threshold'], milliseconds: 0.5 },
          { nodes: ['fc'], milliseconds: 0.49 },
          { nodes: ['reshape'], milliseconds: 0.004 },
          { nodes: ['softmax'], milliseconds: 0.006 },
        ],
      },
    },
    record('onnxruntime-web1', 'onnxruntime-web', 1, 'float', 0.02),
    record('onnxruntime-node1', 'onnxruntime-node', 1, 'float', 0.005),
    record('onnxruntime-node2', 'onnxruntime-node', 2, 'float', 0.004),
    { network: 'vgg-small', batch: 1, label: 'native, 1', missing: 'not built' },
    record('wasm1', 'wasm', 1, 'packed', 0.01, 8),
  ],
};

describe('the rows of bench:infer', () => {
  const rows = rowsOf(report, 'vgg-small');

  it('compare with the runtimes of as many threads, and nobody with himself', () => {
    expect(rows.map(({ faster }) => faster)).toEqual([
      [10, 2.5],
      [undefined, 4],
      [undefined, 0.25],
      [4, undefined],
      [undefined, undefined],
    ]);
  });

  it('have the pictures a second of a batch where it was measured', () => {
    expect(rows.map(({ picturesPerSecond }) => picturesPerSecond)).toEqual([
      800,
      ...Array<undefined>(4).fill(undefined),
    ]);
  });

  it('tell of a stage its speed and the share of a bare loop on as many threads', () => {
    const [{ label, rows: stages }, ...none] = layersOf(report, 'vgg-small');
    expect([label, none]).toEqual(['wasm, 2', []]);
    expect(stages).toEqual([
      {
        ...{ name: 'conv and 2 more', kernel: 'xor-popcount', milliseconds: 0.5, products: 50e6 },
        ...{ perSecond: 100e9, share: 100 / (2 * 172) },
      },
      {
        name: 'fc',
        kernel: 'float dense',
        milliseconds: 0.49,
        products: 1e6,
        perSecond: 1e9 / 0.49,
      },
      { name: '2 others', kernel: '', milliseconds: 0.01, products: 0 },
    ]);
  });

  it('leave out who is missing, and say why', () => {
    expect(missingOf(report)).toEqual(['vgg-small, native, 1: not measured, not built']);
    for (const made of [text(report), page(report)]) {
      expect(made).toContain('native, 1: not measured, not built');
      expect(made).toContain('172');
      expect(made).not.toMatch(/undefined|NaN/);
    }
    expect(page(report)).toContain(
      '| wasm, 1, packed | 2.00 | 10.00 | 2.50 | 800 | 5 | 12.0 | 3.0 |',
    );
  });
});
