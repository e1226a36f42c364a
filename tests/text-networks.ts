/** Networks for texts on every backend: outputs and gradients are those of TF.js's CPU backend, where each op is composed. */
import { attachCompensator, surge } from '@surge-bnn/core';
import { textInputs, type TextNetwork, type Texts } from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';

/** By "logits" and by weight. */
type Numbers = Map<string, Float32Array>;

/**
 * Each case once on the CPU backend and once on every backend.
 *
 * @param run makes the case's network and gives `numbersOf` it.
 */
export function describeOnBackends<Case extends { readonly name: string }>(
  cases: readonly Case[],
  run: (one: Case) => Numbers,
): void {
  const expected = new Map<string, Numbers>();
  describe.each(backends)('on %s', (backend) => {
    it.each(cases)('$name', async (one) => {
      let wanted = expected.get(one.name);
      if (wanted === undefined) {
        await use('cpu');
        wanted = run(one);
        expected.set(one.name, wanted);
      }
      await use(backend);
      const found = run(one);
      expect([...found.keys()]).toEqual([...wanted.keys()]);
      for (const [name, values] of wanted) {
        const scale = Math.max(1e-3, ...values.map(Math.abs));
        const own = found.get(name) ?? new Float32Array();
        const worst = values.reduce((most, v, i) => Math.max(most, Math.abs(own[i] - v)), 0);
        expect(worst / scale, name).toBeLessThan(2e-4);
      }
    });
  });
}

/**
 * Logits of a network with three labels on three texts, then the gradients of their weighted sum, by weight: with drawn weights, and SURGE where it is
 * binary. The network is disposed.
 */
export function numbersOf(network: TextNetwork, texts: Texts, isBinary: boolean): Numbers {
  network.model.weights.forEach((w, i) => {
    // Away from the initial 0.02, where signs would hang on the last bit of the sums.
    const drawn = tf.randomNormal(w.shape.map(Number), 0, 0.3, 'float32', i + 1);
    const isFactor = /gamma|[sS]cale$/.test(w.originalName);
    const value = isFactor ? tf.add(tf.abs(drawn), 0.5) : drawn;
    w.write(value);
    tf.dispose([drawn, value]);
  });
  if (isBinary) attachCompensator(network.model, surge({ eta: 0.2 }), { seed: 3 });
  const found: Numbers = new Map();
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
