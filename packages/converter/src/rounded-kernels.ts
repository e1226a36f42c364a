/** A trained model with the kernels of its float layers rounded to float16, for as long as that is needed. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { BinaryLayer, leafLayers } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { halfValue } from '@surge-bnn/runtime';
import { assignWeight } from './assign-weight.js';
import { halfBits } from './half.js';

export class RoundedKernels {
  private readonly saved: { readonly weight: tfl.LayerVariable; readonly value: Tensor }[] = [];

  /** Rounds what `floatWeights: 'f16'` rounds: kernels of float layers; biases and batch norms stay. */
  constructor(model: Model) {
    for (const layer of new Set(leafLayers(model))) {
      if (layer instanceof BinaryLayer) continue;
      for (const weight of layer.weights) {
        if (!/kernel$/.test(weight.originalName)) continue;
        const value = tf.clone(weight.read());
        this.saved.push({ weight, value });
        const rounded = Float32Array.from(value.dataSync(), (w) => halfValue(halfBits(w)));
        const tensor = tf.tensor(rounded, value.shape);
        assignWeight(weight, tensor);
        tensor.dispose();
      }
    }
  }

  /** The weights as they were. */
  restore(): void {
    for (const { weight, value } of this.saved.splice(0)) {
      assignWeight(weight, value);
      value.dispose();
    }
  }
}
