/** Annotated pictures: readers, batches with boxes. */
export type { DetectionBatch, DetectionTarget } from './batch.js';
export {
  checkDetection,
  checkPublishedDetection,
  detectionLayout,
  detectionLists,
  type CheckDetectionOptions,
  type CheckedDetection,
  type CheckedList,
} from './check.js';
export { readCoco, type CocoOptions } from './coco.js';
export { concatDetection, pickDetection } from './columns.js';
export { DetectionLoader } from './loader.js';
export {
  describeDetection,
  detectionNames,
  fetchDetection,
  openDetection,
  type DetectionDescription,
  type DetectionName,
  type OpenDetectionOptions,
  type PublicDetectionName,
} from './open.js';
export { boxesInPicture } from './placement.js';
export type { DetectionAugmentation, DetectionLoaderOptions } from './plan.js';
export { readAnnotated, type Pixels } from './read.js';
export {
  checkSheetOptions,
  contactSheet,
  type DrawnBox,
  type SheetOptions,
  type Tile,
} from './sheet.js';
export type { SsdColour } from './ssd-colour.js';
export type { DetectionSize } from './sizes.js';
export type { AnnotatedPicture, AnnotationColumns, DetectionSet, FlawOptions } from './types.js';
export { readVoc, vocClasses, vocLists, type VocOptions } from './voc.js';
