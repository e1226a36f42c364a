/**
 * What core and engine agree on without knowing each other (core must never import engine): the names
 * and attributes of the kernels, the geometry of a convolution, the error that stands for a
 * user's mistake, and the sentences that refuse an option. Types, constants and pure functions on plain numbers only; no tensors here.
 */
export * from './bytes-text.js';
export * from './conv-geometry.js';
export * from './engine-text.js';
export * from './input-error.js';
export * from './kernels.js';
export * from './nan-at-sign.js';
export * from './option-checks.js';
export * from './out-of-memory.js';
export * from './seed.js';
