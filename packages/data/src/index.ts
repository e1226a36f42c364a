/**
 * Readers, downloads, seeded randomness, augmentation, and batches prepared off the training thread.
 */
export {
  affine,
  compose,
  flip,
  padCrop,
  shift,
  type AffineAmounts,
  type Augmentation,
} from './augmentation.js';
export { augment, augmentationKinds, checkAugmentation } from './augmentation-spec.js';
export { BatchLoader } from './batch-loader.js';
export { readUnpacked } from './checked-file.js';
export { colorJitter, lighting, type JitterAmounts } from './colour.js';
export { randomResizedCrop, type Range } from './crop.js';
export {
  datasetNames,
  describeDatasets,
  describeInput,
  fetchDataset,
  loadImages,
  openPictures,
  takesSize,
} from './datasets.js';
export { dataDirectory } from './directory.js';
export { parseIdx, type IdxArray } from './idx.js';
export { readIdxSet, type IdxSetOptions } from './idx-set.js';
export { channelStatistics, inMemory, isImageSet } from './image-set.js';
export { makeFolder } from './make-folder.js';
export { makeImageSet, split, subset } from './make-image-set.js';
export {
  checkPictures,
  type CheckedHalf,
  type CheckedPictures,
  type CheckOptions,
} from './pictures/check.js';
export { readPicture } from './pictures/file-set.js';
export { randomStream, RandomStream } from './random.js';
export * from './types.js';
export { skippedPicture } from './pictures/skipped.js';
export * from './detection/index.js';
export { fetchModel, type FetchedModel, type FetchModelOptions } from './hub/fetch-model.js';
export * from './text/index.js';
