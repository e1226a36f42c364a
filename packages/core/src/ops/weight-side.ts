/**
 * What stands between the latent weights and the products: E = a sign(v) + b, or a r(v) + b while the forward value r is still
 * real, with v the transformed latent weights; and the way of a gradient at E back to the latent weights and the binarizer's parameters.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Binarizer, Progress } from '../binarizers/binarizer.js';
import { filterAxes } from '../binarizers/means.js';
import { noTransform } from '../binarizers/transforms.js';
import { identitySurrogate } from '../binarizers/surrogates.js';
import { once } from './input-side.js';
import { signOf } from './sign.js';

export interface WeightTensors {
  readonly kernel: Tensor;
  readonly transformParameters: Tensor[];
  readonly scaleParameters: Tensor[];
}

/** The parts of E, all a forward needs. */
export interface WeightParts {
  /** What the sign is taken of; the latent weights themselves where there is no transform (no second handle to them). */
  readonly v: Tensor;
  /** The forward value in place of sign(v), at a p where it is real. */
  readonly real?: Tensor;
  /** a, [outChannels]. */
  readonly scale?: Tensor;
  /** b, [outChannels]. */
  readonly offset?: Tensor;
}

/** In a tidy. */
export function weightParts(weight: Binarizer, tensors: WeightTensors, p: Progress): WeightParts {
  const { transform, real, scale, offset } = weight;
  const { kernel, transformParameters, scaleParameters } = tensors;
  const v = transform === noTransform ? kernel : transform.forward(kernel, transformParameters, p);
  return {
    v,
    real: real?.appliesAt(p) === true ? real.value(v, p) : undefined,
    scale: scale?.scale(kernel, scaleParameters, p),
    offset: offset?.offset(kernel),
  };
}

export interface WeightSide extends WeightParts {
  /** E. */
  readonly effective: Tensor;
  /** A gradient at E carried to the latent weights, and to the parameters of transform and scale. */
  through(atEffective: Tensor): { kernel: Tensor; parameters: Tensor[] };
}

export function weightSide(weight: Binarizer, tensors: WeightTensors, p: Progress): WeightSide {
  const parts = weightParts(weight, tensors, p);
  const { v, real, scale, offset } = parts;
  // Passes over all weights, which a fused kernel spares.
  const value = once(() => real ?? signOf(v));
  const effective = once(() => {
    const scaled = scale === undefined ? value() : tf.mul(value(), scale);
    return offset === undefined ? scaled : tf.add(scaled, offset);
  });
  const { kernel, transformParameters, scaleParameters } = tensors;
  return {
    ...parts,
    get effective() {
      return effective();
    },
    through(atEffective) {
      const throughScale = scale !== undefined && weight.scale?.multipliesWeightGradient === true;
      const atValue = throughScale ? tf.mul(atEffective, scale) : atEffective;
      const atV =
        weight.surrogate === identitySurrogate
          ? atValue
          : tf.mul(atValue, weight.surrogate.slope(v, p));
      const latent = weight.transform.backward(atV, kernel, transformParameters, p);
      // dL/da_c and dL/db_c: sums over filter c of (gradient at E) times value, and times 1.
      const perFilter = (t: Tensor) => tf.sum(t, filterAxes(t));
      const atScale =
        weight.scale?.backward === undefined
          ? undefined
          : weight.scale.backward(
              perFilter(tf.mul(atEffective, value())),
              kernel,
              scaleParameters,
              p,
            );
      const atOffset = weight.offset?.backward(perFilter(atEffective), kernel);
      const summands = [latent.input, atScale?.latent, atOffset].filter((t) => t !== undefined);
      return {
        kernel: summands.reduce((sum, t) => tf.add(sum, t)),
        parameters: [
          ...latent.parameters,
          ...(atScale?.parameters ?? scaleParameters.map((t) => tf.zerosLike(t))),
        ],
      };
    },
  };
}
