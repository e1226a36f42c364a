/**
 * A binarizer is four independent parts (METHOD.md section 3): a latent transform, a forward value (sign,
 * with or without a scale), a surrogate derivative and schedules of the training progress p, which the
 * other parts receive as an argument. A published method is one combination of them in a file of its
 * own under `named/`; nothing else has to change.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { SurrogateSpec } from '@surge-bnn/contract';

/** Training progress in [0, 1]: step / total steps. Passed explicitly to everything that is scheduled. */
export type Progress = number;

/** A learnable tensor that a binarizer brings along (a shift, a scale); the layer creates and owns it. */
export interface ParameterSpec {
  readonly name: string;
  readonly initialValue: number;
  /** One entry per channel of the binarized tensor's last axis, or a single number. */
  readonly shape: 'per-channel' | 'scalar';
}

/**
 * u = forward(v): what happens to a tensor before its sign is taken (nothing, centring, a shift, ...).
 * `backward` is the vector-Jacobian product: the gradient at v (and at the parameters) from that at u.
 */
export interface LatentTransform {
  readonly name: string;
  readonly parameters: readonly ParameterSpec[];
  forward(v: Tensor, parameters: readonly Tensor[], p: Progress): Tensor;
  backward(
    gradient: Tensor,
    v: Tensor,
    parameters: readonly Tensor[],
    p: Progress,
  ): { input: Tensor; parameters: Tensor[] };
}

/** The stand-in for the derivative of sign at u. */
export interface Surrogate {
  readonly name: string;
  /** Slope at every entry of u, same shape. */
  slope(u: Tensor, p: Progress): Tensor;
  /** The form that fused kernels know; absent when there is none at this p. */
  spec?(p: Progress): SurrogateSpec;
  /** A function whose derivative is the slope, where one is known: finite differences of it test the slope. */
  antiderivative?: (u: number, p: Progress) => number;
}

/**
 * The factor a of the forward value a * sign(u) of a weight binarizer, one per output channel (last axis
 * of the kernel). With gT the gradient at the effective weights a B, a row-wise rule tells where it goes.
 */
export interface ScaleRule {
  readonly name: string;
  readonly parameters: readonly ParameterSpec[];
  /** [outChannels], from the untransformed latent weights. */
  scale(latent: Tensor, parameters: readonly Tensor[], p: Progress): Tensor;
  /** Whether the gradient at B is a gT (the chain rule) or gT (Bi-Real: the surrogate is clip(W), a does not enter). */
  readonly multipliesWeightGradient: boolean;
  /** The gradient at a ([outChannels]) carried on to latent weights and parameters; absent when a is detached. */
  backward?(
    gradient: Tensor,
    latent: Tensor,
    parameters: readonly Tensor[],
    p: Progress,
  ): { latent?: Tensor; parameters: Tensor[] };
}

/**
 * What a layer does with its inputs: binarizes them, or takes them as the floats that they are ('none'), so that only its
 * weights are binary. There is no such choice for weights.
 */
export type InputBinarizer = Binarizer | 'none';

export interface Binarizer {
  readonly name: string;
  readonly transform: LatentTransform;
  readonly surrogate: Surrogate;
  /** Only as a weight binarizer; absent: plain signs. */
  readonly scale?: ScaleRule;
  /** As a weight binarizer: latent weights are clipped to this range after each optimizer step. */
  readonly latentRange?: readonly [number, number];
  /** For `surge-bnn methods` and the docs, one line each. */
  readonly describe: {
    readonly forward: string;
    readonly backward: string;
    readonly schedule: string;
    readonly source: string;
  };
}
