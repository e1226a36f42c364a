/**
 * The TF.js backend: bookkeeping of tensors whose numbers live in a provider's heap. It extends
 * MathBackendCPU so that the copied CPU kernels run on it; arithmetic of ours is in providers/, which kernel
 * runs when is in kernels/. What MathBackendCPU does with plain arrays and what is unsafe with recycled
 * memory is overridden here:
 *
 * - `write` always copies: CPU's Slice returns a view of its source, which would outlive the source's block.
 * - Reads copy: the caller must not see the block's next owner.
 * - While a kernel runs ("pinned") the heap must not grow, since growing detaches the views that the
 *   kernel holds; and no block freed by the kernel is handed out again, since it may still read it. What
 *   finds no recycled block then waits in a plain array until the kernel has ended.
 */
import * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { AllocationLog } from './memory/allocation-log.js';
import { Pool, type Block, type PoolStatistics } from './memory/pool.js';
import {
  bytesPerEntry,
  ComplexRecord,
  isNumeric,
  numericArray,
  NumericRecord,
  StringRecord,
  type BackendRecord,
  type NumericType,
} from './memory/record.js';
import { RecordId, RecordStorage } from './memory/storage.js';
import type { Provider } from './providers/provider.js';

type Values = tf.backend_util.BackendValues;
type DataId = ReturnType<MathBackendCPU['write']>;

export class SurgeBackend extends MathBackendCPU {
  #pool: Pool;
  #pins = 0;
  #waiting: NumericRecord[] = [];
  #freedWhilePinned: NumericRecord[] = [];
  #log: AllocationLog | undefined;

  /** A tensor's float32 numbers in the heap. */
  readonly floats = (info: tf.TensorInfo): Float32Array => {
    const { values } = this.numbers(info);
    if (values instanceof Float32Array) return values;
    throw new Error(`${info.dtype} numbers stand where a kernel needs float32`);
  };

  /** A tensor's int32 numbers in the heap. */
  readonly integers = (info: tf.TensorInfo): Int32Array => {
    const { values } = this.numbers(info);
    if (values instanceof Int32Array) return values;
    throw new Error(`${info.dtype} numbers stand where a kernel needs int32`);
  };

  /** @param provider must be this backend's own: nobody else may take memory from its heap. */
  constructor(readonly provider: Provider) {
    super();
    this.data = new RecordStorage(this, tf.engine());
    this.#pool = new Pool(provider.heap);
  }

  /** Blocks and bytes of the pool under the tensors. */
  statistics(): PoolStatistics {
    return this.#pool.statistics();
  }

  /** Sizes of the pool's blocks that lie free. */
  freeBlocks(): number[] {
    return this.#pool.freeBlocks();
  }

  /** Whether the pool lends blocks across sizes (`memory/pool.ts`). */
  lendBlocks(lends: boolean): void {
    this.#pool.lends = lends;
  }

  /** Tells the log of all that is taken and given back from now on; undefined: no more. */
  logTo(log: AllocationLog | undefined): void {
    this.#log = log;
  }

  override write(values: Values | undefined, shape: number[], dtype: tf.DataType): DataId {
    const dataId = new RecordId();
    this.data.set(dataId, this.#record(values, shape, dtype));
    return dataId;
  }

  override move(
    dataId: DataId,
    values: Values,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    const record = this.#record(values, shape, dtype);
    record.refCount = refCount;
    this.data.set(dataId, record);
  }

  /** A float32 tensor with whatever its block held before: for kernels that write every entry. */
  allocate(shape: number[]): tf.TensorInfo {
    if (this.#pins > 0) {
      throw new Error('a kernel asked for memory while another one computes');
    }
    const length = tf.util.sizeFromShape(shape);
    const block = length ? this.#pool.take(length * 4) : undefined;
    const dataId = new RecordId();
    const record = new NumericRecord(this.provider.heap, 'float32', length, block);
    this.data.set(dataId, record);
    this.#log?.take(record, length * 4);
    return { dataId, shape, dtype: 'float32' };
  }

  /** The numbers of a tensor; moves them here when they live on another backend. */
  numbers(info: tf.TensorInfo): NumericRecord {
    const record = this.data.get(info.dataId);
    if (!(record instanceof NumericRecord)) {
      throw new Error(`a ${info.dtype} tensor stands where a kernel needs numbers`);
    }
    if (this.#pins === 0) this.#settleRecord(record);
    return record;
  }

  /** Fetches a tensor that lives on another backend or waits outside the heap. */
  bringIn(info: tf.TensorInfo): void {
    const record = this.data.get(info.dataId);
    if (record instanceof NumericRecord && this.#pins === 0) this.#settleRecord(record);
  }

  /** Runs `compute` while the heap neither grows nor recycles what is freed meanwhile. */
  pinned<T>(compute: () => T): T {
    this.#pins++;
    try {
      return compute();
    } finally {
      if (--this.#pins === 0) this.#settle();
    }
  }

  override readSync(dataId: DataId): Values {
    const record = this.data.get(dataId);
    if (record.complexTensorInfos) {
      const { real, imag } = record.complexTensorInfos;
      return tf.backend_util.mergeRealAndImagArrays(
        this.numbers(real).values as Float32Array,
        this.numbers(imag).values as Float32Array,
      );
    }
    return record.values?.slice() ?? new Float32Array(0);
  }

  override async read(dataId: DataId): Promise<Values> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.data.has(dataId)) return true;
    const record = this.data.get(dataId);
    record.refCount--;
    if (!force && record.refCount > 0) return false;
    if (record.complexTensorInfos) {
      this.disposeData(record.complexTensorInfos.real.dataId, true);
      this.disposeData(record.complexTensorInfos.imag.dataId, true);
    }
    if (record instanceof NumericRecord) this.#free(record);
    this.data.delete(dataId);
    return true;
  }

  /** Exact: every number lives in a block that is counted. */
  override memory(): { unreliable: boolean; reasons: string[] } {
    return { unreliable: false, reasons: [] };
  }

  /** Forgets every tensor. The heap itself goes with the last reference to this backend. */
  override dispose(): void {
    this.provider.close?.();
    this.data = new RecordStorage(this, tf.engine());
    this.#pool = new Pool(disposedHeap);
    this.#waiting = [];
    this.#freedWhilePinned = [];
  }

  #record(values: Values | undefined, shape: number[], dtype: tf.DataType): BackendRecord {
    if (isNumeric(dtype)) return this.#numericRecord(values, shape, dtype);
    if (dtype === 'string') return new StringRecord(values ?? []);
    const record = new ComplexRecord();
    // CPU's Complex kernel brings no values and fills in the parts itself; a move brings both interleaved.
    if (values instanceof Float32Array) {
      const parts = tf.backend_util.splitRealAndImagArrays(values);
      record.complexTensorInfos = {
        real: this.makeTensorInfo(shape, 'float32', parts.real),
        imag: this.makeTensorInfo(shape, 'float32', parts.imag),
      };
    }
    return record;
  }

  #numericRecord(values: Values | undefined, shape: number[], dtype: NumericType): NumericRecord {
    const length = values?.length ?? tf.util.sizeFromShape(shape);
    const bytes = length * bytesPerEntry(dtype);
    const block = bytes === 0 ? undefined : this.#takeBlock(bytes);
    const waits = block === undefined && length > 0;
    const place = waits ? numericArray(dtype, length) : block;
    const record = new NumericRecord(this.provider.heap, dtype, length, place);
    this.#log?.take(record, bytes);
    if (waits) this.#waiting.push(record);
    // Without values the CPU kernels expect zeros, and add to them.
    if (values && length > 0) record.values.set(numbersOf(values));
    else record.values.fill(0);
    return record;
  }

  #takeBlock(bytes: number): Block | undefined {
    return this.#pins > 0 ? this.#pool.takeRecycled(bytes) : this.#pool.take(bytes);
  }

  #free(record: NumericRecord): void {
    if (record.waits) this.#waiting = this.#waiting.filter((other) => other !== record);
    if (this.#pins > 0 && record.block) this.#freedWhilePinned.push(record);
    else this.#release(record);
  }

  #release(record: NumericRecord): void {
    this.#log?.free(record);
    if (record.block) this.#pool.free(record.block);
  }

  #settle(): void {
    // Rarely anything is there, and this runs after every kernel.
    if (this.#freedWhilePinned.length > 0) {
      for (const record of this.#freedWhilePinned.splice(0)) this.#release(record);
    }
    if (this.#waiting.length > 0) {
      for (const record of this.#waiting.splice(0)) this.#settleRecord(record);
    }
  }

  #settleRecord(record: NumericRecord): void {
    if (record.waits) record.settle(this.#pool.take(record.length * bytesPerEntry(record.dtype)));
  }
}

function numbersOf(values: Values): ArrayLike<number> {
  if (Array.isArray(values)) throw new Error('encoded strings stand where numbers are needed');
  return values;
}

const disposedHeap = {
  buffer: new ArrayBuffer(0),
  extend(): number {
    throw new Error('this backend has been disposed; call useEngine again');
  },
};
