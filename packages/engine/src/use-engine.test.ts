import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as engine from './index.js';

const warn = vi.spyOn(console, 'warn');
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

it('takes wasm for auto', async () => {
  const info = await engine.useEngine();
  expect(info).toMatchObject({ backend: 'surge-wasm', provider: 'wasm' });
  expect(tf.getBackend()).toBe('surge-wasm');
});

it.each([
  [{ backend: 'surge-native' }, /"surge-native" does not exist yet; allowed: surge-wasm.*auto/],
  [{ bakend: 'cpu' }, /unknown option of useEngine "bakend" \(did you mean "backend"\?\)/],
  [{ backend: 'surge-wasn' }, /did you mean "surge-wasm"/],
  [{ threads: 2 }, /engine threads: 2 is not possible yet; allowed: 1/],
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
