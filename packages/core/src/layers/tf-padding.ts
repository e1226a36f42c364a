/** Our padding option in TF.js's terms. */
import type { backend_util } from '@tensorflow/tfjs-core';
import type { Padding } from '@surge-bnn/contract';

/**
 * A number as rows and columns on all four sides: TF.js takes numbers itself, but then gives an oblong window the output width
 * of a square one.
 */
export function tfPadding(padding: Padding): 'same' | 'valid' | backend_util.ExplicitPadding {
  if (typeof padding !== 'number') return padding;
  const both: [number, number] = [padding, padding];
  return [[0, 0], both, both, [0, 0]];
}
