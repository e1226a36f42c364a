/** Which ops compute each position, of a picture or a text, from the same position of all that they read. */
import type { OpName } from '../graph.js';

/** Of a text a position is a row. A graph of them may take some rows of many, or several inputs at a time. */
export const positionWise: readonly OpName[] = [
  ...(['sign', 'threshold', 'quantize', 'binaryDense', 'dense', 'affine', 'relu', 'clip'] as const),
  ...(['prelu', 'sigmoid', 'tanh', 'gelu', 'softmax', 'l2Norm', 'layerNorm'] as const),
  ...(['add', 'concat'] as const),
];
