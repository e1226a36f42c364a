/** From a packed model to its plain arrays (integer-dump.ts says what they are). */
import { isBytes } from '../arrays.js';
import { edgeOf, edgesOf } from '../execute/describe.js';
import { checkGraph } from '../format/check-graph.js';
import { checkValues } from '../format/check-values.js';
import type { ModelSource } from '../format/model-source.js';
import { decodeModel } from '../format/read.js';
import type { StoredTensor } from '../format/tensors.js';
import { versionOf } from '../format/version.js';
import type { Edge, NodeOf, OpName, WeightType, Window } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { channelsOf } from '../ops/edges.js';
import { bitRows, floats, int8s, integers } from '../ops/stored.js';
import type {
  DumpedKernel,
  DumpedLinear,
  DumpedNode,
  DumpedNodeOf,
  DumpedTensors,
  IntegerDump,
} from './integer-dump.js';

export interface DumpOptions {
  /** Most memory for the numbers of the tensors, each of which takes 8 bytes, a bit of the file, too. Default 1 GiB. */
  readonly maxMemoryBytes?: number;
}

/**
 * All that a model computes with, as plain arrays and JSON-able: ops, windows, shapes, weights as 1 and -1, integer
 * thresholds, flips, and the floats that remain. docs/interchange.md has an example.
 *
 * JSON.stringify would write its negative zeros as 0, so `integersJson` is there.
 *
 * @param model the bytes of a `*.bnn` file, or what `decodeModel` and the converter make.
 * @throws ModelFileError for a file that `load` would refuse, and for a model that takes more memory than allowed.
 */
export function dumpIntegers(
  model: ModelSource | Uint8Array,
  options: DumpOptions = {},
): IntegerDump {
  const { graph, tensors } = isBytes(model) ? decodeModel(model) : checked(model);
  const edges = edgesOf(graph);
  const arrays = new Arrays(options.maxMemoryBytes ?? 2 ** 30);
  const { classes } = graph;
  return {
    format: 'surge-bnn integers',
    version: versionOf(graph),
    input: graph.inputs[0],
    // TypeScript does not see that attributes and tensors are those of one op, because both come from one node.
    nodes: graph.nodes.map((node) => dumpNode(node, edges, tensors, arrays) as DumpedNode),
    output: graph.outputs[0],
    ...(classes && { classes }),
  };
}

function checked(source: ModelSource): ModelSource {
  checkGraph(source.graph, source.tensors);
  checkValues([source.graph], source.tensors);
  return source;
}

function dumpNode<Op extends OpName>(
  node: NodeOf<Op>,
  edges: ReadonlyMap<string, Edge>,
  tensors: ReadonlyMap<string, StoredTensor>,
  arrays: Arrays,
): DumpedNodeOf<Op> {
  const { name, op, attributes, output, layers } = node;
  const inputs = node.inputs.map((read) => ({ name: read, ...edgeOf(edges, read) }));
  const roles = new NodeArrays(arrays, tensors, node.tensors);
  return {
    name,
    op,
    inputs,
    attributes,
    tensors: dumpers[op](node, channelsOf(inputs[0]), roles),
    output,
    layers,
  };
}

/** @param channels of the first input. */
type Dumper<Op extends OpName> = (
  node: NodeOf<Op>,
  channels: number,
  arrays: NodeArrays,
) => DumpedTensors[Op];

const none = () => ({});

const dumpers: { readonly [Op in OpName]: Dumper<Op> } = {
  sign: none,
  threshold: (_, channels, arrays) => ({
    thresholds: arrays.integers('thresholds'),
    ...arrays.optional('flips', (role) => arrays.flags(role, channels)),
  }),
  binaryConv2d: ({ attributes }, channels, arrays) => ({
    kernel: arrays.kernel(convolutionShape(attributes, channels), 'bits'),
  }),
  binaryDense: ({ attributes: { units } }, channels, arrays) => ({
    kernel: arrays.kernel([units, channels], 'bits'),
  }),
  quantize: none,
  conv2d: ({ attributes }, channels, arrays) =>
    linear(convolutionShape(attributes, channels), attributes.weights, arrays),
  dense: ({ attributes: { units, weights } }, channels, arrays) =>
    linear([units, channels], weights, arrays),
  affine: (_node, _channels, arrays) => ({
    ...arrays.optional('a', (role) => arrays.floats(role)),
    ...arrays.optional('b', (role) => arrays.floats(role)),
  }),
  relu: none,
  clip: none,
  prelu: (_node, _channels, arrays) => ({ alpha: arrays.floats('alpha') }),
  sigmoid: none,
  tanh: none,
  softmax: none,
  l2Norm: (_node, _channels, arrays) => ({ scale: arrays.floats('scale') }),
  layerNorm: (_node, _channels, arrays) => ({
    gamma: arrays.floats('gamma'),
    beta: arrays.floats('beta'),
  }),
  gelu: none,
  softmaxAttention: none,
  bitAttention: none,
  elasticAttention: none,
  firstRow: none,
  maxPool2d: (_, channels, arrays) =>
    arrays.optional('flips', (role) => arrays.flags(role, channels)),
  averagePool2d: none,
  add: none,
  concat: none,
  double2d: none,
  reshape: none,
};

function convolutionShape(
  { window, filters, groups }: { window: Window; filters: number; groups: number },
  channels: number,
): readonly number[] {
  return [filters, ...window.size, channels / groups];
}

function linear(shape: readonly number[], weights: WeightType, arrays: NodeArrays): DumpedLinear {
  return {
    kernel: arrays.kernel(shape, weights),
    ...arrays.optional('scale', (role) => arrays.floats(role)),
    ...arrays.optional('bias', (role) => arrays.floats(role)),
  };
}

/** Decoded tensors, each once however many nodes read it, so that a small file does not become large. */
class Arrays {
  private bytes = 0;
  private readonly known = new Map<StoredTensor, Map<string, readonly number[]>>();

  constructor(private readonly maxBytes: number) {}

  /** @param way how it is decoded, which tells nodes apart that read one tensor differently. */
  get(tensor: StoredTensor, way: string, count: number, decode: () => readonly number[]) {
    const ways = this.known.get(tensor) ?? new Map<string, readonly number[]>();
    this.known.set(tensor, ways);
    const array = ways.get(way);
    if (array !== undefined) return array;
    this.bytes += 8 * count;
    if (!(this.bytes <= this.maxBytes)) {
      throw new ModelFileError(
        `the model's tensors as arrays of numbers take more memory than is allowed: maxMemoryBytes = ${this.maxBytes}`,
      );
    }
    const decoded = decode();
    ways.set(way, decoded);
    return decoded;
  }
}

/** The tensors of one node by role, as numbers. */
class NodeArrays {
  constructor(
    private readonly arrays: Arrays,
    private readonly tensors: ReadonlyMap<string, StoredTensor>,
    private readonly roles: Readonly<Record<string, string>>,
  ) {}

  /** The role with its numbers, or nothing where the node has no such tensor. */
  optional<Role extends string>(
    role: Role,
    decode: (role: Role) => readonly number[],
  ): { readonly [R in Role]?: readonly number[] } {
    const found: { [R in Role]?: readonly number[] } = {};
    if (Object.hasOwn(this.roles, role)) found[role] = decode(role);
    return found;
  }

  floats(role: string): readonly number[] {
    const tensor = this.tensor(role);
    return this.arrays.get(tensor, 'numbers', elements(tensor.shape), () => [...floats(tensor)]);
  }

  integers(role: string): readonly number[] {
    const tensor = this.tensor(role);
    return this.arrays.get(tensor, 'numbers', elements(tensor.shape), () => [...integers(tensor)]);
  }

  /** A row of bits as 0 and 1. */
  flags(role: string, count: number): readonly number[] {
    const tensor = this.tensor(role);
    return this.arrays.get(tensor, `flags ${count}`, count, () => bitsOf(tensor, 1, count));
  }

  /** The role "kernel", filter by filter. */
  kernel(shape: readonly number[], weights: WeightType): DumpedKernel {
    const tensor = this.tensor('kernel');
    const [filters, ...rest] = shape;
    const count = elements(rest);
    const decode = () =>
      weights === 'bits'
        ? bitsOf(tensor, filters, count).map((bit) => (bit === 1 ? -1 : 1))
        : filtersFirst(weights === 'i8' ? int8s(tensor) : floats(tensor), filters, count);
    const way = `kernel ${weights} ${filters} ${count}`;
    return { shape, values: this.arrays.get(tensor, way, filters * count, decode) };
  }

  /** That it is there and of the right type and shape, checkGraph has seen to. */
  private tensor(role: string): StoredTensor {
    const tensor = this.tensors.get(this.roles[role]);
    if (tensor === undefined)
      throw new Error(`a node without its tensor "${role}" was not refused`);
    return tensor;
  }
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The bits of all rows, as 0 and 1. */
function bitsOf(tensor: StoredTensor, rows: number, bits: number): number[] {
  const words = bitRows(tensor, rows, bits);
  const perRow = words.length / rows;
  return Array.from({ length: rows * bits }, (_, at) => {
    const i = at % bits;
    return (words[Math.floor(at / bits) * perRow + (i >>> 5)] >>> (i & 31)) & 1;
  });
}

/** From the file's order of numbers, in which the filter changes fastest. */
function filtersFirst(values: Float32Array | Int8Array, filters: number, count: number): number[] {
  return Array.from(
    { length: filters * count },
    (_, at) => values[(at % count) * filters + Math.floor(at / count)],
  );
}
