/**
 * Records by data id. TF.js's own storage is a WeakMap, whose entries are dear: to make, to find, and again in each garbage collection.
 * Here the ids that a backend of ours makes carry their records; only ids that have moved here from other backends are looked up.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';

/** What the copied CPU kernels read of a record. */
type TensorData = ReturnType<MathBackendCPU['data']['get']>;

/** A data id of this engine: to TF.js an object and nothing more. */
export class RecordId {
  /** Undefined while no storage of ours has it: before the first `set`, on another backend, and after the last tensor. */
  storage: RecordStorage | undefined;
  record: TensorData | undefined;
}

export class RecordStorage extends tf.DataStorage<TensorData> {
  readonly #owner: tf.KernelBackend;
  readonly #mover: tf.DataMover;
  #count = 0;

  constructor(owner: tf.KernelBackend, mover: tf.DataMover) {
    super(owner, mover);
    this.#owner = owner;
    this.#mover = mover;
  }

  /** The record; fetches one that lives on another backend. */
  override get(id: object): TensorData {
    if (!(id instanceof RecordId)) return super.get(id);
    if (id.storage !== this) this.#mover.moveData(this.#owner, id);
    if (id.record === undefined) throw new Error('a tensor has a data id without data');
    return id.record;
  }

  override set(id: object, record: TensorData): void {
    if (id instanceof RecordId) {
      id.storage = this;
      id.record = record;
      this.#count++;
    } else {
      super.set(id, record);
    }
  }

  override has(id: object): boolean {
    return id instanceof RecordId ? id.storage === this : super.has(id);
  }

  override delete(id: object): boolean {
    if (!(id instanceof RecordId)) return super.delete(id);
    if (id.storage !== this) return false;
    id.storage = undefined;
    id.record = undefined;
    this.#count--;
    return true;
  }

  override numDataIds(): number {
    return this.#count + super.numDataIds();
  }
}
