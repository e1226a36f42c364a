/** How PyTorch lays a weight out, and where each of our numbers stands there. */
import type { FeatureOrder } from './feature-order.js';

export interface Layout {
  /** The tensor's shape in PyTorch. */
  readonly shape: readonly number[];
  /** From there to here, for the report. */
  readonly change: string;
  /** Index of our number i in PyTorch's array. */
  readonly source: (i: number) => number;
}

/** PyTorch's [O, I / groups, H, W] for our [H, W, I / groups, O]; both number the channels group by group. */
export function convKernel([height, width, inputs, outputs]: readonly number[]): Layout {
  return {
    shape: [outputs, inputs, height, width],
    change: 'OIHW -> HWIO',
    source: (i) => {
      const output = i % outputs;
      const rest = Math.floor(i / outputs);
      const input = rest % inputs;
      const pixel = Math.floor(rest / inputs);
      return (output * inputs + input) * height * width + pixel;
    },
  };
}

/** The same numbers in a row, [O I H W, 1], as Bi-Real Net's and ReActNet's modules keep them. */
export function convKernelInARow(shape: readonly number[]): Layout {
  const count = shape.reduce((a, b) => a * b, 1);
  return { ...convKernel(shape), shape: [count, 1], change: 'OIHW in a row -> HWIO' };
}

/** PyTorch's [C M, 1, H, W] (groups = C) for TF's [H, W, C, M]: output channel c M + m is filter m of channel c in both. */
export function depthwiseKernel([height, width, channels, each]: readonly number[]): Layout {
  const outputs = channels * each;
  return {
    shape: [outputs, 1, height, width],
    change: '[C M, 1, H, W] -> [H, W, C, M]',
    source: (i) => (i % outputs) * height * width + Math.floor(i / outputs),
  };
}

/** PyTorch's [out, in] for our [in, out], with the inputs in the order that they come in. */
export function denseKernel([inputs, outputs]: readonly number[], order: FeatureOrder): Layout {
  const from = torchIndexOf(order);
  return {
    shape: [outputs, inputs],
    change: withOrder('[out, in] -> [in, out]', order),
    source: (i) => (i % outputs) * inputs + from(Math.floor(i / outputs)),
  };
}

/** One number per feature. */
export function perFeature(size: number, order: FeatureOrder): Layout {
  return { shape: [size], change: withOrder('none', order), source: torchIndexOf(order) };
}

/** The same as PyTorch modules that add to pictures have it: [1, C, 1, 1]. */
export function perChannelOfPicture(size: number): Layout {
  return { shape: [1, size, 1, 1], change: '[1, C, 1, 1] -> [C]', source: (i) => i };
}

/** One number for all, as nn.PReLU() has it. */
export const oneForAll: Layout = { shape: [1], change: 'repeated', source: () => 0 };

function torchIndexOf(order: FeatureOrder): (i: number) => number {
  return order.kind === 'permuted' ? (i) => order.torchIndex[i] : (i) => i;
}

function withOrder(change: string, order: FeatureOrder): string {
  if (order.kind !== 'permuted') return change;
  return change === 'none' ? order.text : `${change}, inputs ${order.text}`;
}
