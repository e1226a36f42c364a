/** Training progress p, passed explicitly: nothing scheduled reads a clock or a global. */
import type * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { binaryLayers } from './binary-layers.js';
import type { Model } from './binary-layers.js';

/** Sets p = step / total steps, in [0, 1], for the schedules of all binary layers. */
export function setProgress(model: Model, p: number): void {
  if (!(p >= 0 && p <= 1)) {
    throw new InputError(`setProgress: p must lie in [0, 1], got ${p}`);
  }
  for (const layer of binaryLayers(model)) layer.progress = p;
}

/**
 * A callback for `model.fit` that sets p before each batch and leaves the latent weights clipped after it.
 * @param totalSteps epochs times batches of an epoch.
 */
export function progressCallback(model: Model, totalSteps: number): tfl.CustomCallbackArgs {
  let step = 0;
  return {
    onBatchBegin: () => {
      setProgress(model, Math.min(1, step / totalSteps));
      step += 1;
      return Promise.resolve();
    },
    onBatchEnd: () => {
      for (const layer of binaryLayers(model)) layer.clipLatentWeights();
      return Promise.resolve();
    },
  };
}
