import { expect, it } from 'vitest';
import { asOutOfMemory, OutOfMemoryError } from './out-of-memory.js';

it('knows its own error, the addon’s and V8’s', () => {
  const own = new OutOfMemoryError('the heap holds 1 byte and cannot take 2 more');
  expect(asOutOfMemory(own)).toBe(own);
  expect(own).toBeInstanceOf(RangeError);
  const addon = new RangeError('oneDNN is out of memory; lower the batch size');
  expect(asOutOfMemory(addon)).toMatchObject({ exitCode: 2, message: addon.message });
  let thrown: unknown;
  try {
    new ArrayBuffer(Number.MAX_SAFE_INTEGER);
  } catch (error) {
    thrown = error;
  }
  expect(asOutOfMemory(thrown)?.message).toBe(
    'out of memory (Array buffer allocation failed); lower the batch size',
  );
  const wasm = new RangeError('WebAssembly.Memory(): could not allocate memory');
  expect(asOutOfMemory(wasm)?.message).toContain('could not allocate memory); lower');
});

it('leaves defects what they are', () => {
  const recurse = (): number => recurse() + 1;
  expect(() => recurse()).toThrow(RangeError);
  expect(asOutOfMemory(new RangeError('Maximum call stack size exceeded'))).toBeUndefined();
  expect(asOutOfMemory(new RangeError('Invalid array length'))).toBeUndefined();
  expect(asOutOfMemory(new Error('out of memory'))).toBeUndefined();
});
