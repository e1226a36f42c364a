/** A packed model that is ready to run: weights decoded, memory planned and taken. */
import { checkGraph } from '../format/check-graph.js';
import { quote } from '../format/json.js';
import type { ModelMetadata, ModelSource } from '../format/model-source.js';
import type { Edge, GraphInput, NodeOf, OpName } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { asFloats } from '../ops/buffers.js';
import type { EdgeBuffer, Step } from '../ops/op.js';
import { opTable } from '../ops/table.js';
import { describeGraph, edgeOf, edgesOf } from './describe.js';
import type { ModelDescription } from './describe.js';
import { normalizePixels, pixelTable } from './pixels.js';
import { planBuffers } from './plan.js';
import type { Plan } from './plan.js';

export interface LoadOptions {
  /** Most memory that the numbers between the nodes may take, for one example. Default 1 GiB. */
  readonly maxActivationBytes?: number;
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
   * @throws ModelFileError when the graph makes no sense, or needs more memory than allowed; then none is taken.
   */
  static from(source: ModelSource, options: LoadOptions = {}): PackedModel {
    const { graph, tensors } = source;
    checkGraph(graph, tensors);
    const plan = planBuffers(graph);
    const most = options.maxActivationBytes ?? 2 ** 30;
    if (!(plan.bytes <= most)) {
      throw new ModelFileError(
        `the model's activations take ${plan.bytes} bytes for one example; allowed: maxActivationBytes = ${most}`,
      );
    }
    const edges = edgesOf(graph);
    const buffers = buffersOf(plan, edges);
    const calls = graph.nodes.map((node) => ({
      step: prepareNode(node, edges, source),
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
    const isBytes = input instanceof Uint8Array || input instanceof Uint8ClampedArray;
    if (!isBytes && !(input instanceof Float32Array)) {
      throw new ModelFileError(
        `${where} must be a Float32Array, a Uint8Array or a Uint8ClampedArray`,
      );
    }
    if (isBytes && this.table === undefined) {
      throw new ModelFileError(
        `${where} was given as bytes, but the file does not say how pixels become numbers; allowed: a Float32Array`,
      );
    }
    const count = input.length / this.input.length;
    if (Number.isInteger(count) && count > 0) return count;
    throw new ModelFileError(
      `${where} has ${input.length} numbers; allowed: a multiple of ${this.input.length} above 0, ` +
        `as one example is ${quote(this.inputShape)}`,
    );
  }

  private setInput(input: ModelInput, from: number): void {
    if (input instanceof Float32Array) {
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
    const { type } = edgeOf(edges, name);
    const Numbers = type === 'f32' ? Float32Array : type === 'i32' ? Int32Array : Uint32Array;
    buffers.set(name, new Numbers(block, 4 * from, words));
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
): Step {
  const inputs = node.inputs.map((name) => edgeOf(edges, name));
  const roles = Object.entries(node.tensors).flatMap(([role, name]) => {
    const tensor = tensors.get(name);
    return tensor === undefined ? [] : [[role, tensor] as const];
  });
  return opTable[node.op].prepare(node, inputs, Object.fromEntries(roles));
}
