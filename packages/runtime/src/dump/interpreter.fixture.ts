/**
 * Computes a dump's outputs by docs/format.md, with plain loops over plain arrays, one number at a time: what a stranger would
 * write from the page. It shares no code with the runtime; only the types are imported. Signs are 1 and -1 here, and so
 * are the weights, so that a binary sum is a sum of products like any other, and so is one of int8.
 */
import type { Window } from '../graph.js';
import type { DumpedLinear, DumpedNode, IntegerDump } from './integer-dump.js';
import { attend, normalBelow } from './text-interpreter.fixture.js';

const round = Math.fround;

/** @param bytes a picture; @returns the numbers that the network reads. */
export function pixelNumbers({ input }: IntegerDump, bytes: Uint8Array): number[] {
  const { pixels, shape } = input;
  if (pixels === undefined) throw new Error('this dump does not say how bytes become numbers');
  const channels = shape[shape.length - 1];
  return Array.from(bytes, (byte, i) => {
    const c = i % channels;
    return round((byte / 255 - pixels.mean[c]) / pixels.std[c]);
  });
}

/** @param x one example. @returns its outputs. */
export function interpret(dump: IntegerDump, x: readonly number[]): number[] {
  const edges = new Map<string, number[]>([[dump.input.name, x.map(round)]]);
  for (const node of dump.nodes) {
    const read = node.inputs.map(({ name }) => known(edges, name));
    const made = compute(node, read);
    if (made.length !== size(node.output.shape)) throw new Error(`${node.name}: wrong size`);
    edges.set(node.name, made);
  }
  return known(edges, dump.output);
}

function known(edges: ReadonlyMap<string, number[]>, name: string): number[] {
  const edge = edges.get(name);
  if (edge === undefined) throw new Error(`no edge ${name}`);
  return edge;
}

function size(shape: readonly number[]): number {
  let product = 1;
  for (const axis of shape) product *= axis;
  return product;
}

function compute(node: DumpedNode, read: readonly number[][]): number[] {
  const [x] = read;
  const { shape } = node.inputs[0];
  const channels = shape[shape.length - 1];
  switch (node.op) {
    case 'sign': {
      const low = node.attributes.values === 'unsigned' ? 0 : -1;
      return x.map((v) => {
        if (Number.isNaN(v)) throw new Error(`${node.name}: NaN`);
        return v >= 0 ? 1 : low;
      });
    }
    case 'threshold': {
      const { thresholds, flips } = node.tensors;
      const low = node.attributes.values === 'unsigned' ? 0 : -1;
      return x.map((d, i) => {
        const reached = d >= thresholds[i % channels];
        return reached !== (flips?.[i % channels] === 1) ? 1 : low;
      });
    }
    case 'quantize': {
      const factor = round(node.attributes.factor);
      return x.map((v) => {
        const t = round(factor * v);
        if (Number.isNaN(t)) throw new Error(`${node.name}: NaN`);
        return t < -127 ? -127 : t > 127 ? 127 : nearestEven(t);
      });
    }
    case 'binaryConv2d':
    case 'conv2d':
      return convolve(node, x);
    case 'binaryDense':
    case 'dense': {
      const { values, finish } = linear(node);
      const { units } = node.attributes;
      const out: number[] = [];
      for (let row = 0; row < x.length; row += channels) {
        for (let unit = 0; unit < units; unit++) {
          let sum = 0;
          for (let c = 0; c < channels; c++) sum += x[row + c] * values[unit * channels + c];
          out.push(finish(sum, unit));
        }
      }
      return out;
    }
    case 'affine': {
      const { a, b } = node.tensors;
      return x.map((v, i) => {
        const scaled = a === undefined ? v : round(a[i % channels] * v);
        return b === undefined ? scaled : round(scaled + b[i % channels]);
      });
    }
    case 'relu':
      return x.map((v) => (v <= 0 ? 0 : v));
    case 'clip': {
      const [min, max] = [round(node.attributes.min), round(node.attributes.max)];
      return x.map((v) => (v < min ? min : v > max ? max : v));
    }
    case 'prelu': {
      const { alpha } = node.tensors;
      return x.map((v, i) => (v < 0 ? round(alpha[i % channels] * v) : v));
    }
    case 'sigmoid':
      return x.map((v) => round(1 / (1 + exponential(-v))));
    case 'tanh':
      return x.map((v) => {
        const far = Math.abs(v);
        if (far < 0.0001) return round(v - (v * v * v) / 3);
        const e = exponential(-2 * far);
        const t = (1 - e) / (1 + e);
        return round(v < 0 ? -t : t);
      });
    case 'softmax': {
      const out: number[] = [];
      for (let row = 0; row < x.length; row += channels) {
        let most = -Infinity;
        for (let c = 0; c < channels; c++) if (x[row + c] > most) most = x[row + c];
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += exponential(x[row + c] - most);
        for (let c = 0; c < channels; c++) out.push(round(exponential(x[row + c] - most) / sum));
      }
      return out;
    }
    case 'l2Norm': {
      const { scale } = node.tensors;
      const out: number[] = [];
      for (let row = 0; row < x.length; row += channels) {
        let squares = 0;
        for (let c = 0; c < channels; c++) squares += x[row + c] ** 2;
        const length = Math.max(round(Math.sqrt(squares)), round(1e-12));
        for (let c = 0; c < channels; c++) out.push(round(round(x[row + c] / length) * scale[c]));
      }
      return out;
    }
    case 'layerNorm': {
      const { gamma, beta } = node.tensors;
      const epsilon = round(node.attributes.epsilon);
      const out: number[] = [];
      for (let row = 0; row < x.length; row += channels) {
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += x[row + c];
        const mean = sum / channels;
        let squares = 0;
        for (let c = 0; c < channels; c++) squares += (x[row + c] - mean) * (x[row + c] - mean);
        const f = 1 / Math.sqrt(squares / channels + epsilon);
        for (let c = 0; c < channels; c++) {
          out.push(round((x[row + c] - mean) * f * gamma[c] + beta[c]));
        }
      }
      return out;
    }
    case 'gelu':
      return x.map((v) => {
        const y = round(v * normalBelow(v, exponential));
        return v < 0 && !(y < 0) ? -(2 ** -149) : y;
      });
    case 'softmaxAttention':
    case 'bitAttention':
    case 'elasticAttention':
      return attend(node, read, exponential);
    case 'firstRow':
      return x.slice(0, x.length / shape[0]);
    case 'maxPool2d': {
      const { flips } = node.tensors;
      return pool(x, shape, node.output.shape, node.attributes.window, (seen, c) => {
        let best = seen[0];
        for (const v of seen) {
          const larger = flips?.[c] === 1 ? v < best : v > best;
          if (larger || Number.isNaN(v)) best = v;
        }
        return best;
      });
    }
    case 'averagePool2d':
      return pool(x, shape, node.output.shape, node.attributes.window, (seen) => {
        let sum = 0;
        for (const v of seen) sum += v;
        return round(sum / seen.length);
      });
    case 'add':
      return x.map((_, i) => {
        let sum = x[i];
        for (let k = 1; k < read.length; k++) sum = round(sum + read[k][i]);
        return sum;
      });
    case 'concat': {
      const widths = node.inputs.map((input) => input.shape[input.shape.length - 1]);
      const out: number[] = [];
      for (let row = 0; row < x.length / widths[0]; row++) {
        read.forEach((edge, k) => {
          for (let c = 0; c < widths[k]; c++) out.push(edge[row * widths[k] + c]);
        });
      }
      return out;
    }
    case 'double2d': {
      const [height, width, channels] = node.output.shape;
      return Array.from({ length: height * width * channels }, (_, at) => {
        const [row, column] = [
          Math.floor(at / channels / width),
          Math.floor(at / channels) % width,
        ];
        return x[((row >> 1) * (width / 2) + (column >> 1)) * channels + (at % channels)];
      });
    }
    case 'reshape':
      return [...x];
  }
}

/** Where tap k of output o stands on an axis, and whether that is in the picture. */
function place(window: Window, axis: 0 | 1, o: number, k: number, length: number) {
  const at = o * window.strides[axis] + k * window.dilations[axis] - window.pads[axis];
  return { at, inside: at >= 0 && at < length };
}

type LinearOp = 'binaryConv2d' | 'binaryDense' | 'conv2d' | 'dense';
type Linear = Extract<DumpedNode, { op: LinearOp }>;

/** The weights that are multiplied, filter by filter, and what becomes of the sum of filter f. */
function linear({ inputs: [{ type }], tensors }: Linear) {
  const { kernel, scale, bias }: DumpedLinear = tensors;
  const perFilter = kernel.values.length / kernel.shape[0];
  const ofIntegers = type === 'i8';
  return {
    values:
      scale === undefined || ofIntegers
        ? kernel.values
        : kernel.values.map((k, i) => round(scale[Math.floor(i / perFilter)] * k)),
    finish: (sum: number, f: number): number => {
      const s = scale !== undefined && ofIntegers ? round(scale[f] * round(sum)) : sum;
      return round(bias === undefined ? s : s + bias[f]);
    },
  };
}

function convolve(
  node: Extract<Linear, { op: 'binaryConv2d' | 'conv2d' }>,
  x: readonly number[],
): number[] {
  const [height, width, channels] = node.inputs[0].shape;
  const [outHeight, outWidth, filters] = node.output.shape;
  const { window, groups, padValue } = node.attributes;
  const [, rows, columns, perGroup] = node.tensors.kernel.shape;
  const { values, finish } = linear(node);
  const out: number[] = [];
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let f = 0; f < filters; f++) {
        const first = Math.floor(f / (filters / groups)) * perGroup;
        let sum = 0;
        for (let ky = 0; ky < rows; ky++) {
          for (let kx = 0; kx < columns; kx++) {
            const y = place(window, 0, oy, ky, height);
            const z = place(window, 1, ox, kx, width);
            const inside = y.inside && z.inside;
            if (!inside && padValue === 0) continue;
            for (let c = 0; c < perGroup; c++) {
              const v = inside ? x[(y.at * width + z.at) * channels + first + c] : padValue;
              sum += v * values[((f * rows + ky) * columns + kx) * perGroup + c];
            }
          }
        }
        out.push(finish(sum, f));
      }
    }
  }
  return out;
}

/** @param reduce what becomes of the numbers of one channel that lie in the picture, row by row. */
function pool(
  x: readonly number[],
  [height, width, channels]: readonly number[],
  [outHeight, outWidth]: readonly number[],
  window: Window,
  reduce: (seen: readonly number[], channel: number) => number,
): number[] {
  const out: number[] = [];
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let c = 0; c < channels; c++) {
        const seen: number[] = [];
        for (let ky = 0; ky < window.size[0]; ky++) {
          for (let kx = 0; kx < window.size[1]; kx++) {
            const y = place(window, 0, oy, ky, height);
            const z = place(window, 1, ox, kx, width);
            if (y.inside && z.inside) seen.push(x[(y.at * width + z.at) * channels + c]);
          }
        }
        out.push(reduce(seen, c));
      }
    }
  }
  return out;
}

/** Section 5 of the page. */
function exponential(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x <= -746) return 0;
  if (x > 710) return Infinity;
  const k = nearest(x * 1.4426950408889634);
  const r = x - k * 6.9314718036912381649e-1 - k * 1.90821492927058770002e-10;
  let s = 1;
  for (let m = 13; m >= 1; m--) s = 1 + (r / m) * s;
  const half = k < 0 ? Math.ceil(k / 2) : Math.floor(k / 2);
  return s * powerOfTwo(half) * powerOfTwo(k - half);
}

/** The nearest integer, of two the even one; never the negative zero. */
function nearestEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 !== 0);
  return below + (up ? 1 : 0) + 0;
}

/** The nearest integer, of two the larger. */
function nearest(x: number): number {
  const below = Math.floor(x);
  return x - below >= 0.5 ? below + 1 : below;
}

function powerOfTwo(k: number): number {
  let power = 1;
  for (let i = 0; i < Math.abs(k); i++) power *= k < 0 ? 0.5 : 2;
  return power;
}
