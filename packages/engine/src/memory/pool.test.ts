import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArrayBufferHeap } from '../providers/reference/heap.js';
import { Pool, type Block } from './pool.js';
import { GRANULE, sizeClass } from './size-class.js';

describe('sizeClass', () => {
  it('fits, wastes at most a quarter, and is its own class', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (bytes) => {
        const size = sizeClass(bytes);
        expect(size).toBeGreaterThanOrEqual(bytes);
        expect(size % GRANULE).toBe(0);
        expect(sizeClass(size)).toBe(size);
        expect(size - bytes).toBeLessThan(Math.max(GRANULE, bytes / 4 + 1));
      }),
    );
  });

  it('makes four classes of each power of two', () => {
    const classes = new Set(Array.from({ length: 1024 }, (_, i) => sizeClass(i * GRANULE)));
    expect(classes.size).toBe(4 + 4 * 8);
  });
});

describe('Pool', () => {
  it('never hands out overlapping blocks', () => {
    const steps = fc.array(
      fc.record({ bytes: fc.integer({ min: 1, max: 3000 }), free: fc.nat({ max: 5 }) }),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const pool = new Pool(new ArrayBufferHeap());
        const live: Block[] = [];
        for (const { bytes, free } of list) {
          const block = pool.take(bytes);
          expect(block.bytes).toBeGreaterThanOrEqual(bytes);
          expect(block.address % 16).toBe(0);
          for (const other of live) {
            const apart =
              block.address + block.bytes <= other.address ||
              other.address + other.bytes <= block.address;
            expect(apart).toBe(true);
          }
          live.push(block);
          for (const gone of live.splice(0, Math.min(free, 2))) pool.free(gone);
        }
        const { liveBlocks, liveBytes } = pool.statistics();
        expect(liveBlocks).toBe(live.length);
        expect(liveBytes).toBe(live.reduce((sum, block) => sum + block.bytes, 0));
      }),
    );
  });

  it('recycles, counts and remembers the peak', () => {
    const pool = new Pool(new ArrayBufferHeap());
    expect(pool.takeRecycled(100)).toBeUndefined();
    const a = pool.take(100);
    const b = pool.take(100);
    pool.free(a);
    expect(pool.take(120)).toBe(a);
    expect(pool.statistics()).toEqual({
      freshExtensions: 2,
      heapBytes: 256,
      liveBlocks: 2,
      liveBytes: 256,
      peakBytes: 256,
    });
    pool.free(a);
    pool.free(b);
    expect(pool.statistics()).toMatchObject({ liveBlocks: 0, liveBytes: 0, peakBytes: 256 });
  });

  it('lends the smallest freed block that is large enough, up to eight times, and only where it shall', () => {
    const pool = new Pool(new ArrayBufferHeap());
    const [small, large, huge] = [pool.take(256), pool.take(1024), pool.take(4096)];
    for (const block of [huge, large, small]) pool.free(block);
    expect(pool.takeRecycled(128)).toBeUndefined();
    pool.lends = true;
    expect(pool.takeRecycled(128)).toBe(small);
    expect(pool.takeRecycled(128)).toBe(large);
    // 32 times its class.
    expect(pool.takeRecycled(128)).toBeUndefined();
    expect(pool.takeRecycled(512)).toBe(huge);
    expect(pool.statistics()).toMatchObject({ freshExtensions: 3, liveBytes: 256 + 1024 + 4096 });
    // It comes back to its own class.
    pool.free(small);
    pool.lends = false;
    expect(pool.takeRecycled(128)).toBeUndefined();
    expect(pool.takeRecycled(256)).toBe(small);
  });

  it('throws on a double free and on a foreign block', () => {
    const pool = new Pool(new ArrayBufferHeap());
    const block = pool.take(10);
    pool.free(block);
    expect(() => pool.free(block)).toThrow(/freed twice/);
    expect(() => pool.free({ address: 16, bytes: 64 })).toThrow(/freed twice/);
  });
});

describe('ArrayBufferHeap', () => {
  it('keeps contents and detaches old views when it grows', () => {
    const heap = new ArrayBufferHeap();
    const address = heap.extend(12);
    const view = new Float32Array(heap.buffer, address, 3);
    view.set([1, 2, 3]);
    heap.extend(1 << 20);
    expect(view.length).toBe(0);
    expect([...new Float32Array(heap.buffer, address, 3)]).toEqual([1, 2, 3]);
  });

  it('refuses with numbers when it is full', () => {
    const heap = new ArrayBufferHeap(1000);
    heap.extend(500);
    expect(() => heap.extend(500)).toThrow(/holds 528 bytes and cannot take 500 more.*1000/);
  });
});
