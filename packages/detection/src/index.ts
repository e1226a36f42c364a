/**
 * Object detection: what a detector is made of, and what it is judged by.
 */
export * from './metrics/index.js';
