/** Planned buffers as the arrays that an op computes with; that they are these follows from the types of the edges. */
import type { Edge } from '../graph.js';
import type { Numbers } from '../kernels/float-conv.js';
import { elementsOf } from './edges.js';
import type { EdgeBuffer } from './op.js';

/** The buffer of an edge: these four-byte words of a block. @param from in bytes. */
export function edgeBuffer(
  edge: Edge,
  block: ArrayBuffer,
  from: number,
  words: number,
): EdgeBuffer {
  switch (edge.type) {
    case 'f32':
      return new Float32Array(block, from, words);
    case 'i32':
      return new Int32Array(block, from, words);
    case 'i8':
      return new Int8Array(block, from, elementsOf(edge));
    case 'bits':
    case 'unsigned':
      return new Uint32Array(block, from, words);
  }
}

export function asFloats(buffer: EdgeBuffer): Float32Array {
  if (buffer instanceof Float32Array) return buffer;
  throw misplanned('f32');
}

export function asIntegers(buffer: EdgeBuffer): Int32Array {
  if (buffer instanceof Int32Array) return buffer;
  throw misplanned('i32');
}

export function asWords(buffer: EdgeBuffer): Uint32Array {
  if (buffer instanceof Uint32Array) return buffer;
  throw misplanned('bits or unsigned');
}

export function asInt8(buffer: EdgeBuffer): Int8Array {
  if (buffer instanceof Int8Array) return buffer;
  throw misplanned('i8');
}

export function asNumbers(buffer: EdgeBuffer): Numbers {
  if (buffer instanceof Float32Array || buffer instanceof Int32Array) return buffer;
  throw misplanned('f32 or i32');
}

function misplanned(expected: string): Error {
  return new Error(`a buffer for another type was planned for an edge of ${expected}`);
}
