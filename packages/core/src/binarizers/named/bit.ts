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
 * Traps. The signed dL/da is no chain rule (of a clip(x / a) it would be sign(q) - q inside). a below 1e-5 counts as 1e-5. At q = 1/2
 * PyTorch rounds to 0, here the bit is 1, as sign(0) = +1. a starts at 2 mean |x + s| (signed) or 4 mean |x + s| (unsigned) of the first batch: call
 * `startInputs` before the first step, or it is 1. The authors give the shift to every binary layer; those that they make for query, key and value
 * are overwritten unused.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import type { InputSet, LatentTransform, Sides } from '../binarizer.js';
import { filterAxes } from '../means.js';
import { detachedLayerScale } from '../scales.js';
import { boxSurrogate, identitySurrogate } from '../surrogates.js';
import { centreLayer } from '../transforms.js';

export interface BiTOptions {
  /** {-1, +1}, or {0, 1} for inputs that are never negative, as behind a ReLU or a softmax. Default 'signed'. */
  readonly set?: 'signed' | 'unsigned';
  /** false: no threshold per channel. Default true. */
  readonly shift?: boolean;
}

const LEAST_SCALE = 1e-5;

/** u = k (v + s) / a - (k - 1) with k = 1 (signed) or 2 (unsigned). */
function elastic(unsigned: boolean, shift: boolean): LatentTransform {
  const k = unsigned ? 2 : 1;
  const scaleOf = (a: Tensor) => tf.maximum(a, LEAST_SCALE);
  const moved = (v: Tensor, parameters: readonly Tensor[]) =>
    shift ? tf.add(v, parameters[1]) : v;
  return {
    name: unsigned ? '2 (v + s) / a - 1' : '(v + s) / a',
    parameters: [
      { name: 'inputScale', initialValue: 1, shape: 'scalar' },
      ...(shift ? [{ name: 'inputShift', initialValue: 0, shape: 'per-channel' } as const] : []),
    ],
    forward: (v, parameters) =>
      tf.tidy(() => {
        const q = tf.div(moved(v, parameters), scaleOf(parameters[0]));
        return unsigned ? tf.sub(tf.mul(q, 2), 1) : q.clone();
      }),
    backward: (gradient, v, parameters) => {
      const [input, ...rest] = tf.tidy(() => {
        const a = scaleOf(parameters[0]);
        const atV = tf.mul(gradient, tf.div(k, a));
        const atS = shift ? [tf.sum(atV, filterAxes(atV))] : [];
        // Unsigned: the part -q of h; the gradient at u has passed the box, so that it is 0 outside. Signed: none.
        const along = tf.div(tf.sum(tf.mul(atV, moved(v, parameters))), a);
        const atA = unsigned
          ? tf.reshape(tf.mul(along, -1 / Math.sqrt(v.size)), [1])
          : tf.zerosLike(parameters[0]);
        return [atV, atA, ...atS];
      });
      return { input, parameters: rest };
    },
    elastic: ([a, s]) => ({
      scale: scaleOf(a),
      k,
      shift: shift ? s : undefined,
      parameters: (along, atShift, entries) => [
        unsigned
          ? tf.reshape(tf.mul(tf.div(along, scaleOf(a)), -1 / Math.sqrt(entries)), [1])
          : tf.zerosLike(a),
        ...(atShift === undefined ? [] : [atShift]),
      ],
    }),
    signs: (parameters) => {
      const half = unsigned ? tf.neg(tf.div(scaleOf(parameters[0]), 2)) : undefined;
      if (!shift) return half === undefined ? {} : { shift: half };
      return { shift: half === undefined ? parameters[1] : tf.add(parameters[1], half) };
    },
    start: (v, parameters) =>
      tf.tidy(() => {
        const size = tf.mean(tf.abs(moved(v, parameters)));
        return [tf.reshape(tf.mul(size, 2 * k), [1]), ...parameters.slice(1).map((t) => t.clone())];
      }),
  };
}

function elasticSet(unsigned: boolean): InputSet {
  return {
    name: unsigned ? '{0, a}' : '{-a, +a}',
    values: ([a]) =>
      tf.tidy(() => {
        const scale = tf.maximum(a, LEAST_SCALE);
        if (!unsigned) return { scale, offset: tf.zerosLike(a) };
        const half = tf.div(scale, 2);
        return { scale: half, offset: half.clone() };
      }),
    backward: (atScale, atOffset, [, ...others], _, entries) =>
      tf.tidy(() => {
        const atA = unsigned ? tf.div(tf.add(atScale, atOffset), 2) : atScale;
        return [tf.div(atA, Math.sqrt(entries)), ...others.map((t) => tf.zerosLike(t))];
      }),
  };
}

export function biT({ set = 'signed', shift = true }: BiTOptions = {}): Sides {
  if (set !== 'signed' && set !== 'unsigned') {
    throw new InputError(`set must be 'signed' or 'unsigned', got ${JSON.stringify(set)}`);
  }
  if (typeof shift !== 'boolean') {
    throw new InputError(`shift must be true or false, got ${JSON.stringify(shift)}`);
  }
  const unsigned = set === 'unsigned';
  const source = 'BiT, arXiv 2205.13016';
  const q = `q = ${shift ? '(x + s)' : 'x'}/a, learnable`;
  return {
    input: {
      name: 'bit',
      transform: elastic(unsigned, shift),
      surrogate: boxSurrogate(1),
      set: elasticSet(unsigned),
      describe: {
        forward: unsigned ? `a [q >= 1/2], ${q}` : `a sign(q), ${q}`,
        backward: `g 1[${unsigned ? '0 <= q' : '|q|'} <= 1], to a divided by sqrt(N)`,
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
