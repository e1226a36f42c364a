/** Dropout in a network: masks by step, so that a training that goes on after a stop has those that it would have had. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { bert, textInputs } from '../network/bert.js';
import { dropout } from './dropout.js';
import { setStep } from './random-layer.js';

beforeAll(() => tf.setBackend('cpu'));

const run = (model: tfl.LayersModel, inputs: Tensor | Tensor[], training: boolean) =>
  tf.tidy(() => (model.apply(inputs, { training }) as Tensor).dataSync<'float32'>().slice());

it('drops in training alone, and drops the same in the backward', () => {
  const model = tfl.sequential({ layers: [dropout({ rate: 0.5, seed: 3, inputShape: [50] })] });
  const x = tf.ones([4, 50]);
  expect(new Set(run(model, x, false))).toEqual(new Set([1]));
  expect(new Set(run(model, x, true))).toEqual(new Set([0, 2]));
  setStep(model, 7);
  const y = run(model, x, true);
  setStep(model, 7);
  const dx = tf.grad((t: Tensor) => model.apply(t, { training: true }) as Tensor)(x);
  expect(dx.dataSync()).toEqual(y);
});

it.each(['none', 'bibert', 'bit'] as const)('repeats by the step in a BERT, %s', (method) => {
  const { model } = bert(
    {
      layers: 1,
      width: 8,
      heads: 2,
      ffn: 8,
      vocabulary: 5,
      positions: 4,
      activation: 'relu',
      dropout: 0.3,
      attentionDropout: 0.3,
      method,
    },
    { head: { kind: 'classifier', labels: 3 } },
  );
  const inputs = textInputs({
    ids: Int32Array.from([1, 2, 3, 4]),
    types: new Int32Array(4),
    mask: new Int32Array(4).fill(1),
    count: 1,
    length: 4,
  });
  setStep(model, 5);
  // Two micro-batches of one step draw two masks.
  const [first, second] = [run(model, inputs, true), run(model, inputs, true)];
  setStep(model, 6);
  const later = run(model, inputs, true);
  setStep(model, 5);
  expect([run(model, inputs, true), run(model, inputs, true)]).toEqual([first, second]);
  expect(second).not.toEqual(first);
  expect(later).not.toEqual(first);
  expect(run(model, inputs, false)).toEqual(run(model, inputs, false));
  model.dispose();
});
