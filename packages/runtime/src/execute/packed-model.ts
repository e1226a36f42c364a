/** A packed model that is ready to run: weights decoded, memory planned and taken. */
import { isFloats, isPixels, typeText } from '../arrays.js';
import { checkGraph } from '../format/check-graph.js';
import { checkValues } from '../format/check-values.js';
import { quote } from '../format/json.js';
import type { ModelMetadata, ModelSource } from '../format/model-source.js';
import { decodeModel } from '../format/read.js';
import type { GraphInput } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { describeGraph } from './describe.js';
import type { ModelDescription } from './describe.js';
import type { Executor, StageTime } from './executor.js';
import type { LoadOptions } from './load-options.js';
import { defaultMemoryBytes } from './load-options.js';
import { executorMaker } from './make-executor.js';
import { normalizePixels, pixelTable } from './pixels.js';

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
    checkValues([source.graph], source.tensors);
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
    const { maxMemoryBytes = defaultMemoryBytes } = options;
    const executor = executorMaker(options)(source, { most: maxMemoryBytes });
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
    const [numbers] = executor.outputs;
    const size = numbers.length;
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
      for (let i = 0, at = example * size; i < size; i++) results[at + i] = numbers[i];
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
