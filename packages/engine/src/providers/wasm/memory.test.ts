/**
 * The heap and the scratch memory: growing keeps what is stored, a steady step takes nothing, and a kernel
 * that runs inside `combine` does not tread on the backward around it.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { convGeometry } from '@surge-bnn/contract';
import { sizes } from '../../cases/geometries.js';
import { integers, reals } from '../../cases/numbers.js';
import type { Provider } from '../provider.js';
import { kernelNames } from '../reference/index.js';
import { createWasmProvider } from './index.js';
import { Scratch, WasmHeap } from './memory.js';

let provider: Provider;
beforeEach(async () => {
  provider = await createWasmProvider();
});

const geometry = convGeometry([2, 6, 6, 8], [3, 3, 8, 12], { padding: 'same' });

/** Arrays on the heap; call again for fresh views after the heap may have grown. */
function place(...arrays: Float32Array[]): () => Float32Array[] {
  const addresses = arrays.map((array) => provider.heap.extend(array.byteLength));
  const views = (): Float32Array[] =>
    arrays.map((a, i) => new Float32Array(provider.heap.buffer, addresses[i], a.length));
  views().forEach((view, i) => view.set(arrays[i]));
  return views;
}

function backwardArrays(): () => Float32Array[] {
  const filter = sizes.filter(geometry);
  const input = sizes.x(geometry);
  return place(
    reals(sizes.y(geometry), 3),
    reals(input, 1),
    reals(filter, 2),
    reals(filter, 4),
    new Float32Array(input),
    new Float32Array(filter),
    new Float32Array(filter),
  );
}

function backward(views: () => Float32Array[], inBetween: () => void): Float32Array[] {
  const [dy, x, kernel, auxiliary, dx, dkernel, dauxiliary] = views();
  provider.kernels.signConv2dGradient({
    dy,
    x,
    kernel,
    auxiliary,
    dx,
    dkernel,
    dauxiliary,
    geometry,
    padValue: 1,
    inputSurrogate: { kind: 'box', width: 1 },
    weightSurrogate: { kind: 'quadratic' },
    combine: () => {
      inBetween();
      return { binary: 1, auxiliary: 0.3, auxiliaryGradient: 0.2 };
    },
  });
  return views()
    .slice(4)
    .map((view) => view.slice());
}

describe('the wasm provider', () => {
  it('has every kernel of its own', () => {
    expect([...provider.own].sort()).toEqual([...kernelNames].sort());
  });

  it('keeps the heap as it is once every scratch need has been met', () => {
    const views = backwardArrays();
    backward(views, () => {});
    const size = provider.heap.buffer.byteLength;
    const end = provider.heap.extend(16);
    for (let i = 0; i < 50; i++) backward(views, () => {});
    expect(provider.heap.extend(16)).toBe(end + 16);
    expect(provider.heap.buffer.byteLength).toBe(size);
  });

  it('survives kernels and growth inside combine', () => {
    const views = backwardArrays();
    const right = backward(views, () => {});
    const others = place(integers(64 * 64, 1), integers(64 * 64, 2), new Float32Array(64 * 64));
    const disturbed = backward(views, () => {
      provider.heap.extend(64 * 1024 * 1024);
      const [a, b, c] = others();
      provider.kernels.matMul(a, b, c, {
        batch: 1,
        m: 64,
        k: 64,
        n: 64,
        transposeA: false,
        transposeB: true,
        strideA: 0,
        strideB: 0,
      });
      const [dy, x, , , , dkernel] = backwardArrays()();
      provider.kernels.conv2dFilterGradient(x, dy, dkernel, geometry);
    });
    expect(disturbed).toEqual(right);
  });

  it('leaves scratch memory free after a combine that throws', () => {
    const views = backwardArrays();
    const right = backward(views, () => {});
    const failing = (): Float32Array[] =>
      backward(views, () => {
        throw new Error('a norm that is not finite');
      });
    expect(failing).toThrow('not finite');
    const end = provider.heap.extend(16);
    for (let i = 0; i < 20; i++) expect(failing).toThrow('not finite');
    expect(backward(views, () => {})).toEqual(right);
    expect(provider.heap.extend(16)).toBe(end + 16);
  });
});

describe('the heap', () => {
  it('keeps its contents when it grows, at aligned addresses', () => {
    const heap = new WasmHeap();
    const address = heap.extend(12);
    new Float32Array(heap.buffer, address, 3).set([1, 2, 3]);
    const next = heap.extend(40 * 1024 * 1024);
    expect(next % 16).toBe(0);
    expect([...new Float32Array(heap.buffer, address, 3)]).toEqual([1, 2, 3]);
  });

  it('refuses what 32-bit addresses do not reach, with numbers, and stays usable', () => {
    const heap = new WasmHeap();
    const first = heap.extend(16);
    expect(() => heap.extend(5e9)).toThrow(/holds 65552 bytes and cannot take 5000000000 more/);
    expect(heap.extend(16)).toBe(first + 16);
  });
});

describe('scratch memory', () => {
  it('gives the same addresses again after a scope, and other ones inside it', () => {
    const scratch = new Scratch(new WasmHeap());
    const first = scratch.scope(() => scratch.take(100));
    scratch.scope(() => {
      const outer = scratch.take(100);
      expect(outer).toBe(first);
      const inner = scratch.scope(() => scratch.take(100));
      expect(inner).toBeGreaterThanOrEqual(outer + 100);
      expect(scratch.take(100)).toBe(inner);
    });
  });
});
