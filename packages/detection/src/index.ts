/** Object detection: what training needs beside the arithmetic that the runtime shares with it, and what a detector is judged by. */
export * from './metrics/index.js';
export { pyramidRoiAlign } from './ops/pyramid-roi-align.js';
export type { PyramidRoiAlignOptions } from './ops/pyramid-roi-align.js';
export { roiAlign } from './ops/roi-align.js';
export type { Regions, RoiAlignOptions } from './ops/roi-align.js';
export { binaryCrossEntropySum } from './losses/binary-cross-entropy.js';
export { classCrossEntropySum } from './losses/class-cross-entropy.js';
export { multiboxLoss } from './losses/multibox-loss.js';
export { proposalLoss } from './losses/proposal-loss.js';
export type { StageLoss } from './losses/proposal-loss.js';
export { regionLoss } from './losses/region-loss.js';
export { smoothL1Sum } from './losses/smooth-l1.js';
export { anchorTargetDefaults, anchorTargets } from './training/anchor-targets.js';
export type { AnchorTargetOptions, AnchorTargets } from './training/anchor-targets.js';
export { defaultBoxTargetDefaults, defaultBoxTargets } from './training/default-box-targets.js';
export type { DefaultBoxTargetOptions, DefaultBoxTargets } from './training/default-box-targets.js';
export { encodeBoxes } from './training/encode.js';
export { BACKGROUND, BETWEEN, matchBoxes, matchDefaultBoxes } from './training/matcher.js';
export type { MatchOptions } from './training/matcher.js';
export { regionTargetDefaults, regionTargets } from './training/region-targets.js';
export type { RegionTargetOptions, RegionTargets } from './training/region-targets.js';
export { balancedSample } from './training/sampler.js';
export type { Sample, SampleOptions, Uniform } from './training/sampler.js';
export { usableTruth } from './training/truth.js';
export type { Truth } from './training/truth.js';
export type {
  DetectionLosses,
  Detector,
  DetectorShipping,
  DetectOptions,
  PictureBatch,
  SingleShotShipping,
  TwoStageShipping,
} from './networks/detector.js';
export { fasterRcnn } from './networks/faster-rcnn.js';
export { ssd300 } from './networks/ssd.js';
export { ssdTorchNames } from './networks/ssd-torch-names.js';
export { ssd300Defaults } from './networks/ssd-options.js';
export type { SsdChoices, SsdOptions } from './networks/ssd-options.js';
export { fasterRcnnDefaults } from './networks/options.js';
export type {
  DetectorContext,
  FasterRcnnChoices,
  FasterRcnnOptions,
  ProposalCounts,
} from './networks/options.js';
export {
  backboneSpec,
  buildDetector,
  detectorMultiple,
  detectorNames,
  isOfBackbone,
  takesOneSize,
} from './networks/build.js';
