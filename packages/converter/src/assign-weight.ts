/** Giving a layer a weight exactly. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';

/** Not `weight.write`: that applies the layer's constraint (a norm, a range), which would change the value. */
export function assignWeight(weight: tfl.LayerVariable, value: Tensor): void {
  const variable = weight.read();
  if (!(variable instanceof tf.Variable)) throw new Error(`"${weight.name}" is no variable`);
  variable.assign(value);
}
