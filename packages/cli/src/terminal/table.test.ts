import { describe, expect, it } from 'vitest';
import { formatTable, sparkline } from './table.js';

describe('formatTable', () => {
  it('aligns columns and leaves no trailing space', () => {
    const rows = [
      { name: 'a', n: 1 },
      { name: 'longer', n: 1000 },
    ];
    const text = formatTable(
      [
        { title: 'layer', value: (row: (typeof rows)[0]) => row.name, align: 'left' },
        { title: 'n', value: (row) => String(row.n) },
      ],
      rows,
    );
    expect(text.split('\n')).toEqual([
      'layer      n',
      '------  ----',
      'a          1',
      'longer  1000',
    ]);
  });

  it('prints only a heading for no rows', () => {
    expect(formatTable([{ title: 'x', value: () => '' }], [])).toBe('x\n-');
  });
});

describe('sparkline', () => {
  it('spans the range and leaves gaps', () => {
    expect(sparkline([0, 0.5, 1, NaN, null, 1])).toBe('▁▅█  █');
    expect(sparkline([0.5], 60, [0, 1])).toBe('▅');
    expect(sparkline([3, 3])).toBe('▅▅');
    expect(sparkline([])).toBe('');
  });

  it('thins a long curve, keeping its ends', () => {
    const line = sparkline(
      Array.from({ length: 500 }, (_, i) => i),
      20,
    );
    expect(line).toHaveLength(20);
    expect([line[0], line[19]]).toEqual(['▁', '█']);
  });
});
