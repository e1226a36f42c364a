/** BERT, float and binary, on every backend: outputs and gradients are those of TF.js's CPU backend, where each op is composed. */
import { attachCompensator, startInputs, surge } from '@surge-bnn/core';
import { bert, setStep, textInputs, type BertOptions } from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';

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

/** Logits, then the gradients of their weighted sum, by weight. */
function run({ name: _, ...options }: (typeof cases)[number]): Map<string, Float32Array> {
  const head = { kind: 'classifier', labels: 3 } as const;
  const network = bert({ ...sizes, ...options, dropout: 0.1 }, { head, seed: 4 });
  network.model.weights.forEach((w, i) => {
    // Away from the initial 0.02, where signs would hang on the last bit of the sums.
    const drawn = tf.randomNormal(w.shape.map(Number), 0, 0.3, 'float32', i + 1);
    const isFactor = /gamma|[sS]cale$/.test(w.originalName);
    const value = isFactor ? tf.add(tf.abs(drawn), 0.5) : drawn;
    w.write(value);
    tf.dispose([drawn, value]);
  });
  if (options.method !== undefined)
    attachCompensator(network.model, surge({ eta: 0.2 }), { seed: 3 });
  const found = new Map<string, Float32Array>();
  tf.tidy(() => {
    const inputs = textInputs(texts);
    const logits = (training: boolean) => network.model.apply(inputs, { training }) as tf.Tensor;
    const along = tf.tensor2d([1, -2, 0.5, 0.25, 1, -1, 2, -0.5, 1], [3, 3]);
    const { grads } = tf.variableGrads(() => tf.sum<tf.Scalar>(tf.mul(logits(true), along)));
    found.set('logits', logits(false).dataSync<'float32'>().slice());
    Object.values(grads).forEach((gradient, i) => {
      found.set(`gradient ${i} [${gradient.shape}]`, gradient.dataSync<'float32'>().slice());
    });
  });
  network.dispose();
  return found;
}

const expected = new Map<string, Map<string, Float32Array>>();

describe.each(backends)('on %s', (backend) => {
  it.each(cases)('$name', async (options) => {
    let wanted = expected.get(options.name);
    if (wanted === undefined) {
      await use('cpu');
      wanted = run(options);
      expected.set(options.name, wanted);
    }
    await use(backend);
    const found = run(options);
    expect([...found.keys()]).toEqual([...wanted.keys()]);
    for (const [name, values] of wanted) {
      const scale = Math.max(1e-3, ...values.map(Math.abs));
      const own = found.get(name) ?? new Float32Array();
      const worst = values.reduce((most, v, i) => Math.max(most, Math.abs(own[i] - v)), 0);
      expect(worst / scale, name).toBeLessThan(2e-4);
    }
  });
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
