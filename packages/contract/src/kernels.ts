/**
 * The kernels beyond TF.js's own that `core` and `train` ask a backend for, by name. An engine that has
 * one runs it in one pass; where there is none, the asking side composes plain TF.js ops with the same
 * result. All tensors are float32 unless said otherwise; names in `inputs` are the keys of the
 * kernel's input map, `outputs` the order of the tensors that it returns.
 */
import type { ConvGeometry } from './conv-geometry.js';

/** The value that stands in a binary input where the convolution window leaves the picture. */
export type PadValue = 0 | 1 | -1;

/**
 * A surrogate derivative s(v) that kernels know, the stand-in for the derivative of sign at v:
 *
 * - identity: 1
 * - box: 1 where |v| <= width, else 0
 * - quadratic: max(0, 2 - 2|v|) (Bi-Real's ApproxSign)
 * - swish: beta (2 - beta v tanh(beta v / 2)) / (1 + cosh(beta v)) (BNN+'s SwishSign)
 */
export type SurrogateSpec =
  | { readonly kind: 'identity' }
  | { readonly kind: 'box'; readonly width: number }
  | { readonly kind: 'quadratic' }
  | { readonly kind: 'swish'; readonly beta: number };

/**
 * y = conv(sign(x), sign(kernel)), exact integers as float32; sign(v) = -1 iff v < 0. Padding of the
 * binary input has the value `padValue`.
 *
 * inputs {x: NHWC, kernel: HWIO}; outputs [y]. A NaN in x or kernel throws an InputError naming `layer`.
 */
export const SIGN_CONV_2D = 'SurgeSignConv2D';
export interface SignConv2DAttrs {
  readonly geometry: ConvGeometry;
  readonly padValue: PadValue;
  /** Name for errors. */
  readonly layer: string;
}

/** What one backward pass of a binary layer measures, over the layer's whole mini-batch tensor. */
export interface BranchMeasure {
  /** |g_b|, L2 norm of the binary branch's gradient at x. */
  readonly normB: number;
  /** |g_a|, L2 norm of the auxiliary branch's gradient at x; 0 without an auxiliary branch. */
  readonly normA: number;
  /** <g_b, g_a>; 0 without an auxiliary branch. */
  readonly inner: number;
  /** Share of the entries of x whose surrogate slope is exactly 0, in [0, 1]. */
  readonly clipped: number;
}

/** How the two branches are put together: dx = binary g_b + auxiliary g_a; dW_a = auxiliaryGradient wgrad(x, dy). */
export interface BranchWeights {
  readonly binary: number;
  readonly auxiliary: number;
  readonly auxiliaryGradient: number;
}

/**
 * Backward of SIGN_CONV_2D with SURGE's compensation (METHOD.md section 1):
 *
 *     g_b  = dgrad(dy, sign(kernel)) * s_x(x)        g_a = dgrad(dy, auxiliary)
 *     dx   = w.binary g_b + w.auxiliary g_a           w = combine(measure)
 *     dW   = wgrad(sign(x), dy) * s_w(kernel)         padding of sign(x) is padValue
 *     dW_a = w.auxiliaryGradient wgrad(x, dy)         padding of x is 0
 *
 * inputs {dy, x, kernel} or {dy, x, kernel, auxiliary}; outputs [dx, dkernel] or, with
 * `trainAuxiliary`, [dx, dkernel, dauxiliary]. Norms and inner product accumulate in float64.
 * `combine` is called exactly once, before dx is written. Without an auxiliary it may be absent (weights
 * 1, 0, 0, nothing is measured). Weight 0 for a branch must leave exactly the bits of the other branch
 * alone (a NaN in a branch of weight 0 must not leak).
 */
export const SIGN_CONV_2D_GRADIENT = 'SurgeSignConv2DGradient';
export interface SignConv2DGradientAttrs extends SignConv2DAttrs {
  readonly inputSurrogate: SurrogateSpec;
  readonly weightSurrogate: SurrogateSpec;
  readonly trainAuxiliary: boolean;
  readonly combine?: (measure: BranchMeasure) => BranchWeights;
}

/**
 * Batch norm in training, over all axes but the last (C channels, R rows): mean and biased variance of
 * the batch, inverseStd = 1 / sqrt(variance + epsilon), y = (x - mean) inverseStd gamma + beta.
 * inputs {x, gamma, beta}; outputs [y, mean, variance], the last two of shape [C]. Sums accumulate in float64.
 */
export const BATCH_NORM = 'SurgeBatchNorm';
export interface BatchNormAttrs {
  readonly epsilon: number;
}

/**
 * The same with what stands behind it in a network with shortcuts, in one pass: y = min(max((x - mean) inverseStd gamma + beta
 * + shortcut, low), high), clipped as by ADD_CLIP; mean and variance are those of x. The other name because its
 * backward alone needs y, and TF.js settles by the name what it keeps.
 * inputs {x, gamma, beta} or {x, gamma, beta, shortcut: x's shape}; outputs [y, mean, variance]; attrs BatchNormAttrs and
 * AddClipAttrs, without a bound where one is infinite.
 */
export const BATCH_NORM_ADD_CLIP = 'SurgeBatchNormAddClip';
export interface BatchNormAddClipAttrs extends BatchNormAttrs, AddClipAttrs {}

/**
 * Backward of BATCH_NORM. With xhat = (x - mean) inverseStd, dbeta = sum dy, dgamma = sum dy xhat and
 * dx = gamma inverseStd (dy - dbeta / R - xhat dgamma / R).
 * inputs {dy, x, gamma, mean, variance}; outputs [dx, dgamma, dbeta]; attrs BatchNormAttrs.
 */
export const BATCH_NORM_GRADIENT = 'SurgeBatchNormGradient';

/**
 * Backward of BATCH_NORM_ADD_CLIP: dsum is ADD_CLIP_GRADIENT of {dy, y}, which is the gradient of the shortcut, the rest
 * BATCH_NORM_GRADIENT of dsum.
 * inputs {dy, y, x, gamma, mean, variance}; outputs [dx, dgamma, dbeta, dsum]; attrs BatchNormAddClipAttrs.
 */
export const BATCH_NORM_ADD_CLIP_GRADIENT = 'SurgeBatchNormAddClipGradient';

/**
 * The moving statistics after a batch: mean' = keep mean + (1 - keep) batchMean and
 * variance' = keep variance + (1 - keep) (unbias batchVariance). The factors, each product and the sum are rounded to float32.
 * inputs {mean, variance, batchMean, batchVariance}, all of shape [C]; outputs [mean', variance']. No gradient.
 */
export const MOVING_STATISTICS = 'SurgeMovingStatistics';
export interface MovingStatisticsAttrs {
  /** Share of the old statistics that stays. */
  readonly keep: number;
  /** R / (R - 1) for R rows, which makes the unbiased estimate of the biased one; 1 for one row. */
  readonly unbias: number;
}

/**
 * y = conv(x, filter) for windows that TF.js's own kernels have no gradients of: any dilation; the picture is padded with 0.
 * inputs {x: NHWC, filter: HWIO}; outputs [y].
 */
export const DILATED_CONV_2D = 'SurgeDilatedConv2D';
/** Its gradient at x. inputs {dy, filter}; outputs [dx]. */
export const DILATED_CONV_2D_INPUT_GRADIENT = 'SurgeDilatedConv2DInputGradient';
/** Its gradient at the filter. inputs {x, dy}; outputs [dfilter]. */
export const DILATED_CONV_2D_FILTER_GRADIENT = 'SurgeDilatedConv2DFilterGradient';
/** Attributes of all three. */
export interface DilatedConv2DAttrs {
  readonly geometry: ConvGeometry;
}

/**
 * Layer norm over the last axis (C entries in each of R rows): mean and biased variance of the row,
 * inverseStd = 1 / sqrt(variance + epsilon), y = (x - mean) inverseStd gamma + beta.
 * inputs {x: [..., C], gamma: [C], beta: [C]}; outputs [y, mean: [R], inverseStd: [R]]. Sums accumulate in float64.
 */
export const LAYER_NORM = 'SurgeLayerNorm';
export interface LayerNormAttrs {
  readonly epsilon: number;
}

/**
 * Its backward. With xhat = (x - mean) inverseStd and, in each row, g = gamma dy:
 * dx = inverseStd (g - mean_c(g) - xhat mean_c(g xhat)); over the rows, dgamma = sum dy xhat and dbeta = sum dy.
 * inputs {dy, x, gamma, mean, inverseStd}; outputs [dx, dgamma, dbeta]; no attributes.
 */
export const LAYER_NORM_GRADIENT = 'SurgeLayerNormGradient';

/**
 * Backward of PReLU, y = x < 0 ? alpha x : x, with alpha one number or one for each entry of the last axis:
 * dx = x > 0 ? dy : alpha dy, dalpha = sum of dy x over the entries of its channel with not x > 0 (in float64).
 * inputs {dy, x, alpha}; outputs [dx, dalpha]; no attributes.
 */
export const PRELU_GRADIENT = 'SurgePreluGradient';

/**
 * An activation behind a shortcut: y = min(max(a + b, low), high) with the sum rounded once, or of a alone; a NaN stays NaN.
 * inputs {a} or {a, b} of one shape; outputs [y]. The bounds are rounded to float32.
 */
export const ADD_CLIP = 'SurgeAddClip';
export interface AddClipAttrs {
  readonly low: number;
  readonly high: number;
}

/**
 * Its backward, the same for a and b: dx = dy where low < y < high, else 0, at the bounds as PyTorch's hardtanh has it.
 * inputs {dy, y}; outputs [dx]; attrs AddClipAttrs.
 */
export const ADD_CLIP_GRADIENT = 'SurgeAddClipGradient';

/**
 * GELU with the exact distribution function (Hendrycks & Gimpel 2016): y = x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2.
 * inputs {x}; outputs [y]; no attributes.
 */
export const GELU = 'SurgeGelu';

/** Its backward: dx = dy (Phi(x) + x phi(x)), phi(x) = exp(-x^2 / 2) / sqrt(2 pi). inputs {dy, x}; outputs [dx]; no attributes. */
export const GELU_GRADIENT = 'SurgeGeluGradient';

/**
 * Softmax of attention scores: y = softmax over the last axis of (scale x + bias), the bias one number for each key of a text, the row
 * maximum subtracted. inputs {x: [batch, heads, queries, keys], bias: [batch, keys]}; outputs [y: x's shape].
 */
export const ATTENTION_SOFTMAX = 'SurgeAttentionSoftmax';
export interface AttentionSoftmaxAttrs {
  readonly scale: number;
}

/**
 * Its backward at x, the bias being data: dx = scale y (dy - sum over keys of dy y).
 * inputs {dy, y}; outputs [dx]; attrs AttentionSoftmaxAttrs.
 */
export const ATTENTION_SOFTMAX_GRADIENT = 'SurgeAttentionSoftmaxGradient';

/**
 * Dropout: y_i = x_i m_i, m_i = 0 where h(i) < `leastKept(rate)`, else `kept`, for the i-th number of the flat array. h is a counter through an integer hash
 * (murmur3's finaliser behind a Weyl step), all in 32 bits:
 *
 *     h = start + i 0x9e3779b9;  h = (h ^ h >> 16) 0x85ebca6b;  h = (h ^ h >> 13) 0xc2b2ae35;  h = h ^ h >> 16
 *
 * so that a mask is two numbers, and every backend draws the same. inputs {x}; outputs [y: x's shape]. It is its own gradient: dx is the dropout of dy.
 */
export const DROPOUT = 'SurgeDropout';
export interface DropoutAttrs {
  /** In [0, 1). */
  readonly rate: number;
  /** A whole number below 2^32: which draw it is. */
  readonly start: number;
  /** Rounded to float32. */
  readonly kept: number;
}

/** The least h that dropout keeps: round(2^32 rate), but a number of 32 bits, as which kernels take it, for a rate that rounds up to 1, too. */
export const leastKept = (rate: number): number =>
  Math.min(2 ** 32 - 1, Math.round(rate * 2 ** 32));

/**
 * Softmax cross-entropy of each row: loss = -sum_c labels_c log softmax(logits)_c, computed with the row
 * maximum subtracted. inputs {logits: [N, C], labels: [N, C], any non-negative weights};
 * outputs [loss: [N], gradient: [N, C]] with gradient = softmax(logits) sum_c(labels_c) - labels.
 */
export const SOFTMAX_CROSS_ENTROPY = 'SurgeSoftmaxCrossEntropy';

/**
 * Cross-entropy of each row with one class: loss = log sum_c exp(logits_c) - logits_class, the row maximum subtracted. With many classes
 * (a vocabulary) the labels of SOFTMAX_CROSS_ENTROPY would be as large as the logits, and so would a gradient that is kept.
 * inputs {logits: [N, C], classes: int32 [N]}; outputs [loss: [N], logPartition: [N]], the latter log sum_c exp(logits_c); no attributes.
 */
export const CLASS_CROSS_ENTROPY = 'SurgeClassCrossEntropy';

/**
 * Its backward: dlogits_c = dy (exp(logits_c - logPartition) - [c = class]).
 * inputs {dy: [N], logits, classes, logPartition}; outputs [dlogits]; no attributes.
 */
export const CLASS_CROSS_ENTROPY_GRADIENT = 'SurgeClassCrossEntropyGradient';

/**
 * Two values by the sign: y = low where x + shift < 0, else high. inputs {x, shift: [1] or [C], the last axis of x; absent: 0};
 * outputs [y: x's shape]. A NaN in x or shift is refused, naming the layer.
 */
export const TWO_VALUES = 'SurgeTwoValues';
export interface TwoValuesAttrs {
  readonly low: number;
  readonly high: number;
  readonly layer: string;
}

/**
 * Backward of two values that stand for u = k (x + shift) / scale - (k - 1), k = 1 (around 0) or 2 (around 1/2), through a box: with t = x + shift
 *
 *     dx = factor dy 1[|u| <= width];  dshift_c = sum dx;  sums = [sum dy sign(u), sum dy, sum dx t]
 *
 * inputs {dy, x, shift: [1] or [C]; absent: 0}; outputs [dx, sums: [3], and with a shift dshift: its shape]. u is computed in float32 in the order that is
 * written, so that every backend has the same dx.
 */
export const TWO_VALUES_GRADIENT = 'SurgeTwoValuesGradient';
export interface TwoValuesGradientAttrs {
  readonly scale: number;
  readonly k: 1 | 2;
  readonly width: number;
  readonly factor: number;
}

/**
 * The float convolution of canonical evaluation (METHOD.md section 4): y = conv(x, kernel) + bias, each output summed in
 * float64 from +0 in the order of the window's rows, its columns, then the channels of the group (products of float32
 * are exact there), then the bias, then rounded to float32 once. Outside the picture stands `padValue`; with 0, the
 * default, what lies there is skipped. So every backend gives the same bits.
 *
 * inputs {x: NHWC, kernel: HWIO} or {x, kernel, bias: [outChannels]}; outputs [y]. No gradient.
 */
export const CANONICAL_CONV_2D = 'SurgeCanonicalConv2D';
export interface CanonicalConv2DAttrs {
  readonly geometry: ConvGeometry;
  readonly padValue?: PadValue;
}

/**
 * RoIAlign: each box read from its picture's feature map as height x width bins, as `boxes.roiAlign` of @surge-bnn/runtime
 * computes it, bit for bit.
 * inputs {x: NHWC, boxes: [R, 4], pictures: [R], int32}; outputs [y: [R, height, width, C]].
 */
export const ROI_ALIGN = 'SurgeRoiAlign';
export interface RoiAlignAttrs {
  /** Pixels of the feature map for one of the picture: 1 / stride. */
  readonly scale: number;
  readonly height: number;
  readonly width: number;
  /** Samples of a bin in each direction; 0: as many as it has pixels, rounded up. */
  readonly samplingRatio: number;
  /** Whether a pixel's value stands at its centre. */
  readonly aligned: boolean;
}

/** Largest coordinate of a box, in pixels: what lies further out is no box of a picture, and its samples would be too many. */
export const ROI_ALIGN_REACH = 2 ** 20;

/** Its gradient at x, `boxes.roiAlignGradient`. inputs {dy, boxes, pictures}; outputs [dx: inputShape]. */
export const ROI_ALIGN_GRADIENT = 'SurgeRoiAlignGradient';
export interface RoiAlignGradientAttrs extends RoiAlignAttrs {
  /** Shape of x. */
  readonly inputShape: readonly [batch: number, height: number, width: number, channels: number];
}

/** Bounds that an optimizer step clips the new parameter to; both or none. */
export interface LatentClip {
  readonly clipMin?: number;
  readonly clipMax?: number;
}

/**
 * g = gradient + weightDecay parameter; v' = momentum v + g; step = nesterov ? g + momentum v' : v';
 * parameter' = clip(parameter - learningRate step).
 * inputs {parameter, gradient, velocity}; outputs [parameter', velocity'].
 */
export const SGD_STEP = 'SurgeSgdStep';
export interface SgdStepAttrs extends LatentClip {
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

/**
 * Adam (decoupled = false: weight decay joins the gradient) and AdamW (decoupled = true: the parameter
 * is first multiplied by 1 - learningRate weightDecay). With t = `step`, counted from 1:
 * m' = beta1 m + (1 - beta1) g; v' = beta2 v + (1 - beta2) g^2;
 * parameter' = clip(parameter - learningRate (m' / (1 - beta1^t)) / (sqrt(v' / (1 - beta2^t)) + epsilon)).
 * inputs {parameter, gradient, first, second}; outputs [parameter', first', second'].
 */
export const ADAM_STEP = 'SurgeAdamStep';
export interface AdamStepAttrs extends LatentClip {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly step: number;
  readonly weightDecay: number;
  readonly decoupled: boolean;
}

/**
 * Bop (Helwegen et al. 2019), latent-free: m' = m + gamma (gradient - m); a weight in {-1, +1} flips iff
 * weight m' > threshold. inputs {parameter, gradient, momentum}; outputs [parameter', momentum'].
 */
export const BOP_STEP = 'SurgeBopStep';
export interface BopStepAttrs {
  readonly gamma: number;
  readonly threshold: number;
}
