/**
 * The SURGE method on TF.js: binarizers from four parts, the compensator (DPGC) with its scaler (AGS), ops,
 * layers, and what a network costs. Every term of the paper is in the file that bears its name. Core asks TF.js
 * for kernels by name and knows no engine.
 */
export type {
  Binarizer,
  InputBinarizer,
  InputSet,
  LatentPenalty,
  LatentTransform,
  OffsetRule,
  ParameterSpec,
  Progress,
  RealValue,
  ScaleRule,
  Sides,
  Surrogate,
} from './binarizers/binarizer.js';
export {
  binarizers,
  inputBinarizers,
  methodName,
  methodSettings,
  methods,
  resolveBinarizer,
  resolveInputBinarizer,
  resolveMethod,
} from './binarizers/registry.js';
export type {
  BinarizerName,
  BinarizerSpec,
  InputBinarizerName,
  Method,
  MethodName,
  MethodSpec,
} from './binarizers/registry.js';
export {
  boxSurrogate,
  identitySurrogate,
  openBoxSurrogate,
  powerSurrogate,
  quadraticSurrogate,
  swishSurrogate,
  tanhSurrogate,
} from './binarizers/surrogates.js';
export { noTransform } from './binarizers/transforms.js';
export { withoutShift } from './binarizers/without-shift.js';
export type {
  AuxiliaryForm,
  CompensatorOptions,
  LambdaRule,
  NormScope,
  ScalingOptions,
  Schedule,
} from './compensator/options.js';
export type { LambdaState } from './compensator/scaler.js';
export type { BackwardStatistics } from './compensator/statistics.js';
export { surge } from './compensator/surge.js';
export type { LayerScope, SurgeOptions } from './compensator/surge.js';
export { batchNormCoefficients } from './evaluation/batch-norm.js';
export type { BatchNormCoefficients } from './evaluation/batch-norm.js';
export { canonicalForward, canonicalOutputs } from './evaluation/canonical-forward.js';
export type { CanonicalOptions } from './evaluation/canonical-forward.js';
export { canonicalConv2d } from './evaluation/canonical-conv2d.js';
export { canonicalMatMul, linearKinds } from './evaluation/float-layers.js';
export type { CanonicalLayer, LinearOperator, LinearParts } from './evaluation/rule.js';
export { canonicalKinds } from './evaluation/rules.js';
export * as layers from './layers/index.js';
export { baseOptions, channelsOf, inputShapes, shapeText } from './layers/base-options.js';
export type { BaseOptions, LayerShape } from './layers/base-options.js';
export { BatchNorm } from './layers/batch-norm.js';
export { BinaryConv1D } from './layers/binary-conv1d.js';
export { BinaryConv2D } from './layers/binary-conv2d.js';
export { BinaryDense } from './layers/binary-dense.js';
export { BinaryLayer } from './layers/binary-layer.js';
export { ChannelBias } from './layers/channel-bias.js';
export { FloatConv2D } from './layers/conv2d.js';
export { L2Norm } from './layers/l2-norm.js';
export { LayerNorm } from './layers/layer-norm.js';
export { Doubled2D } from './layers/doubled-2d.js';
export { MaxPool2D } from './layers/max-pool-2d.js';
export { PadChannels } from './layers/pad-channels.js';
export { registerOnce } from './layers/registration.js';
export { attachCompensator, detachCompensator } from './model/attach-compensator.js';
export { binaryLayers, latentPenalty, leafLayers } from './model/binary-layers.js';
export type { Model } from './model/binary-layers.js';
export { layerCalls } from './model/layer-calls.js';
export type { CallGraph, GraphInput, LayerCall, ValueId } from './model/layer-calls.js';
export { progressCallback, setProgress } from './model/progress.js';
export { reestimateBatchNorm } from './model/reestimate-batch-norm.js';
export { startInputs } from './model/start-inputs.js';
export type { StartsFromInput } from './model/start-inputs.js';
export { operations, summarize } from './model/summarize.js';
export type { CountsMultiplyAdds, LayerCost, NetworkCost } from './model/summarize.js';
export * as ops from './ops/index.js';
export { readsAreCheap } from './ops/sign.js';
export { ensureGradient, ensureKernel, runKernel } from './ops/kernel-registry.js';
export type { Composition } from './ops/kernel-registry.js';
export type { BinarizeOptions } from './ops/binarize.js';
export type { BinaryConv1dOptions, Conv1dOptions } from './ops/binary-conv1d.js';
export type { BinaryConv2dOptions, BinaryOpOptions } from './ops/binary-conv2d.js';
