/**
 * What the backend keeps per data id: where the values live and how many tensors share them. Numbers
 * live in a block of the heap; strings, and numbers that arrived while the heap must not grow, in a
 * plain array ("host"). A record has no shape: Reshape and Identity share it under several.
 */
import type { backend_util, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../providers/provider.js';
import type { Block } from './pool.js';

/** The typed arrays of TF.js's numeric types. */
export type NumericArray = Float32Array | Int32Array | Uint8Array;
export type NumericType = 'float32' | 'int32' | 'bool';

const arrayTypes = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

export function isNumeric(dtype: DataType): dtype is NumericType {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
}

export function bytesPerEntry(dtype: NumericType): number {
  return dtype === 'bool' ? 1 : 4;
}

/** A new typed array of `length` zeros. */
export function numericArray(dtype: NumericType, length: number): NumericArray {
  return numericView(dtype, new ArrayBuffer(length * bytesPerEntry(dtype)), 0, length);
}

/** A view of `length` entries of `buffer`, from `address` on. */
export function numericView(
  dtype: NumericType,
  buffer: ArrayBufferLike,
  address: number,
  length: number,
): NumericArray {
  if (dtype === 'float32') return new Float32Array(buffer, address, length);
  if (dtype === 'int32') return new Int32Array(buffer, address, length);
  return new Uint8Array(buffer, address, length);
}

/** Numbers in a heap block. The fields are those that the copied CPU kernels read from a TensorData. */
export class NumericRecord {
  refCount = 1;
  readonly complexTensorInfos = undefined;
  #view: NumericArray | undefined;
  #block: Block | undefined;
  #host: NumericArray | undefined;

  constructor(
    private readonly heap: Heap,
    readonly dtype: NumericType,
    readonly length: number,
    place: Block | NumericArray | undefined,
  ) {
    if (place && 'address' in place) this.#block = place;
    else this.#host = place;
  }

  /** The block in the heap; undefined for no entries or while the values wait on the host. */
  get block(): Block | undefined {
    return this.#block;
  }

  /** Whether the values wait outside the heap. */
  get waits(): boolean {
    return this.#host !== undefined;
  }

  /** The values, as a view that is made anew when the heap has been replaced by a larger one. */
  get values(): NumericArray {
    if (this.#host) return this.#host;
    const buffer = this.heap.buffer;
    if (this.#view?.buffer !== buffer) this.#view = this.#viewOf(buffer);
    return this.#view;
  }

  #viewOf(buffer: ArrayBufferLike): NumericArray {
    const block = this.#block;
    if (!block) return numericView(this.dtype, buffer, 0, this.length);
    const last = block.view;
    const same = last?.buffer === buffer && last.length === this.length;
    if (same && last.constructor === arrayTypes[this.dtype]) return last;
    return (block.view = numericView(this.dtype, buffer, block.address, this.length));
  }

  /** Brings waiting values into the heap. */
  settle(block: Block): void {
    const host = this.#host;
    if (!host) return;
    this.#host = undefined;
    this.#block = block;
    this.values.set(host);
  }
}

/** Encoded strings, which no kernel of ours touches. */
export class StringRecord {
  refCount = 1;
  readonly dtype = 'string';
  readonly complexTensorInfos = undefined;
  constructor(readonly values: backend_util.BackendValues) {}
}

/** Complex numbers: two float tensors that belong to the record. CPU's Complex kernel sets them. */
export class ComplexRecord {
  refCount = 1;
  readonly dtype = 'complex64';
  readonly values = undefined;
  complexTensorInfos: { real: TensorInfo; imag: TensorInfo } | undefined;
}

export type BackendRecord = NumericRecord | StringRecord | ComplexRecord;
