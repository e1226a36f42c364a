/** Which tensors of a PyTorch module go into which weights of a layer. */
import type { FeatureOrder } from './feature-order.js';
import * as layouts from './layouts.js';
import type { Layout } from './layouts.js';

export interface WeightRule {
  /** The tensor's name behind its module's: "weight" of "stem.weight". */
  readonly path: string;
  /** How PyTorch may lay it out, the usual way first. @param shape of our weight. */
  readonly layouts: (shape: readonly number[], order: FeatureOrder) => readonly Layout[];
  /** What its numbers are, where that matters. */
  readonly meaning?: 'variance' | 'latent' | 'negated';
}

/** Rules by the names that a layer made its weights with. */
export type LayerRules = Readonly<Record<string, WeightRule>>;

const convolution: LayerRules = {
  kernel: { path: 'weight', layouts: (shape) => [layouts.convKernel(shape)] },
  bias: { path: 'bias', layouts: outputs },
};

const binaryConvolution: LayerRules = {
  kernel: {
    path: 'weight',
    layouts: (shape) => [layouts.convKernel(shape), layouts.convKernelInARow(shape)],
    meaning: 'latent',
  },
};

const depthwise: LayerRules = {
  depthwise_kernel: { path: 'weight', layouts: (shape) => [layouts.depthwiseKernel(shape)] },
  bias: { path: 'bias', layouts: outputs },
};

const dense: LayerRules = {
  kernel: {
    path: 'weight',
    layouts: (shape, order) => [layouts.denseKernel(shape, order)],
  },
  bias: { path: 'bias', layouts: outputs },
};

const gamma: WeightRule = { path: 'weight', layouts: features };
const beta: WeightRule = { path: 'bias', layouts: features };
const mean: WeightRule = { path: 'running_mean', layouts: features };
const variance: WeightRule = { path: 'running_var', layouts: features, meaning: 'variance' };

const prelu: LayerRules = {
  alpha: { path: 'weight', layouts: slopes },
};

/**
 * ReActNet's module of a learnable bias adds to pictures and has shape [1, C, 1, 1]. It adds where we subtract,
 * PReLU(x - s) + t. Repositories with a module RPReLU name its parts as here; ReActNet's own (move12, prelu1, move13)
 * has them side by side in the block, where `names` says what they are.
 */
const rprelu: LayerRules = {
  alpha: { path: 'pr_prelu.weight', layouts: slopes },
  shiftBefore: { path: 'pr_bias0.bias', layouts: moves, meaning: 'negated' },
  shiftAfter: { path: 'pr_bias1.bias', layouts: moves },
};

/** A module of a learnable bias, as ReActNet has it in front of a sign; it adds, as ours does. */
const channelBias: LayerRules = {
  bias: { path: 'bias', layouts: moves },
};

/** SSD's, a tensor of its own there: `names` says which. */
const l2Norm: LayerRules = {
  scale: { path: 'weight', layouts: features },
};

const rules: Readonly<Record<string, LayerRules>> = {
  Conv2D: convolution,
  FloatConv2D: { kernel: convolution.kernel },
  DepthwiseConv2D: depthwise,
  Dense: dense,
  BinaryConv2D: binaryConvolution,
  BinaryDense: { kernel: { ...dense.kernel, meaning: 'latent' } },
  SurgeBatchNorm: { gamma, beta, movingMean: mean, movingVariance: variance },
  BatchNormalization: { gamma, beta, moving_mean: mean, moving_variance: variance },
  PReLU: prelu,
  SurgePReLU: prelu,
  RPReLU: rprelu,
  ChannelBias: channelBias,
  L2Norm: l2Norm,
};

/** Kinds of layers whose weights can be imported. */
export const importableKinds: readonly string[] = Object.keys(rules);

/** @param kind the layer's class name. */
export function rulesOf(kind: string): LayerRules | undefined {
  return Object.hasOwn(rules, kind) ? rules[kind] : undefined;
}

/** Of these the layer's epsilon belongs to its weights. */
export const batchNormKinds: readonly string[] = ['SurgeBatchNorm', 'BatchNormalization'];

/** A number for each output, which nobody has permuted yet. */
function outputs([size]: readonly number[]): readonly Layout[] {
  return [layouts.perFeature(size, { kind: 'same' })];
}

function features([size]: readonly number[], order: FeatureOrder): readonly Layout[] {
  return [layouts.perFeature(size, order)];
}

function moves([size]: readonly number[], order: FeatureOrder): readonly Layout[] {
  const list = [layouts.perFeature(size, order)];
  return order.kind === 'permuted' ? list : [...list, layouts.perChannelOfPicture(size)];
}

/** TF.js's own PReLU may have a slope per position, [height, width, C]; PyTorch's are per channel, or one. */
function slopes(shape: readonly number[], order: FeatureOrder): readonly Layout[] {
  const channels = shape.at(-1) ?? 1;
  const each = layouts.perFeature(channels, order);
  if (shape.length === 1) return [each, layouts.oneForAll];
  return [{ ...each, source: (i) => i % channels }, layouts.oneForAll];
}
