/** Walking a model for its layers, nested models included, in the order of their calls. */
import type { Scalar } from '@tensorflow/tfjs-core';
import { add } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { BinaryLayer } from '../layers/binary-layer.js';

/** A model as far as we need one: tf.sequential and tf.model both are. */
export type Model = tfl.LayersModel;

/** Every layer of the model that is not itself a model. */
export function leafLayers(model: Model): tfl.layers.Layer[] {
  return model.layers.flatMap((layer) => {
    const isModel = 'layers' in layer && Array.isArray(layer.layers);
    return isModel ? leafLayers(layer as Model) : [layer];
  });
}

/** The model's binary layers. */
export function binaryLayers(model: Model): BinaryLayer[] {
  return leafLayers(model).filter((layer) => layer instanceof BinaryLayer);
}

/**
 * The sum of the terms that the weight binarizers add to the loss at their p (BiPer's first stage), each layer's once;
 * undefined where there is none. Differentiable. `model.fit` adds it by itself.
 */
export function latentPenalty(model: Model): Scalar | undefined {
  const layers = new Set(binaryLayers(model));
  const terms = [...layers].map((layer) => layer.penalty()).filter((term) => term !== undefined);
  return terms.length === 0 ? undefined : terms.reduce((sum, term) => add<Scalar>(sum, term));
}
