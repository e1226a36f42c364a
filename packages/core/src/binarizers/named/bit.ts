/**
 * BiT (Liu et al. 2022, arXiv 2205.13016): elastic binarization, with a learnable scale a for the layer and a learnable threshold, a shift s
 * per channel, into {-1, +1} or, for inputs that are never negative, {0, 1}.
 *
 *     q = (x + s) / a,  N entries of x
 *     signed    a sign(q)                 dL/dx = g 1[|q| <= 1],      dL/da = 1/sqrt(N) sum g sign(q)
 *     unsigned  a [q >= 1/2]              dL/dx = g 1[0 <= q <= 1],   dL/da = 1/sqrt(N) sum g h
 *               h = [q >= 1/2] - q inside of 0 <= q <= 1, 0 below, 1 above
 *     weights   a sign(W - mean W),  a = mean |W|, both of the whole layer and constants in backward; slope 1
 *
 * The gradient at s is that at x, summed over a channel. Both sets are values c sign(u) + o of one sign: u = q with c = a and o = 0, or u = 2 q - 1
 * with c = o = a / 2, which box |u| <= 1 makes the gradients above.
 *
 * With `bits: 2` inputs have four values, and weights still two: the step between a float network and this one in the paper's chain of distillations,
 * W32A32, W1A2, W1A1. It is trained and evaluated; no model file holds it. Inputs are a times a level, a whole number (LSQ, arXiv 1902.08153):
 *
 *     a clip(round(q), L, H),  L = -2 and H = 1 (signed) or L = 0 and H = 3 (unsigned)
 *     dL/dx = g 1[L <= q <= H],   dL/da = 1/sqrt(N H) sum g h,   h = round(q) - q inside of L <= q <= H, L below, H above
 *
 * Traps. The signed dL/da is no chain rule (of a clip(x / a) it would be sign(q) - q inside). a below 1e-5 counts as 1e-5. At q = 1/2
 * PyTorch rounds to 0, here the bit is 1, as sign(0) = +1: with 2 bits, too, a border belongs to what lies above it. a starts at 2 mean |x + s| (signed) or
 * 4 mean |x + s| (unsigned) of the first batch, divided by sqrt(H): call `startInputs` before the first step, or it is 1. The authors give the shift to every
 * binary layer; those that they make for query, key and value are overwritten unused. For 2 unsigned bits their code takes the batch's smallest x + s for
 * the zero, which makes a text's levels depend on its batch: not here.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { notAbove } from '../../ops/above.js';
import type { InputLevels, InputSet, LatentTransform, Sides } from '../binarizer.js';
import { filterAxes } from '../means.js';
import { detachedLayerScale } from '../scales.js';
import { boxSurrogate, identitySurrogate, windowSurrogate } from '../surrogates.js';
import { centreLayer } from '../transforms.js';

export interface BiTOptions {
  /** {-1, +1}, or {0, 1} for inputs that are never negative, as behind a ReLU or a softmax. Default 'signed'. */
  readonly set?: 'signed' | 'unsigned';
  /** false: no threshold per channel. Default true. */
  readonly shift?: boolean;
  /** 2: four values of the inputs in place of two; weights stay 1 bit. Default 1. */
  readonly bits?: 1 | 2;
}

const LEAST_SCALE = 1e-5;

/** The same with nothing left open. */
interface Kind {
  readonly unsigned: boolean;
  readonly shift: boolean;
  readonly bits: 1 | 2;
}

/** L and H: the lowest and the highest level. */
function ends({ unsigned, bits }: Kind): readonly [low: number, high: number] {
  if (bits === 1) return [unsigned ? 0 : -1, 1];
  return unsigned ? [0, 3] : [-2, 1];
}

/** sqrt(N H), which gradients at a are divided by. */
const divisor = (kind: Kind, entries: number) => Math.sqrt(entries * ends(kind)[1]);

/** u = k (v + s) / a - (k - 1) with k = 2 for one unsigned bit, else 1. */
function elastic(kind: Kind): LatentTransform {
  const { unsigned, shift, bits } = kind;
  const k = unsigned && bits === 1 ? 2 : 1;
  // Whether h has a part -q.
  const followsRounding = unsigned || bits === 2;
  const scaleOf = (a: Tensor) => tf.maximum(a, LEAST_SCALE);
  const moved = (v: Tensor, parameters: readonly Tensor[]) =>
    shift ? tf.add(v, parameters[1]) : v;
  const signs: LatentTransform['signs'] = (parameters) => {
    const half = unsigned ? tf.neg(tf.div(scaleOf(parameters[0]), 2)) : undefined;
    if (!shift) return half === undefined ? {} : { shift: half };
    return { shift: half === undefined ? parameters[1] : tf.add(parameters[1], half) };
  };
  const ofKernels: LatentTransform['elastic'] = ([a, s]) => ({
    scale: scaleOf(a),
    k,
    shift: shift ? s : undefined,
    parameters: (along, atShift, entries) => [
      unsigned
        ? tf.reshape(tf.mul(tf.div(along, scaleOf(a)), -1 / divisor(kind, entries)), [1])
        : tf.zerosLike(a),
      ...(atShift === undefined ? [] : [atShift]),
    ],
  });
  return {
    name: k === 2 ? '2 (v + s) / a - 1' : '(v + s) / a',
    parameters: [
      { name: 'inputScale', initialValue: 1, shape: 'scalar' },
      ...(shift ? [{ name: 'inputShift', initialValue: 0, shape: 'per-channel' } as const] : []),
    ],
    forward: (v, parameters) =>
      tf.tidy(() => {
        const q = tf.div(moved(v, parameters), scaleOf(parameters[0]));
        return k === 2 ? tf.sub(tf.mul(q, 2), 1) : q.clone();
      }),
    backward: (gradient, v, parameters) => {
      const [input, ...rest] = tf.tidy(() => {
        const a = scaleOf(parameters[0]);
        const atV = tf.mul(gradient, tf.div(k, a));
        const atS = shift ? [tf.sum(atV, filterAxes(atV))] : [];
        // The part -q of h; the gradient at u has passed the window, so that it is 0 outside.
        const along = tf.div(tf.sum(tf.mul(atV, moved(v, parameters))), a);
        const atA = followsRounding
          ? tf.reshape(tf.mul(along, -1 / divisor(kind, v.size)), [1])
          : tf.zerosLike(parameters[0]);
        return [atV, atA, ...atS];
      });
      return { input, parameters: rest };
    },
    ...(bits === 2 ? {} : { signs, elastic: ofKernels }),
    start: (v, parameters) =>
      tf.tidy(() => {
        const size = tf.mean(tf.abs(moved(v, parameters)));
        const start = tf.mul(size, (unsigned ? 4 : 2) / Math.sqrt(ends(kind)[1]));
        return [tf.reshape(start, [1]), ...parameters.slice(1).map((t) => t.clone())];
      }),
  };
}

function elasticSet(kind: Kind): InputSet {
  const isHalf = kind.unsigned && kind.bits === 1;
  const values = kind.bits === 1 ? '{-a, +a}' : `a {${levelsOf(kind).join(', ')}}`;
  return {
    name: isHalf ? '{0, a}' : values,
    values: ([a]) =>
      tf.tidy(() => {
        const scale = tf.maximum(a, LEAST_SCALE);
        if (!isHalf) return { scale, offset: tf.zerosLike(a) };
        const half = tf.div(scale, 2);
        return { scale: half, offset: half.clone() };
      }),
    backward: (atScale, atOffset, [, ...others], _, entries) =>
      tf.tidy(() => {
        const atA = isHalf ? tf.div(tf.add(atScale, atOffset), 2) : atScale;
        return [tf.div(atA, divisor(kind, entries)), ...others.map((t) => tf.zerosLike(t))];
      }),
  };
}

function levelsOf(kind: Kind): number[] {
  const [low, high] = ends(kind);
  return Array.from({ length: high - low + 1 }, (_, i) => low + i);
}

/** H less one for each border that u lies below: clip(round(u), L, H), halves rounded up. */
function elasticLevels(kind: Kind): InputLevels {
  const [lowest, ...others] = levelsOf(kind);
  return {
    name: [lowest, ...others].join(', '),
    bits: kind.bits,
    of: (u) =>
      tf.tidy(() =>
        others.reduce<Tensor>(
          (sum, level) => tf.add(sum, notAbove(tf.sub(level - 0.5, u), 0)),
          tf.fill(u.shape, lowest),
        ),
      ),
  };
}

function forwardText(kind: Kind, q: string): string {
  const [low, high] = ends(kind);
  if (kind.bits === 2) return `a clip(round(q), ${low}, ${high}), ${q}`;
  return kind.unsigned ? `a [q >= 1/2], ${q}` : `a sign(q), ${q}`;
}

export function biT({ set = 'signed', shift = true, bits = 1 }: BiTOptions = {}): Sides {
  if (set !== 'signed' && set !== 'unsigned') {
    throw new InputError(`set must be 'signed' or 'unsigned', got ${JSON.stringify(set)}`);
  }
  if (typeof shift !== 'boolean') {
    throw new InputError(`shift must be true or false, got ${JSON.stringify(shift)}`);
  }
  const anyBits: number = bits;
  if (anyBits !== 1 && anyBits !== 2) {
    throw new InputError(`bits must be 1 or 2, got ${JSON.stringify(bits)}`);
  }
  const unsigned = set === 'unsigned';
  const kind: Kind = { unsigned, shift, bits };
  const [low, high] = ends(kind);
  const source = 'BiT, arXiv 2205.13016';
  const q = `q = ${shift ? '(x + s)' : 'x'}/a, learnable`;
  return {
    input: {
      name: 'bit',
      transform: elastic(kind),
      surrogate: bits === 1 ? boxSurrogate(1) : windowSurrogate(low, high),
      set: elasticSet(kind),
      ...(bits === 1 ? {} : { levels: elasticLevels(kind) }),
      describe: {
        forward: forwardText(kind, q),
        backward: `g 1[${low === -1 ? '|q|' : `${low} <= q`} <= ${high}], to a divided by sqrt(N${high === 3 ? ' 3' : ''})`,
        schedule: 'none',
        source,
      },
    },
    weight: {
      name: 'bit',
      transform: centreLayer,
      surrogate: identitySurrogate,
      scale: detachedLayerScale,
      describe: {
        forward: 'mean|W| sign(W - mean), means of the layer',
        backward: 'g, both means detached',
        schedule: 'none',
        source,
      },
    },
  };
}
