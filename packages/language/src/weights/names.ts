/** Which variable of a network is which tensor of a Hugging Face file: layers have the names of the modules there. */
import * as tf from '@tensorflow/tfjs-core';
import { BinaryLayer, ChannelBias, LayerNorm, leafLayers, type Model } from '@surge-bnn/core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { PlaceEmbedding } from '../layers/place-embedding.js';
import { WordEmbedding } from '../layers/word-embedding.js';
import type { Weights } from './safetensors.js';

export interface NamedWeight {
  readonly variable: tfl.LayerVariable;
  /** Linear weights: [out, in] in the file, [in, out] here. */
  readonly transposed: boolean;
  /** Of a binarizer: files of float networks have none. */
  readonly ofBinarizer: boolean;
}

/** Every variable of the network but a compensator's, in the order of its layers. */
export function namedWeights(model: Model): Map<string, NamedWeight> {
  const found = new Map<string, NamedWeight>();
  for (const layer of new Set(leafLayers(model))) {
    const auxiliaries = layer instanceof BinaryLayer ? layer.auxiliaries : [];
    for (const variable of layer.weights) {
      if (auxiliaries.includes(variable)) continue;
      const key = variable.originalName.slice(layer.name.length + 1);
      const suffix = suffixOf(layer, key);
      found.set(`${layer.name}${suffix ?? `.${key}`}`, {
        variable,
        transposed: key === 'kernel',
        ofBinarizer: suffix === undefined,
      });
    }
  }
  return found;
}

const ofNorm: Readonly<Record<string, string>> = { gamma: '.weight', beta: '.bias' };
const ofPlaces: Readonly<Record<string, string>> = {
  positions: '.position_embeddings.weight',
  types: '.token_type_embeddings.weight',
};

/** What stands behind the layer's name in files; undefined for a binarizer's numbers, which no float network has. */
function suffixOf(layer: tfl.layers.Layer, key: string): string | undefined {
  if (layer instanceof LayerNorm) return ofNorm[key];
  if (layer instanceof PlaceEmbedding) return ofPlaces[key];
  if (layer instanceof WordEmbedding) return '.weight';
  // A binary layer's bias is a layer of its own, called as the tensor is.
  if (layer instanceof ChannelBias) return '';
  if (key === 'kernel') return '.weight';
  return key === 'bias' ? '.bias' : undefined;
}

/** The shape in the file. */
export function storedShape({ variable, transposed }: NamedWeight): number[] {
  const shape = variable.shape.map(Number);
  return transposed ? shape.reverse() : shape;
}

/** The numbers as the file has them. */
export function weightsOf(weight: NamedWeight): Weights {
  const values = tf.tidy(() => {
    const t = weight.variable.read();
    return (weight.transposed ? tf.transpose(t) : t).dataSync<'float32'>().slice();
  });
  return { shape: storedShape(weight), values };
}

/** Writes the file's numbers, whose shape is right, into the variable. */
export function setWeights(weight: NamedWeight, { shape, values }: Weights): void {
  const value = tf.tidy(() => {
    const t = tf.tensor(values, [...shape]);
    return weight.transposed ? tf.transpose(t) : t;
  });
  weight.variable.write(value);
  value.dispose();
}
