/** The tensors of a model file: how they are described, and the one place that knows how many bytes they take. */

/** Element types in the file, by their safetensors names. Bits are U8, eight to a byte. */
export type Dtype = 'F32' | 'I32' | 'F16' | 'I8' | 'U8';

export const elementBytes: Readonly<Record<Dtype, number>> = {
  F32: 4,
  I32: 4,
  F16: 2,
  I8: 1,
  U8: 1,
};

export interface TensorSpec {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export interface StoredTensor extends TensorSpec {
  /** The values, little-endian; may be a view into the file. */
  readonly bytes: Uint8Array;
}

/** Bytes of the tensor's values in the file. */
export function tensorBytes({ dtype, shape }: TensorSpec): number {
  return shape.reduce((product, size) => product * size, elementBytes[dtype]);
}

/** Bytes that `bits` bits take, padded to a byte. */
export function bitBytes(bits: number): number {
  return Math.ceil(bits / 8);
}

/** A kernel's signs: the bits of each filter together, padded to a byte. */
export function kernelBits(filters: number, bitsPerFilter: number): TensorSpec {
  return { dtype: 'U8', shape: [filters, bitBytes(bitsPerFilter)] };
}
