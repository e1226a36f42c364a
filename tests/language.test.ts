/** BERT, float and binary, on every backend: outputs and gradients are those of TF.js's CPU backend, where each op is composed. */
import { attachCompensator, startInputs, surge } from '@surge-bnn/core';
import { bert, setStep, textInputs, type BertOptions } from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { use } from './backends.js';
import { describeOnBackends, numbersOf } from './text-networks.js';

const sizes = { layers: 2, width: 24, heads: 3, ffn: 40, vocabulary: 50, positions: 12 };
const cases: (Partial<BertOptions> & { readonly name: string })[] = [
  { name: 'float, gelu' },
  { name: 'float, relu', activation: 'relu' },
  { name: 'bibert', method: 'bibert' },
  { name: 'bit', method: 'bit', activation: 'relu' },
  { name: 'bit, 2-bit inputs', method: 'bit', inputs: 'two-bit', activation: 'relu' },
];

const texts = {
  ids: Int32Array.from({ length: 36 }, (_, i) => (i * 17) % 50),
  types: Int32Array.from({ length: 36 }, (_, i) => (i % 12 > 6 ? 1 : 0)),
  // The second text fills its row, the first and the third do not.
  mask: Int32Array.from({ length: 36 }, (_, i) =>
    i < 12 ? (i < 7 ? 1 : 0) : i < 24 || i < 33 ? 1 : 0,
  ),
  count: 3,
  length: 12,
};

describeOnBackends(cases, ({ name: _, ...options }) => {
  const head = { kind: 'classifier', labels: 3 } as const;
  const network = bert({ ...sizes, ...options, dropout: 0.1 }, { head, seed: 4 });
  return numbersOf(network, texts, options.method !== undefined);
});

describe('a small network learns whether piece 1 is in a text', () => {
  const [count, length] = [48, 8];
  const ids = Int32Array.from({ length: count * length }, (_, i) => 2 + ((i * 31 + (i >> 3)) % 40));
  const labels = Array.from({ length: count }, (_, row) => row % 2);
  labels.forEach((label, row) => {
    if (label === 1) ids[row * length + (row % length)] = 1;
  });
  const batch = {
    ids,
    types: new Int32Array(count * length),
    mask: new Int32Array(count * length).fill(1),
    count,
    length,
  };

  it.each(cases)('$name, SURGE where it is binary', async ({ name: _, ...options }) => {
    await use('surge-wasm');
    const head = { kind: 'classifier', labels: 2 } as const;
    const network = bert({ ...sizes, ...options, dropout: 0.1 }, { head, seed: 2 });
    const { model } = network;
    const inputs = textInputs(batch);
    const wanted = tf.oneHot(tf.tensor1d(labels, 'int32'), 2);
    const logits = (training: boolean) => model.apply(inputs, { training }) as tf.Tensor;
    startInputs(model, () => logits(false));
    if (options.method !== undefined) attachCompensator(model, surge({ eta: 0.1 }));
    const optimizer = tf.train.adam(3e-3);
    for (let step = 0; step < 80; step++) {
      setStep(model, step);
      optimizer.minimize(() => tf.losses.softmaxCrossEntropy(wanted, logits(true)));
    }
    const right = tf.tidy(() =>
      tf.sum(tf.equal(tf.argMax(logits(false), 1), tf.tensor1d(labels, 'int32'))).dataSync(),
    );
    expect(right[0]).toBeGreaterThanOrEqual(0.9 * count);
    optimizer.dispose();
    tf.dispose([inputs, wanted]);
    network.dispose();
  });
});
