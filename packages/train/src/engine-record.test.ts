import { InputError } from '@surge-bnn/contract';
import { describe, expect, it } from 'vitest';
import { checkSameEngine, engineRecord, engineStart, sameEngine } from './engine-record.js';
import { parseRecipe } from './recipe/recipe.js';
import type { EngineRecord } from './types.js';

const native: EngineRecord = { backend: 'surge-native', threads: 2, isa: 'avx512' };

describe('a run that goes on', () => {
  const refusal = (now: EngineRecord, before: EngineRecord): string => {
    try {
      checkSameEngine(now, before, 'runs/a');
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
    return '';
  };

  it('does so on an equal engine', () => {
    expect(refusal({ ...native }, native)).toBe('');
    expect(sameEngine({ ...native }, native)).toBe(true);
  });

  it('says what it is, what it was, and what asks for that', () => {
    expect(refusal({ ...native, isa: 'avx2' }, native)).toBe(
      'cannot resume runs/a on another engine: this is surge-native (avx2) with 2 threads, the run used surge-native (avx512) ' +
        'with 2 threads; the bits would differ (to go on: SURGE_ISA=avx512)',
    );
    const wasm = { backend: 'surge-wasm', threads: 1 };
    expect(refusal(native, wasm)).toMatch(/\(to go on: engine.backend wasm\)$/);
    expect(refusal(wasm, native)).toMatch(/\(to go on: engine.backend native, engine.threads 2\)$/);
    const fused = { ...wasm, fusedMultiplyAdd: true };
    expect(refusal(wasm, fused)).toMatch(/engine.fusedMultiplyAdd true\)$/);
    expect(refusal(fused, wasm)).toMatch(/engine.fusedMultiplyAdd false\)$/);
    const rounded = { ...native, auxiliaryGradients: 'bfloat16' } as const;
    expect(refusal(native, rounded)).toMatch(/engine.auxiliaryGradients bfloat16\)$/);
    expect(refusal(rounded, native)).toMatch(/engine.auxiliaryGradients float32\)$/);
  });
});

describe('threads of surge-wasm', () => {
  it('change no bit, so a run goes on with more or fewer', () => {
    const wasm = { backend: 'surge-wasm', threads: 1 };
    expect(sameEngine(wasm, { ...wasm, threads: 4 })).toBe(true);
    expect(sameEngine(native, { ...native, threads: 4 })).toBe(false);
  });
});

describe('what is kept of an engine', () => {
  const recipe = (engine: object) =>
    parseRecipe({
      data: { name: 'digits' },
      network: 'mlp',
      optimizer: { name: 'adam', learningRate: 0.01 },
      epochs: 1,
      batchSize: 2,
      engine,
    }).engine;

  it('is what decides about bits, where it is not as ever', () => {
    const info = { backend: 'surge-native', provider: 'native', threads: 2, kernels: {} } as const;
    const start = engineStart({ ...info, isa: 'neon', passedOver: 'why' }, recipe({}));
    expect(start).toEqual({
      backend: 'surge-native',
      threads: 2,
      isa: 'neon',
      passedOver: 'why',
    });
    expect(engineRecord(start)).toEqual({ backend: 'surge-native', threads: 2, isa: 'neon' });
    const spec = recipe({ binaryGradients: 'bfloat16', auxiliaryGradients: 'float32' });
    expect(engineStart(info, spec)).toEqual({
      backend: 'surge-native',
      threads: 2,
      binaryGradients: 'bfloat16',
    });
  });
});
