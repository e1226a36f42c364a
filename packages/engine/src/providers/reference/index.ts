/**
 * The reference provider: every kernel of the Kernels interface in plain TypeScript. It is what "right"
 * means for the other providers; it is not meant for training.
 */
import type { KernelName, Kernels, Provider } from '../provider.js';
import { addClip, addClipGradient } from './add-clip.js';
import { attentionSoftmax, attentionSoftmaxGradient } from './attention-softmax.js';
import { batchNorm, batchNormAddClipGradient, batchNormGradient } from './batch-norm.js';
import { canonicalConv2d } from './canonical-conv2d.js';
import { classCrossEntropy, classCrossEntropyGradient } from './class-cross-entropy.js';
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from './conv2d.js';
import { dropout } from './dropout.js';
import { binary, clip, fill, prelu, preluGradient, unary } from './element-wise.js';
import { gelu, geluGradient } from './gelu.js';
import { ArrayBufferHeap } from './heap.js';
import { layerNorm, layerNormGradient } from './layer-norm.js';
import { matMul } from './mat-mul.js';
import { adamStep, bopStep, sgdStep } from './optimizer-steps.js';
import { avgPool, avgPoolGradient, maxPool, maxPoolGradient } from './pooling.js';
import { roiAlign, roiAlignGradient } from './roi-align.js';
import { copyRuns, gather, segmentSum, transpose } from './rows.js';
import { signConv2d, signConv2dGradient } from './sign-conv2d.js';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';
import { sum } from './sum.js';
import { twoValues, twoValuesGradient } from './two-values.js';

/** The kernels themselves: pure functions of Float32Arrays, on any memory. */
export const referenceKernels: Kernels = {
  conv2d,
  conv2dInputGradient,
  conv2dFilterGradient,
  canonicalConv2d,
  matMul,
  signConv2d,
  signConv2dGradient,
  batchNorm,
  batchNormGradient,
  batchNormAddClipGradient,
  layerNorm,
  layerNormGradient,
  gelu,
  geluGradient,
  attentionSoftmax,
  attentionSoftmaxGradient,
  dropout,
  maxPool,
  maxPoolGradient,
  avgPool,
  avgPoolGradient,
  roiAlign,
  roiAlignGradient,
  softmaxCrossEntropy,
  classCrossEntropy,
  classCrossEntropyGradient,
  twoValues,
  twoValuesGradient,
  sgdStep,
  adamStep,
  bopStep,
  unary,
  clip,
  addClip,
  addClipGradient,
  binary,
  prelu,
  preluGradient,
  sum,
  fill,
  gather,
  segmentSum,
  transpose,
  copyRuns,
};

/** The names of all kernels, in the order of the interface. */
export const kernelNames = Object.keys(referenceKernels) as readonly KernelName[];

/** A provider that runs every kernel as its reference, on a heap of its own. */
export function createReferenceProvider(): Provider {
  return {
    name: 'reference',
    heap: new ArrayBufferHeap(),
    kernels: referenceKernels,
    own: new Set(kernelNames),
  };
}
