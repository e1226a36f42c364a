/** GELU as a layer. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { baseOptions, registerOnce, type BaseOptions, type LayerShape } from '@surge-bnn/core';
import { elementwise } from '@surge-bnn/runtime';
import { gelu as geluOp } from '../ops/gelu.js';

/** @see {@link gelu} */
export class Gelu extends tfl.layers.Layer {
  static readonly className = 'SurgeGelu';

  override call(inputs: Tensor | Tensor[]): Tensor {
    return geluOp(Array.isArray(inputs) ? inputs[0] : inputs);
  }

  /** By the runtime's function, which rounds once. */
  canonicalCall([x]: readonly Tensor[]): Tensor {
    return tf.tensor(x.dataSync<'float32'>().map(elementwise.gelu), x.shape);
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShape;
  }
}

/** y = x Phi(x), exactly (erf). */
export function gelu(options: BaseOptions = {}): Gelu {
  registerOnce(Gelu);
  return new Gelu(baseOptions(options, 'gelu'));
}
