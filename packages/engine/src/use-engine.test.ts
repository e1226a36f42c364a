import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { availableParallelism } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import * as engine from './index.js';

const warn = vi.spyOn(console, 'warn');
const { built, runnable } = await engine.nativeReport();
const registeredOnImport = engine.backendNames.filter((name) => tf.findBackendFactory(name));

afterAll(() => {
  expect(warn).not.toHaveBeenCalled();
});

it('does nothing on import', () => {
  expect(registeredOnImport).toEqual([]);
});

it('activates a backend, twice without a word', async () => {
  const first = await engine.useEngine({ backend: 'surge-reference', threads: 1 });
  const current = tf.backend();
  const second = await engine.useEngine({ backend: 'surge-reference' });
  expect(tf.getBackend()).toBe('surge-reference');
  expect(tf.backend()).toBe(current);
  expect(second).toEqual(first);
  expect(first).toMatchObject({ backend: 'surge-reference', provider: 'reference', threads: 1 });
  expect(first.kernels.conv2d).toBe('own');
});

it('registers once when asked twice at the same time', async () => {
  tf.removeBackend('surge-reference');
  await Promise.all([
    engine.useEngine({ backend: 'surge-reference' }),
    engine.useEngine({ backend: 'surge-reference' }),
  ]);
  expect([...tf.ones([2]).dataSync()]).toEqual([1, 1]);
});

it('activates the plain CPU backend without its advertisement', async () => {
  const info = await engine.useEngine({ backend: 'cpu' });
  expect(info).toEqual({ backend: 'cpu', provider: 'tfjs-cpu', threads: 1, kernels: {} });
  tf.ones([2]).dispose();
  expect(engine.backendMemory()).toBeUndefined();
  expect(tf.env().getBool('PROD')).toBe(false);
});

it('lends freed memory to smaller tensors where sizes are expected to vary', async () => {
  await engine.useEngine({ backend: 'surge-reference' });
  const grownBy = (floats: number) => {
    const before = engine.backendMemory()?.heapBytes ?? NaN;
    tf.zeros([floats]).dispose();
    return (engine.backendMemory()?.heapBytes ?? NaN) - before;
  };
  expect(grownBy(1 << 16)).toBe(4 << 16);
  engine.expectVaryingSizes(true);
  expect(grownBy(1 << 14)).toBe(0);
  engine.expectVaryingSizes(false);
  expect(grownBy(1 << 14)).toBe(4 << 14);
  // TF.js's own backend has no heap to tell this.
  await engine.useEngine({ backend: 'cpu' });
  engine.expectVaryingSizes(true);
});

it('takes native for auto where it is built, else wasm', async () => {
  const info = await engine.useEngine();
  const expected = built
    ? { backend: 'surge-native', provider: 'native', threads: availableParallelism() }
    : { backend: 'surge-wasm', provider: 'wasm', threads: availableParallelism() };
  expect(info).toMatchObject(expected);
  expect(info.isa).toBe(built ? runnable[0] : undefined);
  expect(info.passedOver).toBeUndefined();
  expect(tf.getBackend()).toBe(expected.backend);
});

it.each([
  [{ bakend: 'cpu' }, /unknown option of useEngine "bakend" \(did you mean "backend"\?\)/],
  [{ backend: 'surge-wasn' }, /did you mean "surge-wasm"/],
  [
    { backend: 'surge-wasm', threads: 65 },
    /threads: 65 is not possible on surge-wasm; allowed: 1 to 64/,
  ],
  [{ backend: 'cpu', threads: 2 }, /threads: 2 is not possible on cpu; allowed: 1;/],
  [{ backend: 'cpu', fusedMultiplyAdd: true }, /fusedMultiplyAdd: there is no choice on cpu/],
  [{ backend: 'cpu', threads: 0 }, /engine threads: 0 is not possible on cpu; allowed: 1;/],
  [
    { backend: 'surge-wasm', binaryGradients: 'bfloat16' },
    /engine binaryGradients: "bfloat16" is not possible on surge-wasm; allowed: float32/,
  ],
  [{ backend: 'cpu', auxiliaryGradients: 'float16' }, /auxiliaryGradients: "float16".*on cpu/],
  [{ backend: 'webgl', threads: 2 }, /engine threads: 2 is not possible on webgl; allowed: 1;/],
  [{ backend: 'webgl' }, /engine webgl: it needs a browser with OffscreenCanvas/],
  [{ backend: 'webgpu' }, /engine webgpu: it needs a browser with WebGPU/],
])('refuses %j', async (options, message) => {
  // As a recipe file would pass them: unchecked.
  const given: object = options;
  const refused = expect(engine.useEngine(given)).rejects;
  await refused.toThrow(message);
  await refused.toBeInstanceOf(InputError);
});

beforeAll(() => {
  warn.mockClear();
});

it('profiles kernels by name and path, only while asked', async () => {
  await engine.useEngine({ backend: 'surge-reference' });
  const { result, kernels } = await engine.profileKernels(async () => {
    const x = tf.fill([2, 2], 1);
    return tf.tidy(() => [tf.relu(x), tf.relu(x), tf.tan(x)].length);
  });
  expect(result).toBe(3);
  const counts = Object.fromEntries(kernels.map((k) => [`${k.kernel} ${k.path}`, k.count]));
  expect(counts).toEqual({ 'Fill engine': 1, 'Relu engine': 2, 'Tan cpu': 1 });
  expect(kernels.every((k) => k.milliseconds >= 0)).toBe(true);
  const idle = await engine.profileKernels(() => 0);
  expect(idle.kernels).toEqual([]);
});

it.skipIf(built)('says how to get the native engine where it is not built', async () => {
  const asked = engine.useEngine({ backend: 'surge-native' });
  await expect(asked).rejects.toBeInstanceOf(InputError);
  await expect(asked).rejects.toThrow('the native engine is not built; npm run build:native');
});

describe.skipIf(!built)('the native engine (needs npm run build:native)', () => {
  const backend = 'surge-native';
  afterEach(() => {
    vi.unstubAllEnvs();
    if (tf.findBackend(backend)) tf.removeBackend(backend);
  });

  it.each([0, -1, 1.5, 300, NaN])('refuses %d threads', async (threads) => {
    const asked = engine.useEngine({ backend, threads });
    await expect(asked).rejects.toBeInstanceOf(InputError);
    await expect(asked).rejects.toThrow(
      `engine threads: ${threads} is not possible on surge-native; allowed: 1 to 256`,
    );
  });

  it('computes with more threads than cores, and changes them on the way', async () => {
    for (const threads of [4 * availableParallelism(), 1, 3]) {
      expect(await engine.useEngine({ backend, threads })).toMatchObject({ threads });
      const sum = tf.tidy(() => tf.sum(tf.matMul(tf.ones([70, 300]), tf.ones([300, 50]))));
      expect(sum.dataSync()[0]).toBe(70 * 300 * 50);
      sum.dispose();
    }
  });

  it('knows two precisions', async () => {
    await engine.useEngine({
      backend,
      binaryGradients: 'bfloat16',
      auxiliaryGradients: 'bfloat16',
    });
    const asked = engine.useEngine({ backend, ...{ binaryGradients: 'float16' } } as object);
    await expect(asked).rejects.toThrow(
      'engine binaryGradients: "float16" is not possible on surge-native; allowed: float32, bfloat16',
    );
  });

  it.each(runnable)('runs on %s when SURGE_ISA says so', async (isa) => {
    vi.stubEnv('SURGE_ISA', isa);
    expect(await engine.useEngine({ backend })).toMatchObject({ backend, isa });
    expect(await engine.nativeReport()).toMatchObject({ isa, forced: isa });
  });

  // No machine runs the instruction sets of both architectures.
  const foreign = runnable.includes('neon') ? 'avx512' : 'neon';
  it.each(['nonsense', foreign])('refuses SURGE_ISA=%s, whoever is asked', async (isa) => {
    vi.stubEnv('SURGE_ISA', isa);
    const message = new RegExp(`SURGE_ISA=${isa} .*; allowed here: ${runnable.join(', ')}`);
    for (const asked of [backend, 'auto'] as const) {
      const refused = engine.useEngine({ backend: asked });
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toMatchObject({ exitCode: 2 });
    }
    const report = await engine.nativeReport();
    expect(report).toMatchObject({ built: true, forced: isa, runnable });
    expect(report.problem).toMatch(message);
  });

  it('is reported with what doctor tells', async () => {
    const report = await engine.nativeReport();
    expect(report).toMatchObject({ built: true, isa: runnable[0] });
    expect(report.problem).toBeUndefined();
    expect(report.compiled).toEqual(expect.arrayContaining([...runnable]));
    expect(report.oneDnn).toMatch(/^[23]\.\d+\.\d+$/);
    expect(report.threads).toBeGreaterThan(0);
    expect(report.largestHeap).toBeGreaterThan(2 ** 26);
  });
});
