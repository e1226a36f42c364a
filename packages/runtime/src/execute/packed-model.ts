/** A packed model that is ready to run: weights decoded, memory planned and taken. */
import { isFloats, isPixels, typeText } from '../arrays.js';
import { checkGraph } from '../format/check-graph.js';
import { checkValues } from '../format/check-values.js';
import { quote } from '../format/json.js';
import type { ModelMetadata, ModelSource } from '../format/model-source.js';
import { decodeModel } from '../format/read.js';
import type { Edge, GraphInput, NodeOf, OpName } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { asFloats, edgeBuffer } from '../ops/buffers.js';
import { ModelMemory, NodeMemory } from '../ops/memory.js';
import type { Later } from '../ops/memory.js';
import type { EdgeBuffer, Step } from '../ops/op.js';
import { opTable } from '../ops/table.js';
import { describeGraph, edgeOf, edgesOf } from './describe.js';
import type { ModelDescription } from './describe.js';
import { normalizePixels, pixelTable, pixelTableBytes } from './pixels.js';
import { planBuffers } from './plan.js';
import type { Plan } from './plan.js';

export interface LoadOptions {
  /**
   * Most memory that a model may take: decoded tensors, the numbers between the nodes for one example, scratch. Not in it: the
   * bytes of the file, which may be let go, the graph, which is no larger than they are, and results. Default 1 GiB.
   */
  readonly maxMemoryBytes?: number;
}

/** What a model reads: numbers as the network was trained on, or bytes of pictures where the file says how to read them. */
export type ModelInput = Float32Array | Uint8Array | Uint8ClampedArray;

/** One node: its computation on its planned buffers. */
interface Call {
  readonly step: Step;
  readonly inputs: readonly EdgeBuffer[];
  readonly output: EdgeBuffer;
}

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
  private readonly input: Float32Array;
  private readonly output: EdgeBuffer;
  private readonly table: Float32Array | undefined;

  private constructor(
    { graph, metadata }: ModelSource,
    buffers: ReadonlyMap<string, EdgeBuffer>,
    private readonly calls: readonly Call[],
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
    this.input = asFloats(bufferOf(buffers, input.name));
    this.output = bufferOf(buffers, output.name);
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
    const { graph, tensors } = source;
    const plan = planBuffers(graph);
    const edges = edgesOf(graph);
    const memory = new ModelMemory();
    const steps = graph.nodes.map((node) => prepareNode(node, edges, source, memory));
    const scratch = memory.scratchBytes + pixelTableBytes(graph.inputs[0].pixels);
    const bytes = plan.bytes + memory.decodedBytes + scratch;
    const most = options.maxMemoryBytes ?? 2 ** 30;
    if (!(bytes <= most)) {
      throw new ModelFileError(
        `the model takes ${bytes} bytes of memory: ${plan.bytes} for the edges of one example, ` +
          `${memory.decodedBytes} for decoded tensors, ${scratch} for scratch; allowed: maxMemoryBytes = ${most}`,
      );
    }
    const buffers = buffersOf(plan, edges);
    const calls = graph.nodes.map((node, index) => ({
      step: steps[index](),
      inputs: node.inputs.map((name) => bufferOf(buffers, name)),
      output: bufferOf(buffers, node.name),
    }));
    return new PackedModel(source, buffers, calls, describeGraph(graph, tensors, plan.bytes));
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
    const size = this.output.length;
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
      this.setInput(input, example * this.input.length);
      for (const { step, inputs, output } of this.calls) step(inputs, output);
      for (let i = 0, at = example * size; i < size; i++) results[at + i] = this.output[i];
    }
    return results;
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
        `the input is empty: one example of ${where} has ${this.input.length} numbers, ${quote(this.inputShape)}`,
      );
    }
    const count = input.length / this.input.length;
    if (Number.isInteger(count)) return count;
    throw new ModelFileError(
      `${where} has ${input.length} numbers; allowed: a multiple of ${this.input.length}, ` +
        `as one example is ${quote(this.inputShape)}`,
    );
  }

  private setInput(input: ModelInput, from: number): void {
    if (isFloats(input)) {
      for (let i = 0; i < this.input.length; i++) this.input[i] = input[from + i];
    } else if (this.table !== undefined) {
      normalizePixels(input, from, this.table, this.input);
    }
  }
}

/** One block of memory, and every edge's part of it. */
function buffersOf(
  { places, bytes }: Plan,
  edges: ReadonlyMap<string, Edge>,
): ReadonlyMap<string, EdgeBuffer> {
  const block = new ArrayBuffer(bytes);
  const buffers = new Map<string, EdgeBuffer>();
  for (const [name, { from, words }] of places) {
    buffers.set(name, edgeBuffer(edgeOf(edges, name), block, 4 * from, words));
  }
  return buffers;
}

function bufferOf(buffers: ReadonlyMap<string, EdgeBuffer>, name: string): EdgeBuffer {
  const buffer = buffers.get(name);
  if (buffer === undefined) throw new Error(`no buffer was planned for edge "${name}"`);
  return buffer;
}

function prepareNode<Op extends OpName>(
  node: NodeOf<Op>,
  edges: ReadonlyMap<string, Edge>,
  { tensors }: ModelSource,
  memory: ModelMemory,
): Later<Step> {
  const inputs = node.inputs.map((name) => edgeOf(edges, name));
  const roles = Object.entries(node.tensors).flatMap(([role, name]) => {
    const tensor = tensors.get(name);
    return tensor === undefined ? [] : [[role, tensor] as const];
  });
  return opTable[node.op].prepare(node, inputs, new NodeMemory(memory, Object.fromEntries(roles)));
}
