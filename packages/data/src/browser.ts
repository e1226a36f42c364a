/**
 * The part of this package that needs no Node module, for pages and Web Workers: batches of sets in memory, their statistics,
 * augmentation, seeded randomness. In Node it is the same code as in index.ts. A test walks what it imports.
 */
export { augment, augmentationKinds, checkAugmentation } from './augmentation-spec.js';
export { BatchLoader } from './batch-loader.js';
export { channelStatistics, inMemory, isImageSet } from './image-set.js';
export { randomStream, RandomStream } from './random.js';
export type * from './types.js';
