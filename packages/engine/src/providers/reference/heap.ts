/**
 * The reference provider's heap: a plain ArrayBuffer that grows by replacement, up to a maximum.
 */
import { OutOfMemoryError } from '@surge-bnn/contract';
import type { Heap } from '../provider.js';

const ALIGNMENT = 16;
const FIRST_BYTES = 64 * 1024;

export class ArrayBufferHeap implements Heap {
  #buffer = new ArrayBuffer(FIRST_BYTES);
  // Address 0 stays unused, so that 0 can stand for "no address", as in WebAssembly.
  #end = ALIGNMENT;

  constructor(private readonly maximumBytes = 2 ** 32) {}

  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  extend(bytes: number): number {
    const address = this.#end;
    const end = address + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (end > this.maximumBytes) {
      throw new OutOfMemoryError(
        `the heap holds ${address} bytes and cannot take ${bytes} more: its maximum is ${this.maximumBytes}; lower the batch size`,
      );
    }
    if (end > this.#buffer.byteLength) this.#grow(end);
    this.#end = end;
    return address;
  }

  #grow(needed: number): void {
    const size = Math.min(this.maximumBytes, Math.max(needed, 2 * this.#buffer.byteLength));
    const old = this.#buffer;
    this.#buffer = new ArrayBuffer(size);
    new Uint8Array(this.#buffer).set(new Uint8Array(old));
    // Detaches every view of the old buffer, as growing WebAssembly memory does: a view that was kept
    // too long then fails here too, instead of computing on memory that nobody reads any more.
    structuredClone(old, { transfer: [old] });
  }
}
