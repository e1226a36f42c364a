/**
 * The backend's bookkeeping: who owns which memory, and the traps of running TF.js's CPU kernels on
 * recycled memory. Every provider's heap detaches old views when it grows.
 */
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { SurgeBackend } from './backend.js';
import { engineBackends } from './cases/backends.js';
import { ArrayBufferHeap } from './providers/reference/heap.js';
import { createReferenceProvider } from './providers/reference/index.js';
import { backendMemory, useEngine } from './use-engine.js';

const warn = vi.spyOn(console, 'warn');

function backend(): SurgeBackend {
  const current = tf.backend();
  if (current instanceof SurgeBackend) return current;
  throw new Error('the engine is not active');
}

function liveBlocks(): number {
  return backendMemory()?.liveBlocks ?? NaN;
}

/** Recycles every small block: whoever still looks at a freed one now sees 77. */
function overwriteFreed(): void {
  const many = Array.from({ length: 50 }, (_, i) => tf.fill([1 + i], 77));
  tf.dispose(many);
}

describe.each(engineBackends)('%s', (name) => {
  /** Whether a heap that grows is replaced by a larger one; the native one stays where it is. */
  const moves = name !== 'surge-native';
  beforeAll(async () => {
    await useEngine({ backend: name });
  });
  afterEach(() => {
    tf.disposeVariables();
  });
  afterAll(() => {
    expect(warn).not.toHaveBeenCalled();
  });

  describe('values', () => {
    it('live in the heap for every numeric type', () => {
      for (const [dtype, values] of [
        ['float32', new Float32Array([1.5, -2])],
        ['int32', new Int32Array([7, -8])],
        ['bool', new Uint8Array([1, 0])],
      ] as const) {
        const t = tf.tensor1d(values, dtype);
        const view = backend().data.get(t.dataId).values;
        expect(view).toEqual(values);
        expect(ArrayBuffer.isView(view) && view.buffer).toBe(backend().provider.heap.buffer);
        t.dispose();
      }
    });

    it('are copied in and out', () => {
      const source = new Float32Array([1, 2, 3]);
      const t = tf.tensor1d(source);
      source[0] = 100;
      const read = t.dataSync();
      read[1] = 100;
      t.bufferSync().set(100, 2);
      expect([...t.dataSync()]).toEqual([1, 2, 3]);
      t.dispose();
      overwriteFreed();
      expect([...read]).toEqual([1, 100, 3]);
    });

    it('of a slice survive the source and its recycled block', () => {
      const source = tf.tensor1d([1, 2, 3, 4]);
      const slice = tf.slice1d(source, 1, 2);
      source.dispose();
      overwriteFreed();
      expect([...slice.dataSync()]).toEqual([2, 3]);
      slice.dispose();
    });

    it('of a reshape and a clone are shared, and freed with the last of them', () => {
      const before = liveBlocks();
      const a = tf.tensor1d([1, 2, 3, 4]);
      const b = tf.reshape(a, [2, 2]);
      const c = b.clone();
      expect(liveBlocks()).toBe(before + 1);
      a.dispose();
      b.dispose();
      overwriteFreed();
      expect([...c.dataSync()]).toEqual([1, 2, 3, 4]);
      expect(c.shape).toEqual([2, 2]);
      c.dispose();
      expect(liveBlocks()).toBe(before);
    });

    it('of uninitialised CPU outputs are zero in recycled blocks', () => {
      tf.fill([64], 77).dispose();
      const info = backend().makeTensorInfo([64], 'float32');
      expect(backend().data.get(info.dataId).values).toEqual(new Float32Array(64));
      backend().disposeIntermediateTensorInfo(info);
    });

    it('stay readable when the heap has grown under them', () => {
      const t = tf.tensor1d([1, 2, 3]);
      const heap = backend().provider.heap;
      const old = heap.buffer;
      const large = tf.zeros([moves ? 2 + heap.buffer.byteLength / 4 : 2 ** 22]);
      expect(heap.buffer === old).toBe(!moves);
      expect([...t.dataSync()]).toEqual([1, 2, 3]);
      tf.dispose([t, large]);
    });

    it('may be none at all', () => {
      const t = tf.zeros([0, 3]);
      expect(tf.add(t, 1).shape).toEqual([0, 3]);
      expect([...t.dataSync()]).toEqual([]);
      expect(tf.concat([t, tf.ones([1, 3])]).shape).toEqual([1, 3]);
    });

    it('may be strings or complex', async () => {
      const s = tf.tensor1d(['a', 'bc']);
      expect(await s.data()).toEqual(['a', 'bc']);
      expect(tf.slice(s, [1], [1]).dataSync()).toEqual(['bc']);
      const before = liveBlocks();
      const c = tf.complex([1, 2], [3, 4]);
      expect([...c.dataSync()]).toEqual([1, 3, 2, 4]);
      expect([...tf.imag(c).dataSync()]).toEqual([3, 4]);
      c.dispose();
      // The imaginary part that was read, and the two parts' inputs, are still the caller's.
      expect(liveBlocks()).toBeLessThanOrEqual(before + 3);
    });
  });

  describe('copied CPU kernels', () => {
    it('keep their views while they make tensors that do not fit the heap', () => {
      // Complex holds views of both its inputs while it writes copies of them.
      const heap = backend().provider.heap;
      let grown = 0;
      const ends = (length: number) => (moves ? grown === 2 : length > 1e6);
      for (let length = 4096; !ends(length); length = Math.ceil(length * 1.3)) {
        const parts = [tf.fill([length], 1), tf.fill([length], 2)];
        const before = heap.buffer;
        const c = tf.complex(parts[0], parts[1]);
        if (heap.buffer !== before) grown++;
        const imaginary = tf.imag(c);
        expect([imaginary.dataSync()[0], imaginary.dataSync()[length - 1]]).toEqual([2, 2]);
        tf.dispose([...parts, c, imaginary]);
      }
    });

    it('read what they have disposed until they end', () => {
      const own = new SurgeBackend(createReferenceProvider());
      own.pinned(() => {
        const first = own.makeTensorInfo([3], 'float32', new Float32Array([1, 2, 3]));
        const stale = own.data.get(first.dataId).values;
        own.disposeIntermediateTensorInfo(first);
        const second = own.makeTensorInfo([3], 'float32', new Float32Array([7, 7, 7]));
        expect(stale).toEqual(new Float32Array([1, 2, 3]));
        own.disposeIntermediateTensorInfo(second);
      });
      expect(own.statistics().liveBlocks).toBe(0);
    });

    it('leave nothing outside the heap', () => {
      const x = tf.tensor2d([[3, 1, 2]]);
      const { values, indices } = tf.topk(x, 2);
      for (const t of [values, indices]) {
        const view = backend().data.get(t.dataId).values;
        expect(ArrayBuffer.isView(view) && view.buffer).toBe(backend().provider.heap.buffer);
      }
      expect([...values.dataSync()]).toEqual([3, 2]);
      expect([...indices.dataSync()]).toEqual([0, 2]);
      tf.dispose([x, values, indices]);
    });

    it('see int32 numbers behind a float32 cast as float32', () => {
      const i = tf.tensor1d([1, -2, 3], 'int32');
      const f = tf.cast(i, 'float32');
      expect(backend().data.get(f.dataId).values).toEqual(new Float32Array([1, -2, 3]));
      expect([...tf.relu(f).dataSync()]).toEqual([1, 0, 3]);
      tf.dispose([i, f]);
    });
  });

  describe('tensors of other backends', () => {
    it('move here and back with their values and owners', async () => {
      const here = tf.tensor1d([1, 2]);
      const shared = here.clone();
      await useEngine({ backend: 'cpu' });
      const there = tf.tensor1d([3, 4]);
      const onCpu = tf.add(here, 1);
      expect([...onCpu.dataSync()]).toEqual([2, 3]);
      await useEngine({ backend: name });
      const moved = tf.add(there, here);
      expect([...moved.dataSync()]).toEqual([4, 6]);
      here.dispose();
      expect([...shared.dataSync()]).toEqual([1, 2]);
      tf.dispose([shared, there, onCpu, moved]);
    });

    it('move with int32 data behind a float32 dtype', async () => {
      await useEngine({ backend: 'cpu' });
      const f = tf.cast(tf.tensor1d([1, -2], 'int32'), 'float32');
      const complex = tf.complex([1], [2]);
      await useEngine({ backend: name });
      expect([...tf.relu(f).dataSync()]).toEqual([1, 0]);
      expect([...tf.imag(complex).dataSync()]).toEqual([2]);
    });
  });

  describe('accounts', () => {
    it('count data ids, references and bytes', () => {
      const own = new SurgeBackend(createReferenceProvider());
      const id = own.write(new Float32Array(4), [4], 'float32');
      expect(own.numDataIds()).toBe(1);
      own.incRef(id);
      expect(own.refCount(id)).toBe(2);
      expect(own.disposeData(id)).toBe(false);
      own.incRef(id);
      own.decRef(id);
      expect(own.statistics()).toMatchObject({ liveBlocks: 1, liveBytes: 64 });
      expect(own.disposeData(id)).toBe(true);
      expect(own.disposeData(id)).toBe(true);
      expect(own.statistics()).toMatchObject({ liveBlocks: 0, liveBytes: 0, peakBytes: 64 });
      expect(own.numDataIds()).toBe(0);
      expect(own.memory().unreliable).toBe(false);
    });

    it('force frees a shared record', () => {
      const own = new SurgeBackend(createReferenceProvider());
      const id = own.write(new Float32Array(4), [4], 'float32');
      own.incRef(id);
      expect(own.disposeData(id, true)).toBe(true);
      expect(own.statistics().liveBlocks).toBe(0);
    });

    it('stay right when the heap is full, also in the middle of a kernel', () => {
      const heap = new ArrayBufferHeap(1000);
      const own = new SurgeBackend({ ...createReferenceProvider(), heap });
      const kept = own.write(new Float32Array([1, 2]), [2], 'float32');
      const large = new Float32Array(300);
      expect(() => own.write(large, [300], 'float32')).toThrow(/cannot take 1280 more.*1000/);
      expect(() => own.pinned(() => own.write(large, [300], 'float32'))).toThrow(/cannot take/);
      expect(() => own.allocate([300])).toThrow(/cannot take/);
      expect(own.statistics().liveBlocks).toBe(1);
      expect(own.readSync(kept)).toEqual(new Float32Array([1, 2]));
    });

    it('end with dispose', () => {
      const own = new SurgeBackend(createReferenceProvider());
      own.write(new Float32Array(4), [4], 'float32');
      own.dispose();
      expect(own.numDataIds()).toBe(0);
      expect(own.statistics().liveBlocks).toBe(0);
      expect(() => own.write(new Float32Array(4), [4], 'float32')).toThrow(/disposed/);
    });

    it('give a removed backend a successor', async () => {
      const first = backend();
      tf.removeBackend(name);
      await useEngine({ backend: name });
      expect(backend()).not.toBe(first);
      expect([...tf.ones([2]).dataSync()]).toEqual([1, 1]);
    });
  });
});
