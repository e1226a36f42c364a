/**
 * A binarizer is four independent parts (METHOD.md section 3): a latent transform, a forward value (sign,
 * with or without a scale), a surrogate derivative and schedules of the training progress p, which the
 * other parts receive as an argument. A published method is one combination of them in a file of its
 * own under `named/`; nothing else has to change.
 */
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { SurrogateSpec } from '@surge-bnn/contract';

/** Training progress in [0, 1]: step / total steps. Passed explicitly to everything that is scheduled. */
export type Progress = number;

/** A learnable tensor that a binarizer brings along (a shift, a scale); the layer creates and owns it. */
export interface ParameterSpec {
  readonly name: string;
  /** The same number everywhere, or drawn evenly from a range by the layer's seed. */
  readonly initialValue: number | { readonly uniform: readonly [low: number, high: number] };
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
  /**
   * The same signs by one multiplication and one addition at most, sign(u) = sign(factor v + shift), each number per
   * channel of the last axis or one for all; `{}`: the transform changes no sign. Every forward takes the signs from
   * here, so that what only training needs (a division by a standard deviation) costs an evaluation nothing; the converter
   * ships a transform of inputs in this form only.
   */
  signs?(parameters: readonly Tensor[], p: Progress): { factor?: Tensor; shift?: Tensor };
  /**
   * Where u = k (v + shift) / scale - (k - 1): the form that fused kernels know (TWO_VALUES_GRADIENT), and the gradients at the
   * parameters from its sums over gradients at v.
   */
  elastic?(parameters: readonly Tensor[]): Elastic;
  /** The parameters that a first batch v asks for; absent where they start at their initial values. `startInputs` writes them. */
  start?(v: Tensor, parameters: readonly Tensor[]): Tensor[];
}

/** @see LatentTransform.elastic */
export interface Elastic {
  /** [1]. */
  readonly scale?: Tensor;
  readonly k: 1 | 2;
  /** One entry per channel of the last axis. */
  readonly shift?: Tensor;
  /**
   * @param along sum of (gradient at v) (v + shift), a scalar. @param atShift the gradient at the shift, where there is one.
   * @param entries of the tensor that was binarized.
   */
  parameters(along: Tensor, atShift: Tensor | undefined, entries: number): Tensor[];
}

/** The stand-in for the derivative of sign at u. */
export interface Surrogate {
  readonly name: string;
  /** Slope at every entry of u, same shape. */
  slope(u: Tensor, p: Progress): Tensor;
  /** The form that fused kernels know; absent when there is none at this p. */
  spec?(p: Progress): SurrogateSpec;
  /** Where the slope is `height` for |u| <= width and 0 elsewhere. */
  readonly box?: { readonly width: number; readonly height: number };
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

/** The summand of the forward value a * sign(u) + offset of a weight binarizer, one per output channel. */
export interface OffsetRule {
  readonly name: string;
  /** [outChannels], from the untransformed latent weights. */
  offset(latent: Tensor): Tensor;
  /** The gradient at the offset ([outChannels]) carried on to the latent weights. */
  backward(gradient: Tensor, latent: Tensor): Tensor;
}

/**
 * The two values that inputs take where they are not -1 and +1: scale * sign(u) + offset, one pair for the layer, made of
 * the transform's parameters. Padding: padValue 0 pads with 0, -1 and +1 with the value of that sign.
 */
export interface InputSet {
  readonly name: string;
  /** Both of shape [1]. */
  values(parameters: readonly Tensor[], p: Progress): { scale: Tensor; offset: Tensor };
  /**
   * The gradients at scale and offset carried on to the transform's parameters, in their order.
   * @param entries of the tensor that was binarized.
   */
  backward(
    atScale: Tensor,
    atOffset: Tensor,
    parameters: readonly Tensor[],
    p: Progress,
    entries: number,
  ): Tensor[];
}

/** More than two values of inputs: whole numbers that stand in the place of sign(u). Padding is 0 alone. */
export interface InputLevels {
  readonly name: string;
  /** Of one level: 2 for four of them. */
  readonly bits: number;
  /** The level of each entry of u, same shape. */
  of(u: Tensor): Tensor;
}

/** A forward value of weights that is real while training goes on, before it becomes the sign. */
export interface RealValue {
  readonly name: string;
  /** Whether the value is real at this p; else it is sign(u). */
  appliesAt(p: Progress): boolean;
  /** In place of sign(u), same shape. The surrogate's slope is the derivative that the backward takes for it. */
  value(u: Tensor, p: Progress): Tensor;
}

/** A term that a weight binarizer adds to the loss, of each layer once. */
export interface LatentPenalty {
  readonly name: string;
  appliesAt(p: Progress): boolean;
  /** A scalar, differentiable in the latent weights by TF.js. */
  value(latent: Tensor, p: Progress): Scalar;
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
  /** Only as a weight binarizer, beside a scale. */
  readonly offset?: OffsetRule;
  /** Only as an input binarizer; absent: -1 and +1. */
  readonly set?: InputSet;
  /** Only as an input binarizer; absent: signs. With a set, inputs are scale level + offset. Trained and evaluated, never packed. */
  readonly levels?: InputLevels;
  /** Only as a weight binarizer; absent: signs from the first step on. */
  readonly real?: RealValue;
  /** Only as a weight binarizer. */
  readonly penalty?: LatentPenalty;
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

/** A published binarizer as it stands on either side of a layer; most differ in more than the slope. */
export interface Sides {
  readonly input: Binarizer;
  readonly weight: Binarizer;
}
