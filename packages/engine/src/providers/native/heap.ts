/**
 * The native provider's heap: one ArrayBuffer of three quarters of the machine's memory, of which the system hands out only the pages
 * that are written. It never moves, so no view is ever detached, and it is not bound to the 4 GiB of an external buffer or of
 * WebAssembly. (Not all of the memory: a request that the system's mmap refuses as too large is served by brk, and then cleared, page by page.)
 */
import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { OutOfMemoryError } from '@surge-bnn/contract';
import type { Heap } from '../provider.js';

const ALIGNMENT = 64;
/** Extensions from here on are held against the memory that is left: the system would kill the process without a word. */
const LARGE = 2 ** 24;

export class ReservedHeap implements Heap {
  readonly buffer: ArrayBuffer;
  // Address 0 stays unused, so that 0 can stand for "no address", as in WebAssembly.
  #end = ALIGNMENT;

  /** @param available bytes that the machine has left, asked before a large extension. */
  constructor(
    maximumBytes = largestHeap(),
    private readonly available: () => number = freemem,
  ) {
    this.buffer = reserve(maximumBytes);
  }

  extend(bytes: number): number {
    const address = this.#end;
    const end = address + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const most = this.buffer.byteLength;
    if (end > most) throw full(address, bytes, `its maximum is ${most}`);
    if (bytes >= LARGE) {
      const left = this.available();
      if (bytes > left) throw full(address, bytes, `the machine has ${left} left`);
    }
    this.#end = end;
    return address;
  }
}

function full(held: number, bytes: number, why: string): OutOfMemoryError {
  return new OutOfMemoryError(
    `the heap holds ${held} bytes and cannot take ${bytes} more: ${why}; lower the batch size`,
  );
}

/** Bytes that the heap may come to. Of a bounded address space (ulimit -v) half is left to Node, its threads and oneDNN. */
export function largestHeap(): number {
  return Math.floor(Math.min(0.75 * processMemory(), 0.5 * addressSpace()));
}

/** Bytes that the process may map, where Linux bounds that. */
function addressSpace(): number {
  try {
    const [, bytes] =
      /^Max address space +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return bytes === undefined ? Infinity : Number(bytes);
  } catch {
    return Infinity;
  }
}

/** The machine's memory, or the part of it that a container leaves to this process. */
function processMemory(): number {
  // 0 or a huge number where nothing constrains the process.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Address space, halved until the system grants it (strict overcommit). */
function reserve(bytes: number): ArrayBuffer {
  const smallest = 2 ** 20;
  for (let size = bytes; ; size /= 2) {
    try {
      return new ArrayBuffer(Math.ceil(size));
    } catch (error) {
      if (!(error instanceof RangeError) || size <= smallest) throw error;
    }
  }
}
