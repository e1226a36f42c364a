/** Shapes as TF.js hands them to layers, as lists of sizes. */
import { inputShapes, type LayerShape } from '@surge-bnn/core';

type Size = number | null;

/** Of a layer with one input, or of its first; sizes that are not known are null. */
export function sizes(shape: LayerShape): Size[] {
  return inputShapes(shape)[0].filter((size): size is Size => !Array.isArray(size));
}
