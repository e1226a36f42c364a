/** Networks for texts beside their packed graphs: canonical evaluation of a padded batch, and each text alone through the packed one, bit for bit. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { canonicalForward } from '@surge-bnn/core';
import type { BertHead, BertOptions } from '@surge-bnn/language';
import { beforeAll, describe, expect, it } from 'vitest';
import { lowerText } from './lower-text.js';
import { alone, drawnBert, drawnTexts, runPacked, withInputs } from './texts.fixture.js';

beforeAll(() => tf.setBackend('cpu'));

const networks: [string, Partial<BertOptions>][] = [
  ['float, gelu', { method: 'none', activation: 'gelu' }],
  ['float, relu', { method: 'none', activation: 'relu' }],
  ['bibert, gelu', { method: 'bibert', activation: 'gelu' }],
  ['bibert, relu', { method: 'bibert', activation: 'relu' }],
  ['bit', { method: 'bit', activation: 'relu' }],
  ['bibert, inputs real', { method: 'bibert', inputs: 'real', activation: 'gelu' }],
  ['bit, inputs real', { method: 'bit', inputs: 'real', activation: 'gelu' }],
  [
    'bibert, one head of 37',
    { method: 'bibert', width: 37, heads: 1, ffn: 65, activation: 'relu' },
  ],
  ['bit, 5 heads of 7', { method: 'bit', width: 35, heads: 5, ffn: 33, activation: 'relu' }],
];

describe.each(networks)('%s', (_, options) => {
  it.each<[string, BertHead]>([
    ['a classifier', { kind: 'classifier', labels: 3 }],
    ['hidden states', { kind: 'none' }],
  ])('with %s: packed texts have the bits of the evaluated batch', (__, head) => {
    const network = drawnBert(options, head, 7);
    const lowered = lowerText(network.model);
    const texts = drawnTexts([14, 9, 1, 2], 14, 3);
    const whole = withInputs(texts, (inputs) => canonicalForward(network.model, inputs));
    const each = whole.size / texts.count / (head.kind === 'none' ? texts.length : 1);
    const values = whole.dataSync();
    for (let row = 0; row < texts.count; row++) {
      const text = alone(texts, row);
      const from = row * each * (head.kind === 'none' ? texts.length : 1);
      const expected = values.subarray(
        from,
        from + each * (head.kind === 'none' ? text.length : 1),
      );
      const single = withInputs(text, (inputs) => canonicalForward(network.model, inputs));
      expect(Array.from(single.dataSync())).toEqual(Array.from(expected));
      single.dispose();
      for (const kernels of ['reference', 'wasm'] as const) {
        const found = runPacked(lowered, text, { kernels });
        expect(Array.from(found)).toEqual(Array.from(expected));
      }
    }
    whole.dispose();
    network.dispose();
  });
});
