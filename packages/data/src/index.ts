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
export { channelStatistics } from './image-set.js';
export { makeImageSet, split, subset } from './make-image-set.js';
export { randomStream, RandomStream } from './random.js';
export * from './types.js';
