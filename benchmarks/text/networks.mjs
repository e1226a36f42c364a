/** The measured networks, with weights as a training leaves them. */
import { randomStream } from '@surge-bnn/data';
import { bert } from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';

const sizes = {
  'bert-4x256': { layers: 4, width: 256, heads: 4, ffn: 1024 },
  'bert-base': { layers: 12, width: 768, heads: 12, ffn: 3072 },
};

/** How each kind is built: BiBERT as published with GELU, BiT with ReLU, the float twin as BERT was. */
const methods = {
  float: { method: 'none', activation: 'gelu' },
  bibert: { method: 'bibert', activation: 'gelu' },
  bit: { method: 'bit', activation: 'relu' },
};

export const networks = Object.keys(sizes);
export const kinds = Object.keys(methods);
export const classes = ['negative', 'positive'];

/** Initial weights, and biases, layer norms and thresholds that are not all the same. Time does not depend on them. */
export function buildNetwork(name, kind, vocabulary) {
  const options = { ...sizes[name], ...methods[kind], vocabulary, dropout: 0, attentionDropout: 0 };
  const made = bert(options, { head: { kind: 'classifier', labels: classes.length }, seed: 1 });
  const random = randomStream(1, `benchmark/${name}/${kind}`);
  for (const weight of made.model.weights) {
    const key = weight.originalName.split('/').at(-1);
    if (!['gamma', 'beta', 'bias', 'inputShift'].includes(key)) continue;
    const { size, shape } = weight.read();
    const about = key === 'gamma' ? 1 : 0;
    const values = Float32Array.from({ length: size }, () => about + 0.1 * random.normal());
    const moved = tf.tensor(values, shape);
    weight.write(moved);
    moved.dispose();
  }
  return made;
}
