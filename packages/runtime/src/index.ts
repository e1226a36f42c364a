/**
 * Runs packed binary networks, in Node and in browsers, and owns their file format. No dependency: what cannot be
 * done with the language alone is not done here.
 */
export * as boxes from './boxes/index.js';
export { PackedDetector } from './detector/packed-detector.js';
export type {
  DetectionTimes,
  DetectorDescription,
  FoundObjects,
} from './detector/packed-detector.js';
export { boxesInPicture, paddedSize, resizedSize } from './detector/picture-size.js';
export type {
  DefaultBoxRule,
  DetectorPlan,
  RegionPlan,
  SingleShotPlan,
  SizeRule,
  TwoStagePlan,
} from './detector/plan.js';
export { resizedGraph } from './execute/resized-graph.js';
export { resizedRgb } from './detector/resize.js';
export type { Picture } from './detector/resize.js';
export { dumpIntegers } from './dump/integers.js';
export type { DumpOptions } from './dump/integers.js';
export { integersJson } from './dump/integers-json.js';
export type {
  DumpedKernel,
  DumpedLinear,
  DumpedNode,
  DumpedNodeOf,
  DumpedTensors,
  IntegerDump,
} from './dump/integer-dump.js';
export { describeNodes } from './execute/describe.js';
export type { EdgeDescription, ModelDescription, NodeDescription } from './execute/describe.js';
export { PackedModel } from './execute/packed-model.js';
export type { LoadOptions } from './execute/load-options.js';
export type { ModelInput } from './execute/packed-model.js';
export { checkGraph } from './format/check-graph.js';
export { formatVersions } from './format/convention.js';
export type { FormatVersion } from './format/convention.js';
export type {
  DetectorSource,
  FileSize,
  Json,
  JsonObject,
  ModelMetadata,
  ModelSource,
  SingleShotSource,
  TextSource,
  TwoStageSource,
} from './format/model-source.js';
export { decodeModel } from './format/read.js';
export { decodeDetector, fileKind } from './format/read-detector.js';
export { decodeText } from './format/read-text.js';
export { bitBytes, kernelBits, tensorBytes } from './format/tensors.js';
export type { Dtype, StoredTensor, TensorSpec } from './format/tensors.js';
export {
  detectorFileSize,
  encodeDetector,
  encodeModel,
  encodeText,
  fileSize,
  textFileSize,
} from './format/write.js';
export type { WriteOptions } from './format/write.js';
export type {
  Edge,
  EdgeType,
  Graph,
  GraphInput,
  GraphNode,
  NodeOf,
  OpAttributes,
  OpName,
  PadValue,
  WeightType,
  Window,
} from './graph.js';
export { softmaxAttention } from './kernels/attention.js';
export type { AttentionShape } from './kernels/attention.js';
export { bitAttention, exponentials, likely, notNegative } from './kernels/bit-attention.js';
export { wordsFor } from './kernels/bits.js';
export * as elementwise from './kernels/elementwise.js';
export { averagePool2d, conv2d } from './kernels/float-conv.js';
export { l2Norm, l2NormEpsilon } from './kernels/l2-norm.js';
export { layerNorm } from './kernels/layer-norm.js';
export { maxPool2d } from './kernels/max-pool.js';
export type { ConvShape, Numbers, PoolShape } from './kernels/float-conv.js';
export { halfValue } from './kernels/half.js';
export { signBits } from './kernels/signs.js';
export type { StageTime } from './execute/executor.js';
export { memoryIsShared, ThreadPool } from './wasm/thread-pool.js';
export { shareMemory } from './wasm/module-bytes.js';
export { startWorker } from './wasm/workers.js';
export type { PoolWorker } from './wasm/workers.js';
export type { Arithmetic } from './program/assemble.js';
export type { KernelSet, Machine } from './program/kernel-set.js';
export { load } from './load.js';
export { loadDetector } from './load-detector.js';
export type { FileSource } from './load-file.js';
export { ModelFileError } from './model-file-error.js';
export { storedKept, storedVocabulary } from './format/vocabulary.js';
export { mostTextPieces } from './format/read-text-plan.js';
export type { TextOutput, TextPlan } from './text/plan.js';
export { mostInt8Products } from './kernels/int8.js';
export type { KernelKind } from './ops/kernel-kind.js';
export type { Later, ModelMemory, NodeMemory } from './ops/memory.js';
export type { EdgeBuffer, OpDefinition, Step, TensorSpecs } from './ops/op.js';
export { positionWise } from './ops/position-wise.js';
export { inferOutput, opTable } from './ops/table.js';
export { isAttention } from './program/attention-nodes.js';
