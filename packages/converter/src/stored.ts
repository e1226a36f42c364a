/** Numbers as the file keeps them. */
import { InputError } from '@surge-bnn/contract';
import { bitBytes, kernelBits, tensorBytes } from '@surge-bnn/runtime';
import type { StoredTensor } from '@surge-bnn/runtime';
import type { Tensor } from '@tensorflow/tfjs-core';
import { halfBits } from './half.js';

/** An array of a layer's weights. */
export interface Values {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** A tensor's numbers; the tensor is gone. */
export function taken(tensor: Tensor): Values {
  const values = Float32Array.from(tensor.dataSync());
  const { shape } = tensor;
  tensor.dispose();
  return { values, shape };
}

/** @param where names the numbers in errors. @throws InputError when one is not finite. */
export function storedFloats({ values, shape }: Values, where: string): StoredTensor {
  refuseNonFinite(values, where);
  const view = new DataView(new ArrayBuffer(tensorBytes({ dtype: 'F32', shape })));
  values.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  return { dtype: 'F32', shape, bytes: new Uint8Array(view.buffer) };
}

/** Rounded to the nearest float16. @throws InputError when one is not finite there. */
export function storedHalves({ values, shape }: Values, where: string): StoredTensor {
  refuseNonFinite(values, where);
  const view = new DataView(new ArrayBuffer(tensorBytes({ dtype: 'F16', shape })));
  values.forEach((value, i) => {
    const half = halfBits(value);
    if ((half & 0x7c00) === 0x7c00) {
      throw new InputError(
        `${where} holds ${value}, which float16 cannot (its largest number is 65504); keep float32`,
      );
    }
    view.setUint16(2 * i, half, true);
  });
  return { dtype: 'F16', shape, bytes: new Uint8Array(view.buffer) };
}

export function storedInt8s(values: Int8Array, shape: readonly number[]): StoredTensor {
  return { dtype: 'I8', shape, bytes: Uint8Array.from(values) };
}

export function storedIntegers(values: Int32Array): StoredTensor {
  const shape = [values.length];
  const view = new DataView(new ArrayBuffer(tensorBytes({ dtype: 'I32', shape })));
  values.forEach((value, i) => {
    view.setInt32(4 * i, value, true);
  });
  return { dtype: 'I32', shape, bytes: new Uint8Array(view.buffer) };
}

/**
 * The signs of a kernel [.., filters] as the file has them: bit j of a filter is its weight j in the row-major order of
 * the other axes, 1 for -1, lowest bit of a byte first, each filter padded to a byte.
 */
export function storedSigns({ values, shape }: Values): StoredTensor {
  const filters = shape.at(-1) ?? 1;
  const bitsPerFilter = values.length / filters;
  const spec = kernelBits(filters, bitsPerFilter);
  const bytes = new Uint8Array(tensorBytes(spec));
  const row = bitBytes(bitsPerFilter);
  for (let j = 0; j < bitsPerFilter; j++) {
    for (let filter = 0; filter < filters; filter++) {
      if (values[j * filters + filter] < 0) bytes[filter * row + (j >> 3)] |= 1 << (j & 7);
    }
  }
  return { ...spec, bytes };
}

/** One bit per entry. */
export function storedFlags(flags: readonly boolean[]): StoredTensor {
  const bytes = new Uint8Array(bitBytes(flags.length));
  flags.forEach((flag, i) => {
    if (flag) bytes[i >> 3] |= 1 << (i & 7);
  });
  return { dtype: 'U8', shape: [bytes.length], bytes };
}

/** The numbers of an F32 tensor. */
export function floatsOf({ bytes }: StoredTensor): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, i) =>
    view.getFloat32(4 * i, true),
  );
}

/** The numbers of an I32 tensor. */
export function integersOf({ bytes }: StoredTensor): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.byteLength / 4 }, (_, i) => view.getInt32(4 * i, true));
}

/** Bit i of a row of bits: true is -1, or a flip. */
export function bitAt(bytes: Uint8Array, i: number): boolean {
  return ((bytes[i >> 3] >> (i & 7)) & 1) === 1;
}

function refuseNonFinite(values: Float32Array, where: string): void {
  const found = values.find((value) => !Number.isFinite(value));
  if (found !== undefined) {
    throw new InputError(`${where} holds ${found}; a network with such a weight cannot be shipped`);
  }
}
