/**
 * What one line of the kernel table is, and the hands it works with. An entry looks at shapes and
 * attributes, allocates its outputs, and only then computes on views: growing the heap detaches views, so
 * `KernelCall` gives them out inside `compute` alone, where nothing can be allocated.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { SurgeBackend } from '../backend.js';
import type { KernelName, Kernels } from '../providers/provider.js';

export type View = (tensor: tf.TensorInfo) => Float32Array;
export type IntegerView = (tensor: tf.TensorInfo) => Int32Array;

export interface KernelEntry {
  /** The TF.js kernel that the entry serves. */
  readonly kernel: string;
  /** The provider's kernels that it runs. */
  readonly uses: readonly KernelName[];
  /** Which calls it leaves to the copied CPU kernel, for the support table; absent: none. */
  readonly leaves?: string;
  /** The outputs, or undefined: the copied CPU kernel shall run instead. */
  run(call: KernelCall): tf.TensorInfo | tf.TensorInfo[] | undefined;
}

/** One run of one kernel. */
export class KernelCall {
  readonly #made: tf.TensorInfo[] = [];
  readonly #temporary: tf.TensorInfo[] = [];

  constructor(
    private readonly backend: SurgeBackend,
    private readonly inputs: tf.NamedTensorInfoMap,
    private readonly attributes: unknown,
  ) {}

  /** The attributes, whose type the kernel's name stands for; TF.js passes them untyped. */
  attrs<A>(): A {
    return this.attributes as A;
  }

  /** The inputs in their order; for kernels that take a list (AddN). */
  list(): tf.TensorInfo[] {
    return Object.values(this.inputs).filter((info) => info !== undefined);
  }

  /** Whether an optional input is there. */
  has(name: string): boolean {
    return this.inputs[name] != null;
  }

  /** An input as it came, of any type. */
  raw(name: string): tf.TensorInfo {
    const info = this.inputs[name];
    if (!info) throw new Error(`the kernel needs an input "${name}"`);
    return info;
  }

  /** Whether all these inputs are float32 tensors. */
  areFloat(...names: string[]): boolean {
    return names.every((name) => this.raw(name).dtype === 'float32');
  }

  /** Whether an input is int32 with int32 numbers behind it (a cast from bool shares the bool's bytes). */
  isInteger(name: string): boolean {
    const info = this.raw(name);
    return info.dtype === 'int32' && this.backend.numbers(info).dtype === 'int32';
  }

  /** An input as float32 numbers. */
  input(name: string): tf.TensorInfo {
    return this.float(this.raw(name));
  }

  /**
   * `info` with float32 numbers behind it. TF.js's cast to a wider type shares the data under another
   * dtype, so that a float32 tensor may stand on int32 or bool numbers: these are copied.
   */
  float(info: tf.TensorInfo): tf.TensorInfo {
    const { dtype } = this.backend.numbers(info);
    if (dtype === 'float32') return info;
    const copy = this.temporary(info.shape);
    this.convert(info, copy);
    return copy;
  }

  /** Writes the numbers of `from`, of whatever type, into `to`. */
  convert(from: tf.TensorInfo, to: tf.TensorInfo): void {
    // The records first: fetching one may grow the heap, and only then are the views safe.
    const [source, target] = [this.backend.numbers(from), this.backend.numbers(to)];
    target.values.set(source.values);
  }

  /** An uninitialised float32 output. */
  output(shape: readonly number[]): tf.TensorInfo {
    const info = this.backend.allocate([...shape]);
    this.#made.push(info);
    return info;
  }

  /** An output that is `info` under another shape: its numbers are shared, as Reshape does it. */
  shared(info: tf.TensorInfo, shape: readonly number[]): tf.TensorInfo {
    this.backend.incRef(info.dataId);
    return { dataId: info.dataId, shape: [...shape], dtype: info.dtype };
  }

  /** Uninitialised float32 memory that is freed when the kernel has run. */
  temporary(shape: readonly number[]): tf.TensorInfo {
    const info = this.backend.allocate([...shape]);
    this.#temporary.push(info);
    return info;
  }

  /** Computes on views. A view must not leave `work`. */
  compute<T>(work: (kernels: Kernels, view: View, integers: IntegerView) => T): T {
    const { backend } = this;
    return backend.pinned(() => work(backend.provider.kernels, backend.floats, backend.integers));
  }

  /** Runs the entry; frees temporaries, and after an error the outputs too. */
  run(entry: KernelEntry): tf.TensorInfo | tf.TensorInfo[] | undefined {
    try {
      return entry.run(this);
    } catch (error) {
      for (const info of this.#made) this.backend.disposeIntermediateTensorInfo(info);
      throw error;
    } finally {
      for (const info of this.#temporary) this.backend.disposeIntermediateTensorInfo(info);
    }
  }
}

/** Number of entries of a tensor. */
export function sizeOf(info: tf.TensorInfo): number {
  return tf.util.sizeFromShape(info.shape);
}
