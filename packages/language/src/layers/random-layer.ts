/** A layer that draws in training, and the step that its draws belong to. */
import * as tfl from '@tensorflow/tfjs-layers';
import { baseOptions, leafLayers, type BaseOptions, type Model } from '@surge-bnn/core';
import { checkRate, drawOf, type Draw } from '../ops/dropout.js';

export interface RandomLayerOptions extends BaseOptions {
  /** Share that is dropped in training, in [0, 1). */
  rate?: number;
  /** With the layer's name, the step and the call it decides every mask. Default 0. */
  seed?: number;
}

/** Draws of a layer: the n-th of step s depends on seed, name, s and n alone. */
export abstract class RandomLayer extends tfl.layers.Layer {
  readonly rate: number;
  readonly seed: number;
  private step = 0;
  private draws = 0;

  /** @param layer the factory function's name, for errors. @param ownKeys the options of the subclass. */
  protected constructor(options: RandomLayerOptions, layer: string, ownKeys: readonly string[]) {
    super(baseOptions(options, layer, [...ownKeys, 'rate', 'seed']));
    this.rate = options.rate ?? 0;
    this.seed = options.seed ?? 0;
    checkRate(this.rate, this.name);
  }

  /** The draws that follow are those of this step, from its first on. */
  startStep(step: number): void {
    this.step = step;
    this.draws = 0;
  }

  /** What a tensor is dropped by, or undefined where nothing is dropped. */
  protected draw(training: boolean): Draw | undefined {
    if (!training || this.rate === 0) return undefined;
    const stream = `dropout/${this.name}/${this.step}/${this.draws++}`;
    return drawOf(this.rate, this.seed, stream);
  }
}

/**
 * Tells the model's layers with dropout the number of the optimizer step, before its forwards: then a training that was stopped goes on with the
 * masks that it would have had. Without it each forward draws further masks of step 0.
 */
export function setStep(model: Model, step: number): void {
  for (const layer of leafLayers(model)) if (layer instanceof RandomLayer) layer.startStep(step);
}
