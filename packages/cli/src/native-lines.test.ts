import type { NativeReport } from '@surge-bnn/engine';
import { describe, expect, it } from 'vitest';
import { nativeAdvice, nativeLines } from './native-lines.js';

const works: NativeReport = {
  built: true,
  oneDnn: '2.6.0',
  compiled: ['avx512', 'avx2', 'portable'],
  runnable: ['avx2', 'portable'],
  isa: 'avx2',
  threads: 4,
  largestHeap: 12e9,
};
const absent: NativeReport = {
  built: false,
  problem: 'the native engine is not built; npm run build:native builds it',
  compiled: [],
  runnable: [],
  threads: 4,
  largestHeap: 12e9,
};
const text = (report: NativeReport, env = {}): string => nativeLines(report, env).join('\n');

describe('the native engine in doctor', () => {
  it('that works is told with all that decides about it', () => {
    expect(
      text(works)
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual([
      'addon        loads, with oneDNN 2.6.0',
      'kernels      compiled for avx512, avx2, portable; this CPU runs avx2, portable',
      'runs on      avx2, the best of them (SURGE_ISA is not set)',
      'threads      4 where a training asks for nothing else, one for each core; a packed model runs on one',
      'memory       heap of up to 12.0 GB, taken page by page',
    ]);
    expect(nativeAdvice(works)).toBeUndefined();
    expect(text(works, { OMP_NUM_THREADS: '8' })).toContain('OMP_NUM_THREADS=8 changes nothing');
    expect(text({ ...works, forced: 'avx2' })).toContain('avx2, because SURGE_ISA says so');
  });

  it('that is not built says why, and how it is', () => {
    expect(text(absent)).toMatch(/not built; surge-wasm does its work$/);
    expect(nativeAdvice(absent)).toBe('for fast training: npm run build:native');
    const known = { ...absent, leftOut: 'no make; on Debian: apt-get install make' };
    expect(text(known)).toContain('not built (no make; on Debian: apt-get install make)');
    expect(nativeAdvice(known)).toContain('npm run build:native, after what');
  });

  it('that does not load says why', () => {
    const problem = 'the native engine does not load: it is damaged';
    const broken = { ...absent, built: true, problem };
    expect(text(broken)).toContain(problem);
    expect(nativeAdvice(broken)).toContain('mend the native engine');
  });

  it('that shall run what it cannot says what it could', () => {
    const problem = 'SURGE_ISA=neon is unknown; allowed here: avx2, portable';
    const { isa: _, ...rest } = works;
    const wrong = { ...rest, forced: 'neon', problem };
    expect(text(wrong)).toContain(problem);
    expect(nativeAdvice(wrong)).toBe('unset SURGE_ISA, or set it to what is allowed');
  });
});
