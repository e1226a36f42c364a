/**
 * What PyTorch computes, by naive loops in float64 over its own layouts: pictures [channels, height, width], kernels
 * [out, in / groups, height, width], linear weights [out, in]. Nothing here knows how ours are laid out.
 */
import type { ForeignTensor } from './read-safetensors.js';

export interface TorchArray {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** A state dict: arrays by their names. */
export type StateDict = Map<string, TorchArray>;

/** Numbers in (low, high), float32, the same at every run. */
export function randomArray(
  seed: number,
  shape: readonly number[],
  low = -1,
  high = 1,
): TorchArray {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  next();
  const data = Array.from({ length: count(shape) }, () => Math.fround(low + (high - low) * next()));
  return { shape, data };
}

export const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** As the arrays would lie in a file, in float32 unless `dtypes` says F64. */
export function asTensors(
  state: StateDict,
  dtypes: Readonly<Record<string, 'F64'>> = {},
): Map<string, ForeignTensor> {
  return new Map(
    [...state].map(([name, { shape, data }]) => {
      const dtype = dtypes[name] ?? 'F32';
      const values = dtype === 'F64' ? Float64Array.from(data) : Float32Array.from(data);
      return [name, { dtype, shape, bytes: new Uint8Array(values.buffer) }];
    }),
  );
}

export interface TorchConv {
  readonly stride?: readonly [number, number];
  readonly padding?: number;
  readonly padValue?: number;
  readonly groups?: number;
}

export function conv2d(
  { shape: [, height, width], data: x }: TorchArray,
  { shape: [outputs, perGroup, kh, kw], data: weight }: TorchArray,
  bias: TorchArray | undefined,
  { stride = [1, 1], padding = 0, padValue = 0, groups = 1 }: TorchConv = {},
): TorchArray {
  const outHeight = Math.floor((height + 2 * padding - kh) / stride[0]) + 1;
  const outWidth = Math.floor((width + 2 * padding - kw) / stride[1]) + 1;
  const data: number[] = [];
  for (let o = 0; o < outputs; o++) {
    const firstInput = Math.floor(o / (outputs / groups)) * perGroup;
    for (let y = 0; y < outHeight; y++) {
      for (let z = 0; z < outWidth; z++) {
        let sum = bias?.data[o] ?? 0;
        for (let i = 0; i < perGroup; i++) {
          for (let ky = 0; ky < kh; ky++) {
            for (let kz = 0; kz < kw; kz++) {
              const row = y * stride[0] + ky - padding;
              const column = z * stride[1] + kz - padding;
              const inside = row >= 0 && row < height && column >= 0 && column < width;
              const value = inside
                ? x[((firstInput + i) * height + row) * width + column]
                : padValue;
              sum += value * weight[((o * perGroup + i) * kh + ky) * kw + kz];
            }
          }
        }
        data.push(sum);
      }
    }
  }
  return { shape: [outputs, outHeight, outWidth], data };
}

/** x W^T + b. */
export function linear(
  { data: x }: TorchArray,
  { shape: [outputs, inputs], data: weight }: TorchArray,
  bias?: TorchArray,
): TorchArray {
  const data = Array.from({ length: outputs }, (_, o) =>
    x.reduce((sum, value, i) => sum + value * weight[o * inputs + i], bias?.data[o] ?? 0),
  );
  return { shape: [outputs], data };
}

/** Maps each number with its channel (the first axis). */
export function perChannel(
  { shape, data }: TorchArray,
  f: (value: number, channel: number) => number,
): TorchArray {
  const each = count(shape.slice(1));
  return { shape, data: data.map((value, i) => f(value, Math.floor(i / each))) };
}

/** (x - running_mean) / sqrt(running_var + eps) weight + bias, with the tensors of a module. */
export function batchNorm(x: TorchArray, state: StateDict, module: string, eps = 1e-5): TorchArray {
  const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (name) => take(state, `${module}.${name}`).data,
  );
  return perChannel(
    x,
    (v, c) => ((v - mean[c]) / Math.sqrt(variance[c] + eps)) * weight[c] + bias[c],
  );
}

/** With a slope per channel, or one for all. */
export function prelu(x: TorchArray, { data: slope }: TorchArray): TorchArray {
  return perChannel(x, (v, c) => (v >= 0 ? v : v * (slope.length === 1 ? slope[0] : slope[c])));
}

/** ReActNet's LearnableBias. */
export function learnableBias(x: TorchArray, { data: bias }: TorchArray): TorchArray {
  return perChannel(x, (v, c) => v + bias[c]);
}

export function sign({ shape, data }: TorchArray): TorchArray {
  return { shape, data: data.map((v) => (v < 0 ? -1 : 1)) };
}

/** In PyTorch a picture flattens without a move. */
export function flatten({ data }: TorchArray): TorchArray {
  return { shape: [data.length], data };
}

export function globalAverage({ shape: [channels, ...picture], data }: TorchArray): TorchArray {
  const pixels = count(picture);
  const averages = Array.from(
    { length: channels },
    (_, c) => data.slice(c * pixels, (c + 1) * pixels).reduce((a, b) => a + b, 0) / pixels,
  );
  return { shape: [channels], data: averages };
}

export function take(state: StateDict, name: string): TorchArray {
  const array = state.get(name);
  if (array === undefined) throw new Error(`no "${name}"`);
  return array;
}

/** [channels, height, width] as the [height, width, channels] that our models read. */
export function channelsLast({ shape: [channels, height, width], data }: TorchArray): Float32Array {
  const pixels = height * width;
  return Float32Array.from(
    { length: pixels * channels },
    (_, i) => data[(i % channels) * pixels + Math.floor(i / channels)],
  );
}
