/** The first batch: numbers of input binarizers that start from what it is like (BiT's scales). */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { leafLayers } from './binary-layers.js';
import type { Model } from './binary-layers.js';

/** A layer that binarizes by numbers which a first batch decides; binary layers are, and others may be. */
export interface StartsFromInput {
  readonly startsFromInput: boolean;
  /** The next forward sets the numbers before it uses them. */
  startFromNextInput(): void;
}

function canStart(layer: tfl.layers.Layer): layer is tfl.layers.Layer & StartsFromInput {
  return (
    'startFromNextInput' in layer && 'startsFromInput' in layer && layer.startsFromInput === true
  );
}

/**
 * Runs one forward in which each layer first sets such numbers from its own input, so that a layer sees what the layers in front of it make
 * with theirs. Once, before the first step: a later call would throw away what was learned.
 *
 * @param forward of one batch; what it gives is disposed.
 * @returns the names of the layers that were started; none where no binarizer has such numbers.
 */
export function startInputs(model: Model, forward: () => Tensor | readonly Tensor[]): string[] {
  const layers = leafLayers(model).filter(canStart);
  for (const layer of layers) layer.startFromNextInput();
  if (layers.length === 0) return [];
  tf.tidy(() => {
    forward();
  });
  return layers.map((layer) => layer.name);
}
