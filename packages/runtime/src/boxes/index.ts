/**
 * The arithmetic of detectors on plain arrays, as training evaluates and as packed models run: the same functions, so the
 * same boxes. In float64, rounded where a float32 is written, with nothing that another JavaScript engine might compute otherwise.
 */
export { anchorShapes, gridAnchors } from './anchors.js';
export type { AnchorGrid, AnchorShapes } from './anchors.js';
export { bestFirst } from './best.js';
export { boxArea, boxOverlap, clipBoxes, isAtLeast, takeBoxes } from './box.js';
export type { Boxes, PictureSize } from './box.js';
export { classDetections } from './class-detections.js';
export { decodeBoxes, mostLogGrowth } from './decode.js';
export type { BoxWeights } from './decode.js';
export { defaultBoxes, defaultBoxesPerPixel, ssd300Plan } from './default-boxes.js';
export type { DefaultBoxPlan } from './default-boxes.js';
export { selectDetections } from './detections.js';
export type { DetectionOptions, Detections } from './detections.js';
export { boxLevels } from './levels.js';
export type { PyramidLevels } from './levels.js';
export { NotFiniteError } from './not-finite.js';
export { selectProposals } from './proposals.js';
export type { LevelOutput, ProposalOptions, ScoredBoxes } from './proposals.js';
export { roiAlign, roiAlignGradient } from './roi-align.js';
export type { FeatureShape, RoiAlignOptions } from './roi-align.js';
export { suppressOverlaps } from './suppression.js';
export type { SuppressionOptions } from './suppression.js';
