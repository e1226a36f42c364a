/** Replays against the real pool on a real heap, and what a log makes of a program. */
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engineBackends } from '../cases/backends.js';
import { ArrayBufferHeap } from '../providers/reference/heap.js';
import { backendMemory, heapRoom, useEngine, withAllocationLog } from '../use-engine.js';
import { AllocationLog, type AllocationEvent } from './allocation-log.js';
import { PoolReplay } from './pool-replay.js';
import { Pool, type Block } from './pool.js';

describe('AllocationLog', () => {
  it('tells what a trace frees of its own from what earlier ones have left', () => {
    const log = new AllocationLog();
    const [a, b, c, stranger] = [{}, {}, {}, {}];
    log.take(a, 100);
    log.take(b, 50);
    log.free(b);
    log.free(stranger);
    expect(log.cut()).toEqual([
      { kind: 'take', id: 0, bytes: 100 },
      { kind: 'take', id: 1, bytes: 50 },
      { kind: 'free', id: 1 },
    ]);
    log.take(c, 7);
    log.free(a);
    log.free(a);
    expect(log.cut()).toEqual([
      { kind: 'take', id: 0, bytes: 7 },
      { kind: 'release', bytes: 100 },
    ]);
  });
});

describe('PoolReplay', () => {
  it('comes to the statistics of a pool that does the same on memory', () => {
    const steps = fc.array(
      fc.record({ bytes: fc.integer({ min: 0, max: 5000 }), free: fc.nat({ max: 4 }) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, fc.nat({ max: 60 }), (list, cutAt) => {
        const pool = new Pool(new ArrayBufferHeap());
        const log = new AllocationLog();
        const live: { bytes: number; block: Block | undefined }[] = [];
        const traces: (readonly AllocationEvent[])[] = [];
        list.forEach(({ bytes, free }, i) => {
          if (i === cutAt) traces.push(log.cut());
          const one = { bytes, block: bytes > 0 ? pool.take(bytes) : undefined };
          log.take(one, bytes);
          live.push(one);
          for (const gone of live.splice(0, free)) {
            log.free(gone);
            if (gone.block) pool.free(gone.block);
          }
        });
        traces.push(log.cut());
        const replay = new PoolReplay();
        for (const trace of traces) replay.run(trace);
        expect(replay.statistics()).toEqual(pool.statistics());
        const left = live.map(({ bytes }) => bytes).filter((bytes) => bytes > 0);
        expect([...replay.kept].sort()).toEqual(left.sort());
      }),
    );
  });

  it('grows by what the free blocks do not give', () => {
    const replay = new PoolReplay([64, 1024]);
    expect(replay.grown).toBe(0);
    replay.run([
      { kind: 'take', id: 0, bytes: 1000 },
      { kind: 'take', id: 1, bytes: 1000 },
      { kind: 'free', id: 0 },
    ]);
    expect(replay.grown).toBe(1024);
    expect(replay.kept).toEqual([1000]);
    replay.release(1000);
    replay.release(1000);
    expect(replay.statistics().liveBytes).toBe(0);
  });
});

describe.each(engineBackends)('the log of %s', (backend) => {
  it('replays to the growth of the heap, copied CPU kernels included', async () => {
    await useEngine({ backend });
    const kept: tf.Tensor[] = [];
    const program = () => {
      tf.tidy(() => {
        const x = tf.randomUniform<tf.Rank.R2>([37, 11], 0, 1, 'float32', 1);
        const y = tf.matMul(x, x, true);
        // Cumsum and sort are the CPU's own; they make tensors while the heap is pinned.
        kept.push(tf.keep(tf.topk(tf.cumsum(y, 1), 3).values));
      });
    };
    program();
    const before = heapRoom();
    const bytes = backendMemory()?.heapBytes ?? NaN;
    const trace = await withAllocationLog((log) => {
      program();
      return Promise.resolve(log.cut());
    });
    const replay = new PoolReplay(before?.freeBlocks);
    replay.run(trace ?? []);
    expect(replay.grown).toBe((backendMemory()?.heapBytes ?? NaN) - bytes);
    // 11 rows of three numbers.
    expect(replay.kept).toEqual([11 * 3 * 4]);
    tf.dispose(kept);
  });
});

it('there is nothing to log on cpu', async () => {
  await useEngine({ backend: 'cpu' });
  expect(heapRoom()).toBeUndefined();
  expect(await withAllocationLog(() => Promise.reject(new Error('it ran')))).toBeUndefined();
});
