/**
 * THE KERNEL TABLE: every TF.js kernel that the engine computes itself. All other kernels are the CPU
 * backend's, copied. To add one: an entry here (with its file), its reference in providers/reference, its case list
 * in cases/. Nothing here runs on import.
 */
import { addClip, addClipGradient } from './add-clip.js';
import {
  batchNorm,
  batchNormAddClip,
  batchNormAddClipGradient,
  batchNormGradient,
} from './batch-norm.js';
import { addN, binaryEntries } from './binary.js';
import { canonicalConv2d } from './canonical-conv2d.js';
import { classCrossEntropy, classCrossEntropyGradient } from './class-cross-entropy.js';
import { concat, slice, split } from './concat.js';
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from './conv2d.js';
import {
  dilatedConv2d,
  dilatedConv2dFilterGradient,
  dilatedConv2dInputGradient,
} from './dilated-conv2d.js';
import type { KernelEntry } from './entry.js';
import { cast, fill, identity, onesLike, zerosLike } from './fill.js';
import { fusedConv2d } from './fused-conv2d.js';
import { layerNorm, layerNormGradient } from './layer-norm.js';
import { batchMatMul, fusedMatMul } from './mat-mul.js';
import { movingStatistics } from './moving-statistics.js';
import { adamStep, bopStep, sgdStep } from './optimizer-steps.js';
import { avgPool, avgPoolGradient, maxPool, maxPoolGradient } from './pooling.js';
import { prelu, preluGradient } from './prelu.js';
import { mean, sum } from './reduction.js';
import { roiAlign, roiAlignGradient } from './roi-align.js';
import { gather, segmentSum, transpose } from './rows.js';
import { signConv2d, signConv2dGradient } from './sign-conv2d.js';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';
import {
  attentionSoftmax,
  attentionSoftmaxGradient,
  dropout,
  gelu,
  geluGradient,
} from './transformer.js';
import { twoValues, twoValuesGradient } from './two-values.js';
import { clipByValue, step, unaryEntries } from './unary.js';

export const kernelTable: readonly KernelEntry[] = [
  signConv2d,
  signConv2dGradient,
  batchNorm,
  batchNormAddClip,
  batchNormGradient,
  batchNormAddClipGradient,
  movingStatistics,
  layerNorm,
  layerNormGradient,
  gelu,
  geluGradient,
  attentionSoftmax,
  attentionSoftmaxGradient,
  dropout,
  canonicalConv2d,
  dilatedConv2d,
  dilatedConv2dInputGradient,
  dilatedConv2dFilterGradient,
  addClip,
  addClipGradient,
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
  conv2d,
  conv2dInputGradient,
  conv2dFilterGradient,
  fusedConv2d,
  batchMatMul,
  fusedMatMul,
  maxPool,
  maxPoolGradient,
  avgPool,
  avgPoolGradient,
  ...unaryEntries,
  step,
  clipByValue,
  prelu,
  preluGradient,
  ...binaryEntries,
  addN,
  sum,
  mean,
  fill,
  zerosLike,
  onesLike,
  cast,
  identity,
  gather,
  segmentSum,
  transpose,
  concat,
  slice,
  split,
];
