import { expect, it } from 'vitest';
import { engineText } from './engine-text.js';

it.each([
  [{ backend: 'surge-wasm', threads: 1 }, 'surge-wasm with 1 thread'],
  [{ backend: 'surge-native', threads: 2, isa: 'avx2' }, 'surge-native (avx2) with 2 threads'],
  [
    { backend: 'surge-native', threads: 4, isa: 'neon', auxiliaryGradients: 'bfloat16' },
    'surge-native (neon, auxiliary gradients in bfloat16) with 4 threads',
  ],
])('%j is %s', (engine, text) => {
  expect(engineText(engine)).toBe(text);
});
