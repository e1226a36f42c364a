/** GELU as a layer. */
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { baseOptions, registerOnce, type BaseOptions, type LayerShape } from '@surge-bnn/core';
import { gelu as geluOp } from '../ops/gelu.js';

/** @see {@link gelu} */
export class Gelu extends tfl.layers.Layer {
  static readonly className = 'SurgeGelu';

  override call(inputs: Tensor | Tensor[]): Tensor {
    return geluOp(Array.isArray(inputs) ? inputs[0] : inputs);
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
