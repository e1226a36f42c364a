/** The mean over a whole map. */
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { on } from './parts.js';

/** [.., rows, columns, channels] to [.., channels]. Not TF.js's global pool: the gradient of its mean runs on a slow kernel. */
export function averaged(x: SymbolicTensor): SymbolicTensor {
  const poolSize: [number, number] = [Number(x.shape[1]), Number(x.shape[2])];
  const means = on(tfl.layers.averagePooling2d({ name: 'roi_heads.average', poolSize }), x);
  return on(tfl.layers.flatten({ name: 'roi_heads.features' }), means);
}
