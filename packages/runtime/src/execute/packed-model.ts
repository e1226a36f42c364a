/** A packed model that is ready to run: weights decoded, memory planned and taken. */
import { isFloats, isPixels, typeText } from '../arrays.js';
import { checkGraph } from '../format/check-graph.js';
import { checkValues } from '../format/check-values.js';
import { quote } from '../format/json.js';
import type { ModelMetadata, ModelSource } from '../format/model-source.js';
import { decodeModel } from '../format/read.js';
import type { GraphInput } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import type { Arithmetic } from '../program/assemble.js';
import type { KernelSet } from '../program/kernel-set.js';
import { wasmIsThere, wasmKernels } from '../wasm/kernels.js';
import { describeGraph } from './describe.js';
import type { ModelDescription } from './describe.js';
import type { Executor, StageTime } from './executor.js';
import { normalizePixels, pixelTable } from './pixels.js';
import { programExecutor } from './program-executor.js';
import { referenceExecutor } from './reference-executor.js';

export interface LoadOptions {
  /**
   * Most memory that a model may take: decoded tensors, the numbers between the nodes for one example, scratch. Not in it: the
   * bytes of the file, which may be let go, the graph, which is no larger than they are, and results. Default 1 GiB.
   */
  readonly maxMemoryBytes?: number;
  /**
   * What computes: 'wasm', WebAssembly with SIMD; 'reference', the plain kernels in JavaScript, slow; or kernels that are
   * brought along, as the native ones of @surge-bnn/engine. Default 'auto': 'wasm' where the JavaScript engine has it, else
   * 'reference'. `describe().kernels` tells which they are. All give the same bits.
   */
  readonly kernels?: 'auto' | 'wasm' | 'reference' | KernelSet;
  /**
   * How float convolutions and dense layers sum: 'exact' as the file format says, in f64, so that outputs are those of the trained
   * network bit for bit; or 'fast', in float32, which changes last digits. Sums of bits are exact always. Default 'exact'.
   */
  readonly arithmetic?: Arithmetic;
  /**
   * Threads of the wasm kernels, the caller's among them; 'auto': one for each core, at most 4, and one where memory cannot be
   * shared. The model has them for itself until it is closed; to share them between models, give `ThreadPool.start(n)` as
   * `kernels`. For `load` only, since threads take a while to start. Default 1.
   */
  readonly threads?: number | 'auto';
}

/** What a model reads: numbers as the network was trained on, or bytes of pictures where the file says how to read them. */
export type ModelInput = Float32Array | Uint8Array | Uint8ClampedArray;

export class PackedModel {
  /** Of one example. */
  readonly inputShape: readonly number[];
  /** Of one example. */
  readonly outputShape: readonly number[];
  /** Names of what the outputs stand for, where the model is a classifier. */
  readonly classes: readonly string[] | undefined;
  /** How bytes become inputs; absent when the model reads numbers only. */
  readonly pixels: GraphInput['pixels'];
  readonly metadata: ModelMetadata;

  private readonly inputName: string;
  private readonly table: Float32Array | undefined;

  private constructor(
    { graph, metadata }: ModelSource,
    private readonly executor: Executor,
    private readonly description: ModelDescription,
  ) {
    const [input] = graph.inputs;
    const [output] = description.outputs;
    this.inputName = input.name;
    this.inputShape = input.shape;
    this.outputShape = output.shape;
    this.classes = graph.classes;
    this.pixels = input.pixels;
    this.metadata = metadata;
    this.table = input.pixels === undefined ? undefined : pixelTable(input.pixels);
  }

  /**
   * Prepares a model: its tensors are decoded, so what holds them may be let go.
   *
   * @throws ModelFileError when the graph or the tensors make no sense, or need more memory than allowed; then none is taken.
   */
  static from(source: ModelSource, options?: LoadOptions): PackedModel {
    checkGraph(source.graph, source.tensors);
    checkValues(source.graph, source.tensors);
    return PackedModel.prepare(source, options);
  }

  /**
   * The model of a `*.bnn` file whose bytes are there already.
   *
   * @throws ModelFileError as decodeModel does, or when the model needs more memory than allowed.
   */
  static fromBytes(bytes: Uint8Array, options?: LoadOptions): PackedModel {
    return PackedModel.prepare(decodeModel(bytes), options);
  }

  /** @param source in which nothing was found wrong; large models are not checked twice. */
  private static prepare(source: ModelSource, options: LoadOptions = {}): PackedModel {
    const { maxMemoryBytes = 2 ** 30, arithmetic = 'exact' } = options;
    const kernels = kernelsOf(options);
    if (options.threads !== undefined && options.threads !== 1) {
      throw new ModelFileError(
        `threads is ${quote(options.threads)}; they take a while to start, so load(..) has them, or ThreadPool.start(..)`,
      );
    }
    if (!arithmetics.includes(arithmetic)) {
      throw new ModelFileError(
        `arithmetic is ${quote(arithmetic)}; allowed: ${arithmetics.join(', ')}`,
      );
    }
    if (kernels === 'reference' && arithmetic !== 'exact') {
      throw new ModelFileError(
        `arithmetic is ${quote(arithmetic)}; the reference kernels have 'exact' only`,
      );
    }
    const executor =
      kernels === 'reference'
        ? referenceExecutor(source, maxMemoryBytes)
        : programExecutor(source, kernels, arithmetic, maxMemoryBytes);
    return new PackedModel(source, executor, describeGraph(source, executor));
  }

  /**
   * Runs the model on one example after the other. Nothing is allocated but the result.
   *
   * @param input [n, ...inputShape], row-major; n follows from its length. Bytes become numbers as `pixels` says.
   * @param output to be filled, [n, ...outputShape]; must not share memory with the input.
   * @returns the output, [n, ...outputShape]; integers as float32, which holds them all exactly.
   * @throws ModelFileError for an input or output of a wrong type or length, and for a NaN where a sign is taken.
   */
  run(input: ModelInput, output?: Float32Array): Float32Array {
    const count = this.countExamples(input);
    const { executor } = this;
    const size = executor.output.length;
    if (output !== undefined && !isFloats(output)) {
      throw new ModelFileError(
        `the output array must be a Float32Array instead of ${typeText(output)}`,
      );
    }
    const results = output ?? new Float32Array(count * size);
    if (results.length !== count * size) {
      throw new ModelFileError(
        `the output array has ${results.length} numbers; allowed: ${count * size}, for ${count} examples of ${quote(this.outputShape)}`,
      );
    }
    for (let example = 0; example < count; example++) {
      this.setInput(input, example * executor.input.length);
      executor.run();
      for (let i = 0, at = example * size; i < size; i++) results[at + i] = executor.output[i];
    }
    return results;
  }

  /**
   * Runs the model on one example and tells how long each stage took: nodes that are computed together, strip by strip, are one.
   *
   * @param input one example, as for `run`.
   */
  profile(input: ModelInput): readonly StageTime[] {
    if (this.countExamples(input) !== 1) {
      throw new ModelFileError('a profile is taken of one example at a time');
    }
    this.setInput(input, 0);
    return this.executor.profile();
  }

  /** Lets threads go; the model cannot run any more. Without threads there is nothing to let go. */
  close(): void {
    this.executor.close();
  }

  /** What became of every layer: kernels, types and shapes of all edges, bytes. */
  describe(): ModelDescription {
    return this.description;
  }

  private countExamples(input: ModelInput): number {
    const where = `input ${quote(this.inputName)}`;
    if (!isPixels(input) && !isFloats(input)) {
      throw new ModelFileError(
        `${where} must be a Float32Array, a Uint8Array or a Uint8ClampedArray instead of ${typeText(input)}`,
      );
    }
    if (isPixels(input) && this.table === undefined) {
      throw new ModelFileError(
        `${where} was given as bytes, but the file does not say how pixels become numbers; allowed: a Float32Array`,
      );
    }
    if (input.length === 0) {
      throw new ModelFileError(
        `the input is empty: one example of ${where} has ${this.executor.input.length} numbers, ${quote(this.inputShape)}`,
      );
    }
    const count = input.length / this.executor.input.length;
    if (Number.isInteger(count)) return count;
    throw new ModelFileError(
      `${where} has ${input.length} numbers; allowed: a multiple of ${this.executor.input.length}, ` +
        `as one example is ${quote(this.inputShape)}`,
    );
  }

  private setInput(input: ModelInput, from: number): void {
    const { input: numbers } = this.executor;
    if (isFloats(input)) {
      // One example is copied whole; a part of the input would need a view, and a run makes no objects.
      if (input.length === numbers.length) numbers.set(input);
      else for (let i = 0; i < numbers.length; i++) numbers[i] = input[from + i];
    } else if (this.table !== undefined) {
      normalizePixels(input, from, this.table, numbers);
    }
  }
}

const arithmetics: readonly string[] = ['exact', 'fast'] satisfies Arithmetic[];

function kernelsOf({ kernels = 'auto' }: LoadOptions): 'reference' | KernelSet {
  if (typeof kernels === 'object') return kernels;
  if (kernels === 'reference') return kernels;
  if (kernels === 'auto') return wasmIsThere() ? wasmKernels : 'reference';
  if (kernels !== 'wasm') {
    throw new ModelFileError(
      `kernels is ${quote(kernels)}; allowed: auto, wasm, reference, or a kernel set`,
    );
  }
  if (wasmIsThere()) return wasmKernels;
  throw new ModelFileError(
    "this JavaScript engine has no WebAssembly with SIMD; give kernels: 'reference', which are slow",
  );
}
