/**
 * The compensator of one binary layer: its options, the auxiliary weights as variables, and the memory of a moving-average lam. What a
 * backward does with them is the ops' matter.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import type { CompensatorOptions, ScalingOptions } from '../compensator/options.js';
import type { LambdaState } from '../compensator/scaler.js';
import { auxiliaryInitialValues, scalingOf, surge } from '../compensator/surge.js';
import type { SurgeOptions } from '../compensator/surge.js';

/** With the seed that, with the layer's name, makes the random stream of W_a. */
export type SeededSurge = SurgeOptions & { seed: number };

export class LayerCompensator {
  /** W_a, or U and V; none where a form shares W, and before `make`. */
  weights: readonly tfl.LayerVariable[] = [];
  private state: LambdaState = {};
  /** The part of the options that each call takes. */
  private readonly scaling: ScalingOptions;

  /** @param layer its name, for its variables and errors. */
  constructor(
    readonly options: SeededSurge,
    private readonly layer: string,
  ) {
    this.scaling = scalingOf(options);
  }

  /** Makes the auxiliary weights for a kernel of a linear operator. */
  make(kernel: Tensor, operator: { readonly inChannels: number; readonly groups: number }): void {
    const { layer, options } = this;
    const values = auxiliaryInitialValues(options, kernel, operator, options.seed, layer);
    // Not by addWeight, which never forgets a name: after detaching, the same name must be free again.
    const names = values.length > 1 ? ['auxiliaryU', 'auxiliaryV'] : ['auxiliary'];
    const trained = options.form !== 'frozen';
    this.weights = values.map(
      (value, i) => new tfl.LayerVariable(value, 'float32', `${layer}/${names[i]}`, trained),
    );
    tf.dispose(values);
  }

  /** The memory of the moving-average lam, as plain data for a checkpoint. */
  save(): LambdaState {
    return { ...this.state };
  }

  restore(state: LambdaState): void {
    this.state = { ...state };
  }

  /** What a call in training takes. */
  forCall(): CompensatorOptions {
    const { form = 'full' } = this.options;
    const scaling = { ...this.scaling, state: this.state };
    const [weights, v] = this.weights.map((w): Tensor => w.read());
    switch (form) {
      case 'full':
        return { ...scaling, auxiliary: weights };
      case 'shared':
        return { ...scaling, auxiliary: { form } };
      case 'lowRank':
        return { ...scaling, auxiliary: { form, weights: [weights, v] } };
      default:
        return { ...scaling, auxiliary: { form, weights } };
    }
  }

  /** The options as JSON, for a saved model. @throws InputError for a schedule, which is a function. */
  config(): serialization.ConfigDict {
    if (typeof this.options.eta === 'function') {
      throw new InputError(
        `layer "${this.layer}": an eta schedule is a function and cannot be saved; detach the compensator before saving the model`,
      );
    }
    return JSON.parse(JSON.stringify(this.options)) as serialization.ConfigDict;
  }

  dispose(): void {
    for (const weight of this.weights) weight.dispose();
  }
}

/** A saved layer brings the seed of its W_a along; everything else is what `surge` takes. */
export function checkSaved({ seed, ...options }: SeededSurge, layer: string): void {
  if (!Number.isInteger(seed)) {
    throw new InputError(
      `layer "${layer}": the compensator needs a whole number as seed, got ${seed}; attachCompensator(model, surge({...})) takes care of it`,
    );
  }
  surge(options);
}
