/** Kernels and biases as ONNX has them: filters first, then the channels of a group, rows, columns. */
import type { WeightType } from '@surge-bnn/runtime';
import { bitAt, floatsOf } from '../stored.js';
import type { NewTensor } from './builder.js';
import type { Emitter } from './rule.js';
import type { DataType } from './schema.js';

/** [rows, columns, channels of a group, filters]. */
export type KernelShape = readonly [number, number, number, number];

const types: Readonly<Record<WeightType, DataType>> = {
  f32: 'float32',
  f16: 'float16',
  i8: 'int8',
  bits: 'int8',
};

/** Of a weight in ONNX. */
const bytesOf: Readonly<Record<WeightType, number>> = { f32: 4, f16: 2, i8: 1, bits: 1 };

/**
 * For Conv, OIHW; float32 when it is read. Signs are kept as int8 and halves as float16, because a cast at load is nothing and a
 * file of floats four times as large is something.
 */
export function convKernel(emit: Emitter, weights: WeightType, shape: KernelShape): string {
  const [height, width, channels, filters] = shape;
  const taps = height * width;
  return kernel(emit, weights, 'OIHW', {
    name: emit.tensor('kernel').key,
    type: types[weights],
    shape: [filters, channels, height, width],
    bytes: () => rearranged(emit, weights, shape, (tap, c, f) => (f * channels + c) * taps + tap),
  });
}

/** For MatMul, [channels, units]. */
export function matMulKernel(
  emit: Emitter,
  weights: WeightType,
  channels: number,
  units: number,
): string {
  return kernel(emit, weights, 'IO', {
    name: emit.tensor('kernel').key,
    type: types[weights],
    shape: [channels, units],
    bytes: () => rearranged(emit, weights, [1, 1, channels, units], (_, c, f) => c * units + f),
  });
}

/** The bias of a float layer as a vector, if it has one. */
export function biasOf(emit: Emitter): string | undefined {
  const bias = emit.optionalTensor('bias');
  if (bias === undefined) return undefined;
  const { key, shape, bytes } = bias;
  const tensor = { name: key, type: 'float32', shape, bytes: () => bytes } as const;
  return emit.builder.keep(`tensor ${key}`, tensor);
}

/** One tensor of the file may be the kernel of several nodes, with windows of other shapes, too. */
function kernel(emit: Emitter, weights: WeightType, order: string, tensor: NewTensor): string {
  const { name, shape } = tensor;
  return emit.builder.keepAsFloats(`tensor ${name}, ${order} ${weights} ${shape}`, tensor);
}

/** @param place where the weight of a tap (row-major), a channel and a filter goes. */
function rearranged(
  emit: Emitter,
  weights: WeightType,
  [height, width, channels, filters]: KernelShape,
  place: (tap: number, channel: number, filter: number) => number,
): Uint8Array {
  const { bytes } = emit.tensor('kernel');
  const perFilter = height * width * channels;
  const size = bytesOf[weights];
  const out = new Uint8Array(size * perFilter * filters);
  const row = Math.ceil(perFilter / 8);
  for (let i = 0; i < perFilter; i++) {
    const [tap, channel] = [Math.floor(i / channels), i % channels];
    for (let f = 0; f < filters; f++) {
      const to = size * place(tap, channel, f);
      if (weights === 'bits') {
        // -1 is 255 as int8.
        out[to] = bitAt(bytes, 8 * row * f + i) ? 255 : 1;
      } else {
        const from = size * (i * filters + f);
        for (let byte = 0; byte < size; byte++) out[to + byte] = bytes[from + byte];
      }
    }
  }
  return out;
}

/** The numbers of an optional F32 tensor of one number for each channel. */
export function optionalFloats(emit: Emitter, role: string): Float32Array | undefined {
  const tensor = emit.optionalTensor(role);
  return tensor === undefined ? undefined : floatsOf(tensor);
}
