/**
 * The heap of the wasm provider, a WebAssembly.Memory, and the scratch memory that its kernels share. The memory is shared wherever it
 * can be, whether or not there are threads yet: they may come later. Its first page is where they meet (threads/control.ts).
 */
import { OutOfMemoryError } from '@surge-bnn/contract';
import { memoryIsShared } from '@surge-bnn/runtime';
import type { Heap } from '../provider.js';
import { control } from './threads/control.js';

const ALIGNMENT = 16;
const PAGE = 64 * 1024;
/** All that a 32-bit address reaches. */
const MAXIMUM_PAGES = 65536;
/** So much may be read, never used, behind what is taken: a kernel loads the channels of a pixel by fours. */
const BEHIND = 64;
/** Growing detaches every view, so it happens in large steps: a quarter of the heap, or this. */
const LEAST_GROWTH = 16 * 1024 * 1024;

export class WasmHeap implements Heap {
  readonly memory: WebAssembly.Memory;
  // Address 0 stays unused: kernels read it as "none".
  #end: number = control.end;

  /** @param shared whether threads can share it; default: where this host allows it. */
  constructor(readonly shared = memoryIsShared()) {
    this.memory = new WebAssembly.Memory({ initial: 16, maximum: MAXIMUM_PAGES, shared });
  }

  get buffer(): ArrayBufferLike {
    return this.memory.buffer;
  }

  extend(bytes: number): number {
    const address = this.#end;
    const end = address + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const size = this.buffer.byteLength;
    const missing = end + BEHIND - size;
    if (missing > 0) this.#grow(address, bytes, missing, Math.max(size / 4, LEAST_GROWTH));
    this.#end = end;
    return address;
  }

  #grow(used: number, bytes: number, needed: number, wished: number): void {
    for (const step of [Math.max(needed, wished), needed]) {
      try {
        this.memory.grow(Math.ceil(step / PAGE));
        return;
      } catch (error) {
        // A refusal of the comfortable step is not yet one of the necessary step.
        if (!(error instanceof RangeError)) throw error;
      }
    }
    throw new OutOfMemoryError(
      `the WebAssembly heap holds ${used} bytes and cannot take ${bytes} more: 32-bit addresses end at ${MAXIMUM_PAGES * PAGE} bytes, and the system may allow less; lower the batch size`,
    );
  }
}

interface Chunk {
  readonly address: number;
  readonly size: number;
  used: number;
}

const LEAST_CHUNK = 1024 * 1024;
/** Threads write to cache lines of their own. */
const LINE = 128;

/**
 * Memory that a kernel needs while it runs. It is taken from the heap in chunks that are never given
 * back but used again by every later kernel, so a steady training step takes none. Scopes nest, because the
 * binary layer's backward calls `combine` in between, from which other kernels may run.
 */
export class Scratch {
  readonly #chunks: Chunk[] = [];

  constructor(private readonly heap: Heap) {}

  get buffer(): ArrayBufferLike {
    return this.heap.buffer;
  }

  /** Runs `body`; what it takes is free again afterwards. */
  scope<T>(body: () => T): T {
    const marks = this.#chunks.map((chunk) => chunk.used);
    try {
      return body();
    } finally {
      this.#chunks.forEach((chunk, i) => (chunk.used = marks[i] ?? 0));
    }
  }

  /** Address of `bytes` uninitialised bytes. May grow the heap: read every byteOffset before. */
  take(bytes: number): number {
    const size = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    let chunk = this.#chunks.find((c) => c.size - c.used >= size);
    if (!chunk) {
      const length = Math.max(size, LEAST_CHUNK);
      chunk = { address: this.heap.extend(length), size: length, used: 0 };
      this.#chunks.push(chunk);
    }
    const address = chunk.address + chunk.used;
    chunk.used += size;
    return address;
  }

  /** The same for each of the team's threads: its address for thread 0, and how many bytes the next thread's is further. */
  takeForEach(places: number, bytes: number): { at: number; thread: number } {
    const thread = Math.ceil(bytes / LINE) * LINE;
    return { at: Math.ceil(this.take(places * thread + LINE) / LINE) * LINE, thread };
  }

  /** Address of a copy of `words` (32-bit). */
  takeWords(words: readonly number[]): number {
    const address = this.take(4 * words.length);
    new Int32Array(this.heap.buffer, address, words.length).set(words);
    return address;
  }

  /** Address of `bytes` zero bytes. */
  takeZeros(bytes: number): number {
    const address = this.take(bytes);
    new Uint8Array(this.heap.buffer, address, bytes).fill(0);
    return address;
  }
}
