/**
 * The graph of a packed model as types: what a `*.bnn` file says in JSON and what the runtime executes. docs/format.md
 * specifies it for strangers. Nothing here computes.
 *
 * A graph is a list of nodes in the order of their computation. A node reads edges, each named after the node (or
 * the input) that makes it, and makes one edge of its own name. Shapes are those of one example: there is no batch axis.
 */

/**
 * What an edge carries:
 * - f32       float32
 * - i32       integers: sums of binary products, |d| <= 2^24, so that each is a float32, too
 * - bits      signs; bit 0 is +1 and bit 1 is -1
 * - unsigned  {0, 1}; bit 1 is 1
 * - i8        integers from -127 to 127: numbers times a factor, rounded; what layers of int8 arithmetic read
 */
export type EdgeType = 'f32' | 'i32' | 'bits' | 'unsigned' | 'i8';

export interface Edge {
  readonly type: EdgeType;
  /** Without the batch axis: [height, width, channels] of a picture, [length] of a vector. */
  readonly shape: readonly number[];
}

/** The window of a convolution or pool: [vertical, horizontal], pads [top, left, bottom, right]. */
export interface Window {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
}

/** What stands outside the picture: a value of the operand's own set. */
export type PadValue = 0 | 1 | -1;

/**
 * How the weights of a float operator are stored; 'bits' are signs, as in a weight-only binary layer, 'i8' integers from -127
 * to 127 with a scale for each filter.
 */
export type WeightType = 'f32' | 'f16' | 'i8' | 'bits';

/**
 * The attributes of each op. C is the size of the last axis of the input.
 *
 * Tensors by role (all optional where "?" stands):
 *   threshold     thresholds I32 [C], flips? U8 [ceil(C / 8)]
 *   binaryConv2d  kernel U8 [filters, ceil(kh kw (C / groups) / 8)]
 *   binaryDense   kernel U8 [units, ceil(C / 8)]
 *   conv2d        kernel F32, F16 or I8 [kh, kw, C / groups, filters], or U8 as binaryConv2d's; with I8 scale F32 [filters];
 *                 bias? F32 [filters]
 *   dense         kernel F32, F16 or I8 [C, units], or U8 as binaryDense's; with I8 scale F32 [units]; bias? F32 [units]
 *   affine        a? F32 [C], b? F32 [C] (at least one)
 *   prelu         alpha F32 [C]
 *   l2Norm        scale F32 [C]
 *   layerNorm     gamma F32 [C], beta F32 [C]
 *   maxPool2d     flips? U8 [ceil(C / 8)], on bits only
 */
export interface OpAttributes {
  /** f32 or i32 -> +1 iff x >= 0 (both zeros), else -1; a NaN is an error. As 'unsigned': 1 iff x >= 0, else 0. */
  readonly sign: { readonly values: 'bits' | 'unsigned' | 'f32' };
  /** i32 -> +1 iff (d >= threshold) != flip, else -1; as 'unsigned' 1 and 0. */
  readonly threshold: { readonly values: 'bits' | 'unsigned' };
  /** bits or unsigned -> i32, exact. */
  readonly binaryConv2d: {
    readonly window: Window;
    readonly filters: number;
    readonly groups: number;
    readonly padValue: PadValue;
  };
  /** bits or unsigned [.., C] -> i32 [.., units], exact. */
  readonly binaryDense: { readonly units: number };
  /** f32 or i32 -> i8: fround(factor x), limited to [-127, 127], rounded to the nearest integer, ties to even; a NaN is an error. */
  readonly quantize: { readonly factor: number };
  /**
   * f32 or i32 -> f32: products summed in f64 in the order ky, kx, channel, then the bias, rounded once; weights of 'i8' are
   * fround(scale kernel). i8 -> f32, with weights of 'i8' and no padding but 0: fround(fround(scale s) + bias) of the exact
   * integer sum s as float32.
   */
  readonly conv2d: {
    readonly window: Window;
    readonly filters: number;
    readonly groups: number;
    readonly padValue: PadValue;
    readonly weights: WeightType;
  };
  /** f32, i32 or i8 [.., C] -> f32 [.., units], summed as conv2d. */
  readonly dense: { readonly units: number; readonly weights: WeightType };
  /** f32 or i32 -> f32: fround(fround(a x) + b) per channel. */
  readonly affine: Readonly<Record<string, never>>;
  /** f32 or i32 -> f32. */
  readonly relu: Readonly<Record<string, never>>;
  /** f32 or i32 -> f32: min(max(x, min), max). */
  readonly clip: { readonly min: number; readonly max: number };
  /** f32 or i32 -> f32: x for x >= 0, else fround(alpha x). */
  readonly prelu: Readonly<Record<string, never>>;
  readonly sigmoid: Readonly<Record<string, never>>;
  readonly tanh: Readonly<Record<string, never>>;
  /** Over the last axis. */
  readonly softmax: Readonly<Record<string, never>>;
  /** f32 or i32 -> f32, over the last axis: scale x / max(|x|, 1e-12), the squares summed in f64, length, quotient and product rounded. */
  readonly l2Norm: Readonly<Record<string, never>>;
  /**
   * f32 or i32 -> f32, over the last axis: (x - mean) / sqrt(variance + epsilon) gamma + beta, all in f64, sums in order, rounded once.
   */
  readonly layerNorm: { readonly epsilon: number };
  /** f32 or i32 -> f32: x Phi(x) with the normal distribution's Phi, in f64, rounded once. */
  readonly gelu: Readonly<Record<string, never>>;
  /**
   * Queries f32 [.., W], keys and values f32 [length, W] -> f32 as the queries: each head, a part of the W channels, weights the values by the
   * softmax over the keys of scale (query . key).
   */
  readonly softmaxAttention: { readonly heads: number; readonly scale: number };
  /** Queries bits [.., W], keys and values bits [length, W] -> i32 as the queries: in each head the sum of the values whose query . key >= 0. */
  readonly bitAttention: { readonly heads: number };
  /** As bitAttention, but the sum of the values whose softmax over the keys of factor (query . key) is `least` or more. */
  readonly elasticAttention: {
    readonly heads: number;
    readonly factor: number;
    readonly least: number;
  };
  /** Any type [rows, ..] -> the same type [..]: what stands first. */
  readonly firstRow: Readonly<Record<string, never>>;
  /** f32, i32 or bits -> the same type; what lies outside the picture does not take part. A flipped channel of bits takes its minimum. */
  readonly maxPool2d: { readonly window: Window };
  /** f32 or i32 -> f32: mean of what lies inside the picture, summed in f64, rounded once. */
  readonly averagePool2d: { readonly window: Window };
  /** f32 or i32, two or more of one shape -> f32, from left to right. */
  readonly add: Readonly<Record<string, never>>;
  /** f32 or i32 -> f32, joined along the last axis. */
  readonly concat: Readonly<Record<string, never>>;
  /** f32 or i32 [H, W, C] -> f32 [2 H, 2 W, C], each pixel four times. */
  readonly double2d: Readonly<Record<string, never>>;
  /** Any type -> the same type in another shape, in row-major order. */
  readonly reshape: { readonly shape: readonly number[] };
}

export type OpName = keyof OpAttributes;

export interface NodeOf<Op extends OpName> {
  /** Name of the node and of the edge that it makes. */
  readonly name: string;
  readonly op: Op;
  /** Names of the edges that it reads. */
  readonly inputs: readonly string[];
  readonly attributes: OpAttributes[Op];
  /** The file's tensors by role. */
  readonly tensors: Readonly<Record<string, string>>;
  /** What it makes; follows from all else, and a file that says otherwise is refused. */
  readonly output: Edge;
  /** The trained network's layers whose work it does, for people. */
  readonly layers: readonly string[];
}

/** A node of any op; `op` tells which attributes it has. */
export type GraphNode = { [Op in OpName]: NodeOf<Op> }[OpName];

export interface GraphInput {
  readonly name: string;
  /** Of one example. */
  readonly shape: readonly number[];
  /** How bytes become inputs, per channel (last axis): fround((byte / 255 - mean) / std). Absent: inputs are numbers already. */
  readonly pixels?: { readonly mean: readonly number[]; readonly std: readonly number[] };
}

export interface Graph {
  /** Exactly one. */
  readonly inputs: readonly GraphInput[];
  readonly nodes: readonly GraphNode[];
  /** Names of the edges that the graph returns, f32 or i32: of a model exactly one, of a detector's graphs several. */
  readonly outputs: readonly string[];
  /** Names of the classes that the last axis of the output counts, where it is a classifier. */
  readonly classes?: readonly string[];
}
