/** Tensors decoded at load: the file's bytes are little-endian and may stand at any address. */
import type { StoredTensor } from '../format/tensors.js';
import { lowBits, wordsFor } from '../kernels/bits.js';
import { halfValue } from '../kernels/half.js';

/** The numbers of an F32 or F16 tensor. */
export function floats(tensor: StoredTensor): Float32Array {
  const view = viewOf(tensor);
  const half = tensor.dtype === 'F16';
  const out = new Float32Array(view.byteLength / (half ? 2 : 4));
  // Not map, which makes a second array.
  for (let i = 0; i < out.length; i++) {
    out[i] = half ? halfValue(view.getUint16(2 * i, true)) : view.getFloat32(4 * i, true);
  }
  return out;
}

/** The numbers of an I32 tensor. */
export function integers(tensor: StoredTensor): Int32Array {
  const view = viewOf(tensor);
  const out = new Int32Array(view.byteLength / 4);
  for (let i = 0; i < out.length; i++) out[i] = view.getInt32(4 * i, true);
  return out;
}

/** The numbers of an I8 tensor. */
export function int8s({ bytes }: StoredTensor): Int8Array {
  return Int8Array.from(bytes);
}

/** Those of an I8 kernel as floats, each times the scale of its filter, rounded; the filters are innermost. */
export function scaledInt8s({ bytes }: StoredTensor, scale: Float32Array): Float32Array {
  const integers = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(integers.length);
  for (let i = 0; i < out.length; i++) out[i] = integers[i] * scale[i % scale.length];
  return out;
}

/** Rows of `bits` bits, each padded to a byte in the file, each padded to a word here. What is no bit of a row becomes 0. */
export function bitRows({ bytes }: StoredTensor, rows: number, bits: number): Uint32Array {
  const width = bytes.length / rows;
  const words = wordsFor(bits);
  const out = new Uint32Array(rows * words);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) {
      out[row * words + (i >>> 2)] |= bytes[row * width + i] << (8 * (i & 3));
    }
    out[row * words + words - 1] &= lowBits(bits - 32 * (words - 1));
  }
  return out;
}

/** A kernel of signs as floats, with the filters innermost: [bits of a filter, filters]. */
export function signs({ bytes }: StoredTensor, filters: number, bits: number): Float32Array {
  const width = bytes.length / filters;
  const out = new Float32Array(filters * bits);
  for (let f = 0; f < filters; f++) {
    for (let i = 0; i < bits; i++) {
      const bit = (bytes[f * width + (i >>> 3)] >>> (i & 7)) & 1;
      out[i * filters + f] = bit === 1 ? -1 : 1;
    }
  }
  return out;
}

function viewOf({ bytes }: StoredTensor): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
