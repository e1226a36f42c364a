/**
 * A packed model as plain arrays, as types: what a hardware description, a C table or a script in another language is made
 * from. docs/interchange.md describes it; nothing here computes.
 *
 * All arrays are flat, in row-major order. A kernel of either kind stands filter by filter, within a filter in the order of the
 * file's bits (docs/format.md, section 3): row of the window, column, input channel of the filter's group. So kernels of
 * floats are in the same order as kernels of signs, which in the file they are not.
 */
import type { EdgeDescription } from '../execute/describe.js';
import type { FormatVersion } from '../format/convention.js';
import type { Edge, GraphInput, OpAttributes, OpName } from '../graph.js';

/** Weights of a convolution or dense layer: signs as 1 and -1, int8 as integers, floats as float32 (float16 is widened). */
export interface DumpedKernel {
  /** [filters, kh, kw, channels of a group] of a convolution, [units, channels] of a dense layer. */
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Of conv2d and dense; scale is there with weights of 'i8', one for each filter, as bias is. */
export interface DumpedLinear {
  readonly kernel: DumpedKernel;
  readonly scale?: readonly number[];
  readonly bias?: readonly number[];
}

/** What ops without tensors have. */
type None = Readonly<Record<string, never>>;

/** The tensors of each op by the roles of docs/format.md, section 7, as numbers; one for each channel where no shape is said. */
export interface DumpedTensors {
  readonly sign: None;
  /** thresholds are integers; flips are 0 and 1, absent where all are 0. */
  readonly threshold: {
    readonly thresholds: readonly number[];
    readonly flips?: readonly number[];
  };
  readonly binaryConv2d: { readonly kernel: DumpedKernel };
  readonly binaryDense: { readonly kernel: DumpedKernel };
  readonly quantize: None;
  readonly conv2d: DumpedLinear;
  readonly dense: DumpedLinear;
  readonly affine: { readonly a?: readonly number[]; readonly b?: readonly number[] };
  readonly relu: None;
  readonly clip: None;
  readonly prelu: { readonly alpha: readonly number[] };
  readonly sigmoid: None;
  readonly tanh: None;
  readonly softmax: None;
  readonly l2Norm: { readonly scale: readonly number[] };
  readonly layerNorm: { readonly gamma: readonly number[]; readonly beta: readonly number[] };
  readonly gelu: None;
  readonly softmaxAttention: None;
  readonly bitAttention: None;
  readonly elasticAttention: None;
  readonly firstRow: None;
  /** flips are 0 and 1; a pool of numbers has none. */
  readonly maxPool2d: { readonly flips?: readonly number[] };
  readonly averagePool2d: None;
  readonly add: None;
  readonly concat: None;
  readonly double2d: None;
  readonly reshape: None;
}

export interface DumpedNodeOf<Op extends OpName> {
  /** Name of the node and of the edge that it makes. */
  readonly name: string;
  readonly op: Op;
  /** The edges that it reads, each with its type and the shape of one example. */
  readonly inputs: readonly EdgeDescription[];
  /** Window, filters, groups, padValue and the like, as in the file. */
  readonly attributes: OpAttributes[Op];
  readonly tensors: DumpedTensors[Op];
  readonly output: Edge;
  /** The trained network's layers whose work it does. */
  readonly layers: readonly string[];
}

/** A node of any op; `op` tells which attributes and tensors it has. */
export type DumpedNode = { [Op in OpName]: DumpedNodeOf<Op> }[OpName];

export interface IntegerDump {
  readonly format: 'surge-bnn integers';
  /** Of the model file's format, which says what each op computes: the earliest that has all of the model. */
  readonly version: FormatVersion;
  /** Shape of one example, and where it is a picture how its bytes become numbers: fround((byte / 255 - mean) / std). */
  readonly input: GraphInput;
  /** In the order of their computation. */
  readonly nodes: readonly DumpedNode[];
  /** Name of the node whose edge is the model's output. */
  readonly output: string;
  /** What the outputs stand for, where the model is a classifier. */
  readonly classes?: readonly string[];
}
