/** Numbers that follow from a kernel of bits and that sums begin with, or are corrected by: see kernels/binary-conv.ts. */
import { startsOf, sumsOfTaps } from '../kernels/binary-conv.js';
import type { BinaryOperand } from '../kernels/binary-conv.js';
import { bitsSeen } from '../kernels/binary-conv.js';
import { popcount } from '../kernels/bits.js';
import type { ConvShape } from '../kernels/float-conv.js';
import type { StoredTensor } from '../format/tensors.js';
import { bitRows } from '../ops/stored.js';

/** The start of each filter's sum. */
export function filterStarts(
  kernel: StoredTensor,
  shape: ConvShape,
  operand: BinaryOperand,
): Int32Array {
  const bits = bitsSeen(shape);
  // Of signs it is their number, whatever they are.
  if (operand === 'bits') return new Int32Array(shape.outChannels).fill(bits);
  return startsOf(bitRows(kernel, shape.outChannels, bits), shape, operand);
}

/** How many bits of each byte are 1. */
const ones = Uint8Array.from({ length: 256 }, (_, byte) => popcount(byte));

/** Sum of the weights of every tap, [taps, outChannels]. */
export function tapSums(kernel: StoredTensor, shape: ConvShape): Int32Array {
  const channels = shape.inChannels / shape.groups;
  const { outChannels } = shape;
  if (channels % 8 !== 0) return sumsOfTaps(bitRows(kernel, outChannels, bitsSeen(shape)), shape);
  // Every tap has bytes of its own.
  const { bytes } = kernel;
  const taps = shape.filterHeight * shape.filterWidth;
  const sums = new Int32Array(taps * outChannels);
  for (let f = 0, at = 0; f < outChannels; f++) {
    for (let tap = 0; tap < taps; tap++) {
      let negatives = 0;
      for (const end = at + channels / 8; at < end; at++) negatives += ones[bytes[at]];
      sums[tap * outChannels + f] = channels - 2 * negatives;
    }
  }
  return sums;
}
