/** BERT against a plain float64 implementation, padding, heads, saving as a TF.js model, and what is refused. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { drawn, expectClose, expectNoLeak, randomize } from '../testing/numbers.fixture.js';
import { PlainBert } from '../testing/plain-bert.fixture.js';
import { networkWeights } from '../weights/load.js';
import { bert, textInputs, type Bert, type Texts } from './bert.js';
import type { BertHead, BertOptions } from './options.js';

beforeAll(() => tf.setBackend('cpu'));

const small: Partial<BertOptions> = {
  layers: 2,
  width: 12,
  heads: 3,
  ffn: 20,
  vocabulary: 17,
  positions: 9,
};

/** Texts of these lengths, padded to the longest or to `padded`. */
function texts(lengths: readonly number[], vocabulary: number, padded = 0): Texts {
  const length = Math.max(padded, ...lengths);
  const count = lengths.length;
  const ids = new Int32Array(count * length);
  const types = new Int32Array(count * length);
  const mask = new Int32Array(count * length);
  lengths.forEach((own, row) => {
    for (let i = 0; i < own; i++) {
      const at = row * length + i;
      ids[at] = 1 + ((7 * row + 5 * i + row * i) % (vocabulary - 1));
      types[at] = i > own / 2 ? 1 : 0;
      mask[at] = 1;
    }
  });
  return { ids, types, mask, count, length };
}

function network(options: Partial<BertOptions>, head: BertHead, seed = 3): Bert {
  const made = bert(options, { head, seed });
  randomize(made.model, seed);
  return made;
}

function plain(made: Bert): PlainBert {
  return new PlainBert(networkWeights(made), made.options);
}

/** A model with all hidden states as outputs. */
function states({ model, hiddenStates }: Bert, batch: Texts): Tensor[] {
  const inputs = model.inputs.slice(0, 3);
  const all = tfl.model({ inputs, outputs: [...hiddenStates] });
  return all.apply(textInputs(batch)) as Tensor[];
}

const rowOf = (values: Int32Array, { length }: Texts, row: number) => [
  ...values.subarray(row * length, (row + 1) * length),
];

function expectStates(made: Bert, batch: Texts): void {
  const reference = plain(made);
  tf.tidy(() => {
    const found = states(made, batch);
    for (let row = 0; row < batch.count; row++) {
      const [ids, types, mask] = [batch.ids, batch.types, batch.mask].map((values) =>
        rowOf(values, batch, row),
      );
      reference.hiddenStates(ids, types, mask).forEach((expected, i) => {
        const own = tf.slice(found[i], [row, 0, 0], [1, batch.length, made.options.width]);
        expectClose(own, expected.flat(), 1e-5, `text ${row}, state ${i}:`);
      });
    }
  });
}

describe('hidden states', () => {
  it.each(['gelu', 'relu'] as const)('are those of the plain implementation, %s', (activation) => {
    const made = network({ ...small, activation }, { kind: 'none' });
    expectStates(made, texts([5, 7, 1, 9], 17));
    made.dispose();
  });

  it('are so for any sizes', () => {
    const size = (most: number) => fc.integer({ min: 1, max: most });
    fc.assert(
      fc.property(
        fc.record({ layers: size(2), heads: size(3), each: size(4), ffn: size(7), types: size(3) }),
        fc.array(size(6), { minLength: 1, maxLength: 3 }),
        ({ each, heads, types, ...rest }, lengths) => {
          const made = network(
            {
              ...rest,
              heads,
              width: heads * each + 0,
              types: types + 1,
              vocabulary: 5,
              positions: 6,
            },
            { kind: 'none' },
          );
          // One entry a row has no deviation: layer norm would divide by almost nothing.
          if (heads * each > 1) expectStates(made, texts(lengths, 5));
          made.dispose();
        },
      ),
      { numRuns: 25, seed: 11 },
    );
  });
});

describe('heads', () => {
  it('classify by the pooled first piece', () => {
    const made = network(small, { kind: 'classifier', labels: 3 });
    const batch = texts([4, 6], 17);
    const reference = plain(made);
    tf.tidy(() => {
      const logits = made.model.apply(textInputs(batch)) as Tensor;
      expect(logits.shape).toEqual([2, 3]);
      const expected = [0, 1].flatMap((row) => {
        const [ids, types, mask] = [batch.ids, batch.types, batch.mask].map((values) =>
          rowOf(values, batch, row),
        );
        return reference.logits(reference.hiddenStates(ids, types, mask)[2]);
      });
      expectClose(logits, expected);
    });
    made.dispose();
  });

  it('predict chosen pieces by the words’ own vectors', () => {
    const made = network(small, { kind: 'masked' });
    const batch = { ...texts([4, 6], 17), positions: Int32Array.from([2, 6, 11]) };
    const reference = plain(made);
    tf.tidy(() => {
      const logits = made.model.apply(textInputs(batch)) as Tensor;
      expect(logits.shape).toEqual([3, 1, 17]);
      const last = [0, 1].map((row) => {
        const [ids, types, mask] = [batch.ids, batch.types, batch.mask].map((values) =>
          rowOf(values, batch, row),
        );
        return reference.hiddenStates(ids, types, mask)[2];
      });
      const expected = [last[0][2], last[1][0], last[1][5]].flatMap((v) =>
        reference.predictions(v),
      );
      expectClose(logits, expected);
    });
    made.dispose();
  });

  it('give the table of the words both gradients, of looking up and of predicting', () => {
    const made = network({ ...small, layers: 1, dropout: 0 }, { kind: 'masked' });
    const batch = { ...texts([3], 17), positions: Int32Array.from([1]) };
    const direction = drawn(17, 40);
    tf.tidy(() => {
      const inputs = textInputs(batch);
      const along = () =>
        tf.sum<tf.Scalar>(tf.mul(made.model.apply(inputs) as Tensor, tf.tensor1d(direction)));
      const { grads } = tf.variableGrads(along);
      const key = Object.keys(grads).find((name) => name.includes('word_embeddings')) ?? '';
      const found = grads[key].dataSync();
      const weights = networkWeights(made);
      const table = weights.get('bert.embeddings.word_embeddings.weight');
      if (table === undefined) throw new Error('no table');
      const loss = (values: Float64Array): number => {
        const moved = { shape: table.shape, values: values as unknown as Float32Array };
        const reference = new PlainBert(
          new Map([...weights, ['bert.embeddings.word_embeddings.weight', moved]]),
          made.options,
        );
        const ids = [...batch.ids];
        const last = reference.hiddenStates(ids, [...batch.types], [...batch.mask])[1];
        return reference.predictions(last[1]).reduce((s, v, i) => s + v * direction[i], 0);
      };
      for (const at of [batch.ids[0] * 12 + 3, batch.ids[1] * 12, batch.ids[2] * 12 + 7, 5]) {
        const moved = (by: number) =>
          loss(Float64Array.from(table.values, (v, i) => (i === at ? v + by : v)));
        const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        expect(Math.abs(found[at] - slope), `entry ${at}`).toBeLessThan(1e-4);
      }
    });
    made.dispose();
  });
});

describe('padding', () => {
  it.each(['none', 'bibert', 'bit'] as const)('changes no output, %s', (method) => {
    const options = { ...small, activation: 'relu', method } as const;
    const made = network(options, { kind: 'classifier', labels: 2 });
    tf.tidy(() => {
      const run = (batch: Texts) => (made.model.apply(textInputs(batch)) as Tensor).dataSync();
      const tight = run(texts([5, 5], 17));
      const padded = texts([5, 5], 17, 9);
      // What stands in the padding does not matter either.
      padded.ids.forEach((id, i) => (padded.ids[i] = padded.mask[i] === 0 ? 13 : id));
      expectClose(tf.tensor1d(run(padded)), [...tight], 1e-6);
    });
    made.dispose();
  });

  it('alone makes no NaN', () => {
    const made = network(small, { kind: 'classifier', labels: 2 });
    tf.tidy(() => {
      const batch = texts([3], 17);
      const logits = made.model.apply(textInputs({ ...batch, mask: new Int32Array(3) })) as Tensor;
      expect([...logits.dataSync()].every(Number.isFinite)).toBe(true);
    });
    made.dispose();
  });
});

describe('a network', () => {
  it.each(['none', 'classifier', 'masked'] as const)('frees all of its weights, %s', (kind) => {
    expectNoLeak(() => {
      const made = bert(small, { head: kind === 'classifier' ? { kind, labels: 2 } : { kind } });
      made.dispose();
      made.dispose();
    });
  });

  it.each(['none', 'bibert', 'bit'] as const)('keeps the number of tensors, %s', (method) => {
    const options = { ...small, activation: 'relu', method } as const;
    const made = bert(options, { head: { kind: 'classifier', labels: 2 } });
    const inputs = textInputs(texts([3, 5], 17));
    const step = () => {
      const loss = () =>
        tf.mean<tf.Scalar>(tf.square(made.model.apply(inputs, { training: true }) as Tensor));
      const { value, grads } = tf.variableGrads(loss);
      tf.dispose([value, grads]);
    };
    step();
    expectNoLeak(step);
    made.dispose();
  });

  it('starts from the seed alone, layers by their names', () => {
    const values = (seed: number, layers: number) => {
      const made = bert({ ...small, layers }, { head: { kind: 'none' }, seed });
      const weights = networkWeights(made);
      made.dispose();
      return weights.get('bert.encoder.layer.0.output.dense.weight')?.values;
    };
    expect(values(1, 1)).toEqual(values(1, 2));
    expect(values(1, 1)).not.toEqual(values(2, 1));
    const largest = Math.max(...(values(1, 1) ?? []).map(Math.abs));
    expect(largest).toBeLessThanOrEqual(0.04);
    expect(largest).toBeGreaterThan(0.03);
  });

  it('is saved and loaded as a TF.js model', async () => {
    const made = network({ ...small, activation: 'relu', method: 'bit' }, { kind: 'masked' });
    const json = made.model.toJSON(null, false) as Parameters<typeof tfl.models.modelFromJSON>[0];
    const again = await tfl.models.modelFromJSON(json);
    again.setWeights(made.model.getWeights());
    tf.tidy(() => {
      const inputs = textInputs({ ...texts([4], 17), positions: Int32Array.from([1]) });
      const [a, b] = [made.model, again].map((m) => (m.apply(inputs) as Tensor).dataSync());
      expect(a).toEqual(b);
    });
    again.dispose();
    made.dispose();
  });
});

describe('what cannot be', () => {
  it.each<[Partial<BertOptions>, string]>([
    [{ width: 10, heads: 3 }, 'bert: heads must be a divisor of the width 10, got 3'],
    [{ layers: 0 }, 'bert: layers must be a whole number >= 1, got 0'],
    [{ dropout: 1 }, 'bert: dropout must be at least 0 and below 1, got 1'],
    [{ epsilon: 0 }, 'bert: epsilon must be a number above 0, got 0'],
    [{ activation: 'tanh' as never }, 'bert: activation must be gelu or relu, got "tanh"'],
    [{ method: 'bit' }, 'so that activation must be relu, got gelu'],
    [{ inputs: 'real' }, 'without a binary method inputs cannot be real alone'],
    [{ method: 'bit', inputs: 'two-bit' }, 'so that activation must be relu, got gelu'],
    [
      { method: 'bibert', inputs: 'two-bit' },
      "inputs of 2 bits are a step of BiT's distillation; set method to bit, or leave inputs out, got method bibert",
    ],
    [{ hidden: 3 } as object, 'unknown option of bert "hidden"'],
  ])('%j', (options, message) => {
    expect(() => bert(options, { head: { kind: 'none' } })).toThrow(message);
  });

  it('is a text longer than the positions, an id outside of the vocabulary, no label', () => {
    const made = network(small, { kind: 'classifier', labels: 2 });
    const run = (batch: Texts) => () => made.model.apply(textInputs(batch));
    expect(run(texts([10], 17))).toThrow(/a text has 10 pieces, but there are .* 9 positions/);
    const outside = texts([3], 17);
    outside.ids[1] = 17;
    expect(run(outside)).toThrow(
      'layer "bert.embeddings.word_embeddings": the piece 17 is not among the 17 that there are',
    );
    const pairs = texts([4], 17);
    pairs.types[3] = 2;
    expect(run(pairs)).toThrow('layer "bert.embeddings": the type 2 is not among the 2');
    expect(() => bert(small, { head: { kind: 'classifier', labels: 0 } })).toThrow(/head\.labels/);
    expect(() => bert(small, { head: { kind: 'none' }, length: 10 })).toThrow(/at most the 9 pos/);
    const misspelt = { head: { kind: 'none' }, sed: 1 } as const;
    expect(() => bert(small, misspelt)).toThrow('unknown option of bert\'s context "sed"');
    expect(() => bert({ ...made.options }, { head: { kind: 'none' } }).dispose()).not.toThrow();
    made.dispose();
  });
});
