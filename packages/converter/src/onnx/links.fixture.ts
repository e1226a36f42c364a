/** Nodes for tests of the ONNX export, with numbers by rule. */
import type { StoredTensor, WeightType } from '@surge-bnn/runtime';
import { floats, halves, int8s, signs, windowOf } from './onnx.fixture.js';
import type { Link } from './onnx.fixture.js';

/** Makes bits and unsigned numbers readable: each channel by itself times +1. */
export const readOut = (channels: number): Link => ({
  op: 'binaryConv2d',
  attributes: {
    window: windowOf({ size: [1, 1] }),
    filters: channels,
    groups: channels,
    padValue: 0,
  },
  tensors: { kernel: { dtype: 'U8', shape: [channels, 1], bytes: new Uint8Array(channels) } },
});
export const sign = (values: 'bits' | 'unsigned' | 'f32'): Link => ({
  op: 'sign',
  attributes: { values },
});
export const conv = (
  filters: number,
  channels: number,
  given: Partial<Parameters<typeof convolution>[2]> = {},
) => convolution(filters, channels, { padValue: 0, groups: 1, ...given });

export interface Convolution extends NonNullable<Parameters<typeof windowOf>[0]> {
  padValue: 0 | 1 | -1;
  groups: number;
}

function convolution(filters: number, channels: number, given: Convolution): Link {
  const { padValue, groups, ...window } = given;
  const {
    size: [kh, kw],
  } = windowOf(window);
  return {
    op: 'binaryConv2d',
    attributes: { window: windowOf(window), filters, groups, padValue },
    tensors: { kernel: signs(filters, (kh * kw * channels) / groups) },
  };
}

/** A kernel of numbers as the weights are stored, with its scales where they are integers. */
function weightsOf(
  weights: Exclude<WeightType, 'bits'>,
  shape: readonly number[],
): Record<string, StoredTensor> {
  const filters = shape[shape.length - 1];
  if (weights === 'i8') return { kernel: int8s(shape), scale: floats([filters], 8) };
  return { kernel: weights === 'f16' ? halves(shape) : floats(shape) };
}

export function floatConv(weights: WeightType, given: Convolution, bias: boolean): Link {
  const { padValue, groups, ...rest } = given;
  const window = windowOf(rest);
  const [filters, channels] = [8, 4];
  const shape = [...window.size, channels / groups, filters];
  const kernel =
    weights === 'bits'
      ? { kernel: signs(filters, (window.size[0] * window.size[1] * channels) / groups) }
      : weightsOf(weights, shape);
  return {
    op: 'conv2d',
    attributes: { window, filters, groups, padValue, weights },
    tensors: { ...kernel, ...(bias && { bias: floats([filters], 9) }) },
  };
}

export function floatDense(
  weights: WeightType,
  channels: number,
  units: number,
  bias: boolean,
): Link {
  const kernel =
    weights === 'bits' ? { kernel: signs(units, channels) } : weightsOf(weights, [channels, units]);
  return {
    op: 'dense',
    attributes: { units, weights },
    tensors: { ...kernel, ...(bias && { bias: floats([units], 9) }) },
  };
}

export const quantize = (factor: number): Link => ({ op: 'quantize', attributes: { factor } });

export const affine = (channels: number): Link => ({
  op: 'affine',
  attributes: {},
  tensors: { a: floats([channels], 6), b: floats([channels], 7) },
});
