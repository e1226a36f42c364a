/** A node's tensors, decoded once at load: the file's bytes are little-endian and may stand at any address. */
import type { StoredTensor } from '../format/tensors.js';
import { lowBits, wordsFor } from '../kernels/bits.js';
import { halfValue } from '../kernels/half.js';

type Tensors = Readonly<Record<string, StoredTensor>>;

/** The tensor of a role that must be there. checkGraph has seen to it that it is, and that its type and shape are right. */
export function required(tensors: Tensors, role: string): StoredTensor {
  if (Object.hasOwn(tensors, role)) return tensors[role];
  throw new Error(`a node without its tensor "${role}" was not refused`);
}

/** The numbers of an F32 or F16 tensor. */
export function floats(tensor: StoredTensor): Float32Array {
  const view = viewOf(tensor);
  if (tensor.dtype === 'F16') {
    const half = new Float32Array(view.byteLength / 2);
    return half.map((_, i) => halfValue(view.getUint16(2 * i, true)));
  }
  return new Float32Array(view.byteLength / 4).map((_, i) => view.getFloat32(4 * i, true));
}

export function optionalFloats(tensors: Tensors, role: string): Float32Array | undefined {
  return Object.hasOwn(tensors, role) ? floats(tensors[role]) : undefined;
}

/** The numbers of an I32 tensor. */
export function integers(tensor: StoredTensor): Int32Array {
  const view = viewOf(tensor);
  return new Int32Array(view.byteLength / 4).map((_, i) => view.getInt32(4 * i, true));
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

/** One bit per channel; zeros where the tensor is absent. */
export function flipBits(tensors: Tensors, channels: number): Uint32Array {
  return Object.hasOwn(tensors, 'flips')
    ? bitRows(tensors.flips, 1, channels)
    : new Uint32Array(wordsFor(channels));
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
