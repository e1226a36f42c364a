/** Canonical evaluation of networks for texts: padding changes no bit, and what is evaluated is what the network computes. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { InputError } from '@surge-bnn/contract';
import { canonicalForward } from '@surge-bnn/core';
import type * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { bert, textInputs, type Texts } from '../network/bert.js';
import type { BertOptions } from '../network/options.js';
import { drawn, expectClose, expectNoLeak, randomize } from '../testing/numbers.fixture.js';
import { plainAttention } from '../testing/plain-bert.fixture.js';
import { selfAttention, type AttentionKind } from './self-attention.js';
import { wordEmbedding } from './word-embedding.js';

beforeAll(() => tf.setBackend('cpu'));

const small: Partial<BertOptions> = {
  layers: 2,
  width: 12,
  heads: 3,
  ffn: 20,
  vocabulary: 17,
  positions: 9,
  activation: 'relu',
};

const networks: [string, Partial<BertOptions>][] = [
  ['float', { method: 'none', activation: 'gelu' }],
  ['bibert', { method: 'bibert', activation: 'gelu' }],
  ['bit', { method: 'bit' }],
  ['bit with real inputs', { method: 'bit', inputs: 'real' }],
];

/** Ids and types of texts of these lengths, whatever stands in the padding. */
function texts(lengths: readonly number[], length: number, seed: number): Texts {
  const some = drawn(2 * lengths.length * length, seed).map((v) => (v + 1) / 2);
  return {
    ids: Int32Array.from(some.slice(0, some.length / 2), (v) => v * 17),
    types: Int32Array.from(some.slice(some.length / 2), (v) => v * 2),
    mask: Int32Array.from(
      lengths.flatMap((n) => Array.from({ length }, (_, i) => (i < n ? 1 : 0))),
    ),
    count: lengths.length,
    length,
  };
}

function evaluated(model: tfl.LayersModel, batch: Texts): Float32Array {
  const inputs = textInputs(batch);
  const y = canonicalForward(model, inputs);
  const values = y.dataSync<'float32'>().slice();
  tf.dispose([y, ...inputs]);
  return values;
}

describe.each(networks)('%s', (_, options) => {
  it('a text has the same bits alone and in any padded batch', () => {
    const { model } = bert({ ...small, ...options }, { head: { kind: 'none' } });
    randomize(model, 5);
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(lengths, fc.nat(1000), (drawnLengths, seed) => {
        const length = Math.min(9, Math.max(...drawnLengths) + (seed % 2));
        const batch = texts(drawnLengths, length, seed);
        const whole = evaluated(model, batch);
        drawnLengths.forEach((own, row) => {
          const part = (values: Int32Array) => values.slice(row * length, row * length + own);
          const [ids, types, mask] = [batch.ids, batch.types, batch.mask].map(part);
          const alone = evaluated(model, { ids, types, mask, count: 1, length: own });
          const from = row * length * 12;
          expect([...whole.subarray(from, from + own * 12)]).toEqual([...alone]);
        });
      }),
      { numRuns: 20 },
    );
  });
});

describe('a layer by itself', () => {
  const [pieces, width, heads] = [7, 12, 3];
  const rows = (seed: number) => tf.tensor3d(drawn(2 * pieces * width, seed), [2, pieces, width]);
  const mask = tf.tidy(() =>
    tf.keep(tf.tensor2d([1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0], [2, pieces], 'int32')),
  );

  function attention(kind: AttentionKind) {
    const layer = selfAttention({ heads, kind });
    const operands = [1, 2, 3].map(rows);
    const y = layer.apply([...operands, mask]) as tf.Tensor;
    layer.setWeights(layer.getWeights().map((_, i) => tf.tensor1d([[0.7, 1.2, 0.9, 0.22][i]])));
    const ordinary = layer.apply([...operands, mask]) as tf.Tensor;
    y.dispose();
    return { layer, operands, ordinary };
  }

  it.each<AttentionKind>(['softmax', 'bibert', 'bit'])('%s attention', (kind) => {
    const { layer, operands, ordinary } = attention(kind);
    const y = tf.tidy(() => layer.canonicalCall([...operands, mask]));
    const keep = tf.tidy(() => tf.mul(ordinary, tf.expandDims(tf.cast(mask, 'float32'), 2)));
    // Rows of padding are nobody's.
    expectClose(y, [...keep.dataSync()], kind === 'bibert' ? 0 : 1e-5, kind);
    expectNoLeak(() => layer.canonicalCall([...operands, mask]).dispose());
  });

  it('attends to a text of padding alone with zeros', () => {
    const { layer, operands } = attention('softmax');
    const y = layer.canonicalCall([...operands, tf.zeros([2, pieces], 'int32')]);
    expect(y.dataSync().every((v) => v === 0)).toBe(true);
  });

  it('softmax attention is that of the plain formulas', () => {
    const { layer, operands } = attention('softmax');
    const y = layer.canonicalCall([...operands, mask]);
    const [q, k, v] = operands.map((t) => t.arraySync());
    const masks = mask.arraySync();
    const expected = [0, 1].flatMap((n) =>
      plainAttention(q[n], k[n], v[n], masks[n], heads).flatMap((row, i) =>
        row.map((value) => (masks[n][i] === 0 ? 0 : value)),
      ),
    );
    expectClose(y, expected, 1e-6);
  });

  it('refuses a mask for each query, which it would read as one of rows', () => {
    const layer = selfAttention({ name: 'core', heads });
    const operands = [1, 2, 3].map(rows);
    const each = tf.ones([2, pieces, pieces], 'int32');
    layer.apply([...operands, each]);
    expect(() => layer.canonicalCall([...operands, each])).toThrow(
      new InputError(
        'layer "core": attention with a mask for each query has no canonical evaluation; give it a mask [batch, length]',
      ),
    );
  });

  it('a NaN at a sign is an error that names the layer', () => {
    const layer = selfAttention({ name: 'core', heads, kind: 'bibert' });
    const operands = [1, 2, 3].map(rows);
    layer.apply([...operands, mask]);
    const broken = tf.fill([2, pieces, width], NaN);
    expect(() => layer.canonicalCall([broken, ...operands.slice(1), mask])).toThrow(
      'layer "core": the input holds a NaN',
    );
  });

  it('products with all words are summed in float64 and rounded once', () => {
    const layer = wordEmbedding({ vocabulary: 5, width, seed: 1 });
    const x = rows(4);
    layer.apply(x);
    const y = layer.canonicalCall([x]).dataSync();
    const table = layer.getWeights()[0].dataSync();
    const values = x.dataSync();
    y.forEach((value, at) => {
      let sum = 0;
      for (let c = 0; c < width; c++) {
        sum += values[Math.floor(at / 5) * width + c] * table[(at % 5) * width + c];
      }
      expect(value).toBe(Math.fround(sum));
    });
  });
});

it('refuses inputs of another type or number', () => {
  const { model } = bert(small, { head: { kind: 'classifier', labels: 2 } });
  const inputs = textInputs(texts([3], 3, 1));
  expect(() => canonicalForward(model, inputs.slice(0, 2))).toThrow('got 2 inputs');
  const floats = inputs.map((t) => tf.cast(t, 'float32'));
  expect(() => canonicalForward(model, floats)).toThrow(/takes int32 \[any, any\], got float32/);
});
