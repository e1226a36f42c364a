/** Memory that programs use one after the other. */
import { expect, it } from 'vitest';
import { countingKernels } from './counting-kernels.fixture.js';
import { KeptMemory } from './kept-memory.js';

it('is empty again for the next program, and grows where it must', () => {
  const { kernels, started, closed } = countingKernels();
  const kept = new KeptMemory(kernels);
  const first = kept.kernelSet.start(1000);
  new Uint8Array(first.buffer).fill(7);
  const second = kept.kernelSet.start(500);
  expect(second.buffer).toBe(first.buffer);
  expect(new Uint8Array(second.buffer).every((byte) => byte === 0)).toBe(true);
  kept.kernelSet.start(1e6);
  expect(started).toEqual([1000, 1e6]);
  expect(closed()).toBe(1);
  kept.close();
  expect(closed()).toBe(2);
});
