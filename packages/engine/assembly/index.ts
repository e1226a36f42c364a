/**
 * The kernels of the wasm provider, by theme. Every function works on addresses in the imported memory, and
 * none keeps state between calls: what it needs for itself is passed in as scratch addresses. Each does a part of the work that its
 * caller chooses; ticket.ts is how threads share the parts.
 */
export { announce, claim, finish, finished, rest } from './ticket';
export {
  multiplyColumns,
  multiplyMany,
  multiplyRows,
  packLeft,
  packRight,
  tileBytes,
} from './gemm';
export { packByColumns, packByRows } from './pack';
export { convolve } from './conv';
export { convolveCanonical, packCanonical } from './canonical-conv';
export { addGradients, filterGradient } from './wgrad';
export { hasNaN, packFilters, packSigns } from './sign-pack';
export { signConvolve } from './sign-conv';
export { numberSigns, signInputGradient } from './sign-dgrad';
export { signBytes, signFilterGradient } from './sign-wgrad';
export { applySlope, combineBranches, measureBranches, scale, signs } from './branches';
export { peak, peakOperations } from './peak';
export { classCrossEntropy, classCrossEntropyGradient } from './class-cross-entropy';
export { twoValues, twoValuesGradient } from './two-values';
export { addClip, addClipGradient } from './add-clip';
export { attentionSoftmax, attentionSoftmaxGradient } from './attention-softmax';
export {
  addParts,
  batchFactors,
  batchMeans,
  batchNormGradientRows,
  batchNormRows,
  batchNormSlopes,
  narrow,
} from './batch-norm';
export { binary } from './binary';
export { dropout } from './dropout';
export { gelu, geluGradient } from './gelu';
export { layerNorm, layerNormGradient } from './layer-norm';
export { columnProducts, columnSquares, columnSums, rowSum, sumOuter } from './column-sums';
export { adamStep, bopStep, sgdStep } from './optimizer';
export { pool } from './pool';
export { preluGradient } from './prelu';
export { roiAlign, roiAlignGradient } from './roi-align';
export { copyRuns, gather, segmentSum, transpose } from './rows';
export { softmaxCrossEntropy } from './softmax';
export { clip, fill, unary } from './unary';
