/** What detections are judged by: PASCAL VOC's and COCO's metrics. */
export type { PictureDetections, PictureTruth } from './boxes.js';
export { cocoMetrics, type CocoMetrics, type CocoOptions, type CocoSummary } from './coco.js';
export { crowdOverlap, overlap } from './overlap.js';
export {
  averagePrecision,
  type PrecisionMethod,
  type PrecisionRecall,
} from './average-precision.js';
export { vocMeanAveragePrecision, type VocClass, type VocMetrics, type VocOptions } from './voc.js';
