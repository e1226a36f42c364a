/**
 * All case lists by kernel. The type asks for a list for every kernel of the interface.
 */
import type { KernelName } from '../providers/provider.js';
import { addClipCases, addClipGradientCases } from './add-clip.js';
import {
  batchNormAddClipGradientCases,
  batchNormCases,
  batchNormGradientCases,
} from './batch-norm.js';
import { canonicalConv2dCases } from './canonical-conv2d.js';
import { classCrossEntropyCases, classCrossEntropyGradientCases } from './class-cross-entropy.js';
import { conv2dCases, conv2dFilterGradientCases, conv2dInputGradientCases } from './conv2d.js';
import {
  binaryCases,
  binaryInPlaceCases,
  clipCases,
  fillCases,
  preluCases,
  preluGradientCases,
  preluGradientSpecialCases,
  sumCases,
  unaryCases,
} from './element-wise.js';
import type { KernelCase } from './kernel-case.js';
import { layerNormCases, layerNormGradientCases } from './layer-norm.js';
import { matMulCases } from './mat-mul.js';
import { adamStepCases, bopStepCases, sgdStepCases } from './optimizer-steps.js';
import {
  avgPoolCases,
  avgPoolGradientCases,
  maxPoolCases,
  maxPoolGradientCases,
} from './pooling.js';
import { roiAlignCases, roiAlignGradientCases } from './roi-align.js';
import { copyRunsCases, gatherCases, segmentSumCases, transposeCases } from './rows.js';
import { signConv2dCases, signConv2dGradientCases } from './sign-conv2d.js';
import { softmaxCrossEntropyCases } from './softmax-cross-entropy.js';
import {
  attentionSoftmaxCases,
  attentionSoftmaxGradientCases,
  dropoutCases,
  geluCases,
  geluGradientCases,
} from './transformer.js';
import { twoValuesCases, twoValuesGradientCases } from './two-values.js';

export const kernelCases: Readonly<Record<KernelName, readonly KernelCase[]>> = {
  conv2d: conv2dCases,
  conv2dInputGradient: conv2dInputGradientCases,
  conv2dFilterGradient: conv2dFilterGradientCases,
  canonicalConv2d: canonicalConv2dCases,
  matMul: matMulCases,
  signConv2d: signConv2dCases,
  signConv2dGradient: signConv2dGradientCases,
  batchNorm: batchNormCases,
  batchNormGradient: batchNormGradientCases,
  batchNormAddClipGradient: batchNormAddClipGradientCases,
  layerNorm: layerNormCases,
  layerNormGradient: layerNormGradientCases,
  gelu: geluCases,
  geluGradient: geluGradientCases,
  attentionSoftmax: attentionSoftmaxCases,
  attentionSoftmaxGradient: attentionSoftmaxGradientCases,
  dropout: dropoutCases,
  maxPool: maxPoolCases,
  maxPoolGradient: maxPoolGradientCases,
  avgPool: avgPoolCases,
  avgPoolGradient: avgPoolGradientCases,
  roiAlign: roiAlignCases,
  roiAlignGradient: roiAlignGradientCases,
  softmaxCrossEntropy: softmaxCrossEntropyCases,
  classCrossEntropy: classCrossEntropyCases,
  classCrossEntropyGradient: classCrossEntropyGradientCases,
  twoValues: twoValuesCases,
  twoValuesGradient: twoValuesGradientCases,
  sgdStep: sgdStepCases,
  adamStep: adamStepCases,
  bopStep: bopStepCases,
  unary: unaryCases,
  clip: clipCases,
  addClip: addClipCases,
  addClipGradient: addClipGradientCases,
  binary: [...binaryCases, ...binaryInPlaceCases],
  prelu: preluCases,
  preluGradient: [...preluGradientCases, ...preluGradientSpecialCases],
  sum: sumCases,
  fill: fillCases,
  gather: gatherCases,
  segmentSum: segmentSumCases,
  transpose: transposeCases,
  copyRuns: copyRunsCases,
};
