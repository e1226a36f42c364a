/**
 * Activations in canonical arithmetic. A relu is exact and a prelu rounds once on any backend; all others go
 * through the runtime's functions, so that exp and the order of a softmax's sum are the same everywhere.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { elementwise } from '@surge-bnn/runtime';
import { cannotEvaluate, configOf, refuseOtherAxis } from './layer-parts.js';
import type { Layer } from './layer-parts.js';
import type { Rule } from './rule.js';

/** By the names of TF.js. */
const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  linear: (x) => x.clone(),
  relu: (x) => tf.relu(x),
  relu6: (x) => clipTo(x, 0, 6),
  sigmoid: (x) => mapped(x, elementwise.sigmoid),
  tanh: (x) => mapped(x, elementwise.tanh),
  softmax,
};

/** Applies the layer's own `activation` to what it has computed. */
export function ownActivation(layer: Layer, y: Tensor): Tensor {
  const name = configOf(layer)['activation'] ?? 'linear';
  const known = typeof name === 'string' && Object.hasOwn(activations, name);
  if (known) return activations[name](y);
  throw cannotEvaluate(
    layer,
    `its activation is ${JSON.stringify(name)}; allowed: ${Object.keys(activations).join(', ')}`,
  );
}

export const activationLayer: Rule = (layer, [x]) => ownActivation(layer, x);

export const reluLayer: Rule = (layer, [x]) => {
  const { maxValue } = configOf(layer);
  return typeof maxValue === 'number' ? clipTo(x, 0, maxValue) : tf.relu(x);
};

/** With alpha as the float32 that a model file keeps. */
export const leakyReluLayer: Rule = (layer, [x]) =>
  tf.prelu(x, tf.scalar(Number(configOf(layer)['alpha'])));

export const softmaxLayer: Rule = (layer, [x]) => {
  refuseOtherAxis(layer, x);
  return softmax(x);
};

function clipTo(x: Tensor, low: number, high: number): Tensor {
  return mapped(x, (value) => elementwise.clip(value, low, high));
}

function mapped(x: Tensor, f: (value: number) => number): Tensor {
  return tf.tensor(x.dataSync<'float32'>().map(f), x.shape);
}

/** Over the last axis. */
function softmax(x: Tensor): Tensor {
  const values = x.dataSync<'float32'>();
  const y = new Float32Array(values.length);
  const length = x.shape[x.rank - 1];
  for (let from = 0; from < values.length; from += length) {
    elementwise.softmax(values, from, length, y);
  }
  return tf.tensor(y, x.shape);
}
