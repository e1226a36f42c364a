import { describe, expect, it } from 'vitest';
import { missingOf, rowsOf } from './figures.mjs';
import { page, text } from './page.mjs';

const record = (id: string, kind: string, median: number, against?: string) => ({
  ...{ network: 'bert-4x256', id, kind, median, against, disturbed: 0, peakBytes: 200e6 },
  label: `${id}, 1 thread`,
  bytes: kind === 'float' ? 44_000_000 : 16_400_000,
  ...(kind === 'float' ? {} : { tableBytes: 15_900_000 }),
  start: { first: 31.2, difference: 0 },
});
const report = {
  machine: { cpu: 'a CPU', cores: 2, isa: ['avx2'], node: 'v20', date: '2026-01-01' },
  versions: { 'onnxruntime-node': '1.0.0' },
  options: { networks: ['bert-4x256'], samples: 15 },
  ...{ sentences: 32, pieces: 25.5, origin: "sentences of SST-2's development set" },
  records: [
    record('bibert-wasm1', 'bibert', 0.0005, 'onnxruntime-node1'),
    record('bit-wasm2', 'bit', 0.0004, 'onnxruntime-node-default'),
    record('onnxruntime-node1', 'float', 0.002),
    { network: 'bert-4x256', kind: 'bit', label: 'native, 1 thread', missing: 'not built' },
  ],
};

describe('the rows of bench:text', () => {
  it('compare with the twin of as many threads where it was measured', () => {
    const rows = rowsOf(report, 'bert-4x256');
    expect(rows.map(({ faster }) => faster)).toEqual([4, undefined, undefined]);
    expect(rows[0]).toMatchObject({ milliseconds: 0.5, tableBytes: 15_900_000, first: 31.2 });
  });

  it('leave out who is missing, and say why', () => {
    expect(missingOf(report)).toEqual([
      'bert-4x256, bit, native, 1 thread: not measured, not built',
    ]);
    for (const made of [text(report), page(report)]) {
      expect(made).toContain('native, 1 thread: not measured, not built');
      expect(made).toContain("sentences of SST-2's development set");
      expect(made).not.toMatch(/undefined|NaN/);
    }
    expect(page(report)).toContain(
      '| BiBERT: bibert-wasm1, 1 thread | 0.500 | 4.00 | 16.40 | 15.90 | 31 | 200 |',
    );
  });
});
