/** Planned buffers as the arrays that an op computes with; that they are these follows from the types of the edges. */
import type { Numbers } from '../kernels/float-conv.js';
import type { EdgeBuffer } from './op.js';

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

export function asNumbers(buffer: EdgeBuffer): Numbers {
  if (buffer instanceof Uint32Array) throw misplanned('f32 or i32');
  return buffer;
}

function misplanned(expected: string): Error {
  return new Error(`a buffer for another type was planned for an edge of ${expected}`);
}
