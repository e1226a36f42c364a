/** The native heap ends where it is told to, and where the machine's memory does, with a sentence that has the numbers. */
import { OutOfMemoryError } from '@surge-bnn/contract';
import { describe, expect, it, vi } from 'vitest';
import { largestHeap, ReservedHeap } from './heap.js';

describe('the native heap', () => {
  it('never moves, and hands out aligned addresses', () => {
    const heap = new ReservedHeap(2 ** 20);
    const { buffer } = heap;
    const addresses = [12, 1, 64, 65].map((bytes) => heap.extend(bytes));
    expect(addresses).toEqual([64, 128, 192, 256]);
    expect(heap.buffer).toBe(buffer);
  });

  it('refuses what goes over its maximum, and stays usable', () => {
    const heap = new ReservedHeap(4096);
    const first = heap.extend(1000);
    const tooMuch = () => heap.extend(5000);
    expect(tooMuch).toThrow(RangeError);
    expect(tooMuch).toThrow(OutOfMemoryError);
    expect(tooMuch).toThrow(
      'the heap holds 1088 bytes and cannot take 5000 more: its maximum is 4096; lower the batch size',
    );
    expect(heap.extend(64)).toBe(first + 1024);
  });

  it('refuses a large piece that the machine has not left, before the system kills the process', () => {
    let left = 2 ** 30;
    const heap = new ReservedHeap(2 ** 31, () => left);
    heap.extend(2 ** 25);
    left = 2 ** 20;
    expect(() => heap.extend(2 ** 25)).toThrow(
      `cannot take ${2 ** 25} more: the machine has ${2 ** 20} left; lower the batch size`,
    );
    // Small pieces are not worth asking the system.
    expect(heap.extend(2 ** 21)).toBeGreaterThan(2 ** 25);
  });

  it('takes less address space where the system grants less', () => {
    vi.stubGlobal(
      'ArrayBuffer',
      class extends ArrayBuffer {
        constructor(bytes: number) {
          if (bytes > 3e6) throw new RangeError('Array buffer allocation failed');
          super(bytes);
        }
      },
    );
    const heap = new ReservedHeap(2 ** 40);
    expect(heap.buffer.byteLength).toBe(2 ** 21);
    vi.unstubAllGlobals();
    expect(largestHeap()).toBeGreaterThan(2 ** 26);
  });
});
