/** The sentence encoder as a network to train: pairs, heads and binary versions against plain float64 loops, weights handed on, and what is refused. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {
  attachCompensator,
  BinaryLayer,
  detachCompensator,
  leafLayers,
  startInputs,
  summarize,
  surge,
} from '@surge-bnn/core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { bert, textInputs, type Texts } from '../network/bert.js';
import { expectClose, expectNoLeak, randomize } from '../testing/numbers.fixture.js';
import { plainAttention, plainLayerNorm, type Rows } from '../testing/plain-bert.fixture.js';
import { binaryAttention, binaryLinear, type BinaryKind } from '../testing/plain-binary.fixture.js';
import { smallEncoder } from '../testing/small-encoder.fixture.js';
import { copyWeights, loadTensors, networkWeights } from '../weights/load.js';
import { readSafetensors, writeSafetensors, type Weights } from '../weights/safetensors.js';
import { loadSentenceWeights, sentenceSizes } from './file.js';
import { sentenceNetwork, type SentenceNetwork } from './network.js';
import type { SentenceHead, SentenceOptions } from './options.js';

beforeAll(() => tf.setBackend('cpu'));

const file = readSafetensors(writeSafetensors(smallEncoder()), 'f');
const still = { ...sentenceSizes(file), dropout: 0, attentionDropout: 0 };
const scores: SentenceHead = { kind: 'classifier', labels: 3 };

/** Pairs of 2 + 3 pieces, and of none + 1 and padding. */
const pairs: Texts = {
  ids: Int32Array.from([1, 5, 8, 3, 2, 4, 0, 0, 0, 0]),
  types: Int32Array.from([0, 0, 1, 1, 1, 1, 0, 0, 0, 0]),
  mask: Int32Array.from([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]),
  count: 2,
  length: 5,
};
const singles: Texts = { ...pairs, types: new Int32Array(10) };

/** Hidden states and the sentence's tanh, of one sentence, on the tensors of `networkWeights`. */
function plain(
  tensors: ReadonlyMap<string, Weights>,
  ids: readonly number[],
  kind?: BinaryKind,
): { states: Rows[]; bent: number[] } {
  const tensor = (name: string): Weights => {
    const found = tensors.get(name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };
  const float = (name: string, x: Rows): Rows => {
    const { shape, values } = tensor(`${name}.weight`);
    const bias = tensor(`${name}.bias`).values;
    return x.map((row) =>
      Array.from(bias, (b, o) => row.reduce((sum, v, i) => sum + v * values[o * shape[1] + i], b)),
    );
  };
  const linear = (name: string, x: Rows): Rows =>
    kind === undefined
      ? float(name, x)
      : binaryLinear(tensor, name, kind, name.endsWith('conv2'), x);
  const norm = (name: string, x: Rows): Rows =>
    x.map((row) =>
      plainLayerNorm(row, tensor(`${name}.weight`).values, tensor(`${name}.bias`).values, 1e-6),
    );
  const add = (a: Rows, b: Rows): Rows => a.map((row, i) => row.map((v, j) => v + b[i][j]));
  const all = ids.map(() => 1);
  const table = tensor('embeddings.weight').values;
  let x: Rows = ids.map((id, p) => {
    const times = still.timescales.map((t) => p * t);
    return [...times.map(Math.sin), ...times.map(Math.cos)].map(
      (v, i) => 2 * table[4 * id + i] + v,
    );
  });
  const states = [x];
  for (const layer of ['layer0', 'layer1']) {
    const normed = norm(`${layer}.attn_norm`, x);
    const operands = ['query', 'key', 'value'].map((one) => linear(`${layer}.attn.${one}`, normed));
    const context =
      kind === undefined
        ? plainAttention(operands[0], operands[1], operands[2], all, 4)
        : binaryAttention(tensor, `${layer}.attn`, kind, 4, operands, all);
    const shortcut = layer === 'layer0' ? float('layer0.residual_dense', x) : x;
    const middle = add(shortcut, linear(`${layer}.attn.out`, context));
    const inner = linear(`${layer}.ffn.conv1`, norm(`${layer}.ffn_norm`, middle));
    const bent = inner.map((row) => row.map((u) => Math.max(0, u)));
    x = add(middle, linear(`${layer}.ffn.conv2`, bent));
    states.push(x);
  }
  const mean = states[2].reduce(
    (sum, row) => sum.map((v, i) => v + row[i] / ids.length),
    new Array<number>(8).fill(0),
  );
  return { states, bent: float('pool.dense', [mean])[0].map(Math.tanh) };
}

/** Of length sqrt(8), the number of entries. */
function sized(bent: readonly number[]): number[] {
  const length = Math.sqrt(bent.reduce((sum, v) => sum + v * v, 0));
  return bent.map((v) => (v / length) * Math.sqrt(8));
}

function logitsOf(tensors: ReadonlyMap<string, Weights>, features: readonly number[]): number[] {
  const [weight, bias] = ['weight', 'bias'].map((name) => tensors.get(`classifier.${name}`));
  if (weight === undefined || bias === undefined) throw new Error('no classifier');
  return Array.from(bias.values, (b, o) =>
    features.reduce((sum, v, i) => sum + v * weight.values[o * weight.shape[1] + i], b),
  );
}

function statesOf({ model, hiddenStates }: SentenceNetwork, batch: Texts): Tensor[] {
  const all = tfl.model({ inputs: model.inputs, outputs: [...hiddenStates] });
  return all.apply(textInputs(batch)) as Tensor[];
}

const optionsOf = (kind: BinaryKind | undefined): Partial<SentenceOptions> => {
  if (kind === undefined) return {};
  return kind === 'two-bit' ? { method: 'bit', inputs: kind } : { method: kind };
};

describe.each([undefined, 'bibert', 'bit', 'two-bit'] as const)('method %s', (kind) => {
  it('has the plain one’s hidden states; a sentence of a pair those that it has alone', () => {
    const made = sentenceNetwork({ ...still, ...optionsOf(kind), pairs: true }, { head: scores });
    randomize(made.model, 5);
    const tensors = networkWeights(made);
    tf.tidy(() => {
      const found = statesOf(made, pairs);
      for (const [row, begin, ids] of [
        [0, 0, [1, 5]],
        [0, 2, [8, 3, 2]],
        [1, 0, [4]],
      ] as const) {
        plain(tensors, ids, kind).states.forEach((expected, i) => {
          const own = tf.slice(found[i], [row, begin, 0], [1, ids.length, expected[0].length]);
          expectClose(own, expected.flat(), 1e-5, `text ${row} from ${begin}, state ${i}:`);
        });
      }
    });
    made.dispose();
  });

  it('scores one sentence by its vector', () => {
    const made = sentenceNetwork({ ...still, ...optionsOf(kind) }, { head: scores });
    randomize(made.model, 2);
    const tensors = networkWeights(made);
    tf.tidy(() => {
      const logits = made.model.apply(textInputs(singles)) as Tensor;
      const expected = [[1, 5, 8, 3, 2], [4]].flatMap((ids) =>
        logitsOf(tensors, sized(plain(tensors, ids, kind).bent)),
      );
      expectClose(logits, expected, 2e-5);
    });
    made.dispose();
  });
});

describe('a pair', () => {
  it('is scored by [u, v, |u - v|, u v]; a sentence without a piece has the vector of its bias', () => {
    const made = sentenceNetwork({ ...still, pairs: true }, { head: scores });
    randomize(made.model, 3);
    const tensors = networkWeights(made);
    const bias = [...(tensors.get('pool.dense.bias')?.values ?? [])].map(Math.tanh);
    const of = (...ids: number[]) => sized(plain(tensors, ids).bent);
    tf.tidy(() => {
      const logits = made.model.apply(textInputs(pairs)) as Tensor;
      // The second text is the sentence [4] as its second; its first one is empty.
      const swapped = { ...pairs, types: Int32Array.from([0, 0, 1, 1, 1, 1, 0, 0, 0, 0]) };
      const expected = [
        [of(1, 5), of(8, 3, 2)],
        [sized(bias), of(4)],
      ].flatMap(([u, v]) => {
        const features = [
          ...u,
          ...v,
          ...u.map((a, i) => Math.abs(a - v[i])),
          ...u.map((a, i) => a * v[i]),
        ];
        return logitsOf(tensors, features);
      });
      expectClose(logits, expected, 2e-5);
      expect((made.model.apply(textInputs(swapped)) as Tensor).dataSync()).toEqual(
        logits.dataSync(),
      );
    });
    made.dispose();
  });

  it('leaves no tensor behind, nor does its gradient', () => {
    expectNoLeak(() => {
      const made = sentenceNetwork(
        { ...sentenceSizes(file), method: 'bit', pairs: true },
        { head: scores },
      );
      const inputs = textInputs(pairs);
      startInputs(made.model, () => made.model.apply(inputs) as Tensor);
      tf.tidy(() => {
        const { grads } = tf.variableGrads(() =>
          tf.mean<tf.Scalar>(tf.square(made.model.apply(inputs, { training: true }) as Tensor)),
        );
        // Every weight learns.
        expect(Object.keys(grads)).toHaveLength(made.model.trainableWeights.length);
        for (const [name, gradient] of Object.entries(grads)) {
          expect(Number.isFinite(tf.sum(gradient).dataSync()[0]), name).toBe(true);
        }
      });
      tf.dispose(inputs);
      made.dispose();
      made.dispose();
    });
  });
});

describe('SURGE', () => {
  it('goes on query, key, value, out and both feed-forward layers of each layer', () => {
    const made = sentenceNetwork({ ...still, method: 'bit' }, { head: scores, length: 5 });
    const before = made.model.countParams();
    attachCompensator(made.model, surge({ eta: 0.1 }));
    const found = leafLayers(made.model)
      .filter((layer) => layer instanceof BinaryLayer && layer.compensator !== undefined)
      .map(({ name }) => name);
    const each = ['attn.query', 'attn.key', 'attn.value', 'attn.out', 'ffn.conv1', 'ffn.conv2'];
    expect(new Set(found)).toEqual(
      new Set([0, 1].flatMap((i) => each.map((name) => `layer${i}.${name}`))),
    );
    expect(made.model.countParams() - before).toBe(3 * 16 + 32 + 2 * 96 + (4 * 64 + 2 * 96));
    detachCompensator(made.model);
    made.dispose();
  });
});

describe('weights', () => {
  it('come from the file, and go from a float network to a binary one, which starts its own scales', () => {
    const teacher = sentenceNetwork(still, { head: scores, seed: 1 });
    const loaded = loadSentenceWeights(teacher, file, 'f');
    expect(loaded).toEqual({ kept: ['classifier.weight', 'classifier.bias'], unused: [] });
    const student = sentenceNetwork({ ...still, method: 'bit' }, { head: scores, seed: 2 });
    const { kept, unused } = copyWeights(teacher, student);
    expect(unused).toEqual([]);
    expect(kept).toHaveLength(2 * (6 + 6 + 4));
    for (const [name, { values }] of networkWeights(teacher)) {
      expect(networkWeights(student).get(name)?.values, name).toEqual(values);
    }
    const inputs = textInputs(singles);
    const started = startInputs(student.model, () => student.model.apply(inputs) as Tensor);
    expect(started).toHaveLength(2 * 7);
    for (const made of [teacher, student]) made.dispose();
  });

  it('come back from a file of the network’s own names', () => {
    const made = sentenceNetwork({ ...still, method: 'bit' }, { head: scores });
    randomize(made.model, 4);
    const again = sentenceNetwork({ ...still, method: 'bit' }, { head: scores });
    const written = readSafetensors(writeSafetensors(networkWeights(made)), 'own');
    expect(loadTensors(again, written, { where: 'own' })).toEqual({ kept: [], unused: [] });
    expect(networkWeights(again)).toEqual(networkWeights(made));
    made.dispose();
    again.dispose();
  });

  it('come as numbers, too, which are copied; those that are not finite or not as many as the shape has are refused', () => {
    const made = sentenceNetwork(still, { head: scores, seed: 1 });
    const again = sentenceNetwork(still, { head: scores, seed: 2 });
    const given = networkWeights(made);
    loadTensors(again, given);
    for (const { values } of given.values()) values.fill(7);
    expect(networkWeights(again)).toEqual(networkWeights(made));
    const bias = 'pool.dense.bias';
    const { shape, values } = networkWeights(made).get(bias) ?? { shape: [], values: [] };
    const wrong = (own: Float32Array) => () =>
      loadTensors(again, networkWeights(made).set(bias, { shape, values: own }), { where: 'own' });
    expect(wrong(Float32Array.from(values, (v, i) => (i === 1 ? NaN : v)))).toThrow(
      `own: "${bias}" holds NaN at entry 1; weights are finite numbers`,
    );
    expect(wrong(new Float32Array(1))).toThrow(
      `own: "${bias}" has 1 numbers, but the shape [${shape.join()}] takes ${values.length}`,
    );
    made.dispose();
    again.dispose();
  });

  it('do not go to another kind of network, nor from a file of other sizes', () => {
    const made = sentenceNetwork(still, { head: scores });
    const sizes = { width: 4, heads: 1, ffn: 4, vocabulary: 9 };
    const other = bert({ ...sizes, layers: 1 }, { head: scores });
    expect(() => copyWeights(made, other)).toThrow(
      'a network of kind bert cannot have the weights of a sentence-encoder',
    );
    const deeper = bert({ ...sizes, layers: 2 }, { head: scores });
    expect(() => copyWeights(deeper, other)).toThrow(
      'the other network has 2 layers and this one 1; it can have the weights of one with as many layers',
    );
    const wider = sentenceNetwork({ ...still, ffn: 13 }, { head: scores });
    expect(() => loadSentenceWeights(wider, file, 'f')).toThrow(
      'f: the network has other sizes or timescales than the file',
    );
    const slower = sentenceNetwork({ ...still, timescales: [1, 0.5] }, { head: scores });
    expect(() => loadSentenceWeights(slower, file, 'f')).toThrow('other sizes or timescales');
    for (const one of [made, other, deeper, wider, slower]) one.dispose();
  });
});

it('summarize counts linears and attention', () => {
  const made = sentenceNetwork({ ...still, method: 'bit' }, { head: scores, length: 5 });
  const { total } = summarize(made.model);
  const linears = 5 * (3 * 16 + 32 + 2 * 96 + (4 * 64 + 2 * 96));
  expect(total.binaryMacs).toBe(linears + 2 * 25 * (4 + 8));
  expect(total.floatMacs).toBe(5 * 32 + 64 + 24);
  made.dispose();
});

describe('what cannot be', () => {
  it.each<[Partial<SentenceOptions>, string]>([
    [{ widths: [4] }, 'widths must be of the embeddings and of at least one layer, got [4]'],
    [{ heads: 3 }, 'heads must be a divisor of the width 4, got 3'],
    [{ timescales: [1] }, "timescales must have 2 entries, half of the embeddings' width, got 1"],
    [{ timescales: [1, NaN] }, 'timescales must be finite numbers'],
    [{ ffn: 0.5 }, 'ffn must be a whole number >= 1, got 0.5'],
    [{ dropout: 1 }, 'dropout must be at least 0 and below 1, got 1'],
    [{ epsilon: 0 }, 'epsilon must be a number above 0, got 0'],
    [{ pairs: 1 as never }, 'pairs must be true or false, got 1'],
    [
      { inputs: 'real' },
      'sentenceNetwork: without a binary method inputs cannot be real alone; set method to bibert or bit, or leave inputs out',
    ],
    [
      { method: 'bibert', inputs: 'two-bit' },
      'set method to bit, or leave inputs out, got method bibert',
    ],
    [{ hidden: 3 } as object, 'unknown option of sentenceNetwork "hidden"'],
  ])('%j', (options, message) => {
    expect(() => sentenceNetwork({ ...still, ...options }, { head: scores })).toThrow(message);
  });

  it('is a pair where single ones were expected, a third sentence, a text that is too long', () => {
    const single = sentenceNetwork(still, { head: { kind: 'vector' } });
    expect(() => single.model.apply(textInputs(pairs))).toThrow(
      'a text is a pair of sentences, but the network was built for single ones; build it with pairs: true',
    );
    const both = sentenceNetwork({ ...still, pairs: true, positions: 2 }, { head: scores });
    expect(() => both.model.apply(textInputs(pairs))).toThrow(
      'layer "position": a text has 5 pieces, but there are 2 positions for each sentence',
    );
    const three = { ...pairs, types: Int32Array.from([0, 1, 2, 2, 2, 0, 0, 0, 0, 0]) };
    const open = sentenceNetwork({ ...still, pairs: true }, { head: scores });
    expect(() => open.model.apply(textInputs(three))).toThrow('the type 2 is not among the 2');
    expect(() => sentenceNetwork({ ...still, pairs: true }, { head: { kind: 'vector' } })).toThrow(
      'a pair has two vectors',
    );
    expect(() => sentenceNetwork(still, { head: scores, length: 129 })).toThrow('at most 128');
    for (const one of [single, both, open]) one.dispose();
  });
});
