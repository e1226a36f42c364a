/** The sentence encoder against plain float64 loops on a small file of its kind, its segmentation against trying all, and what is refused. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose, expectNoLeak } from '../testing/numbers.fixture.js';
import { plainAttention, plainLayerNorm, type Rows } from '../testing/plain-bert.fixture.js';
import { smallEncoder } from '../testing/small-encoder.fixture.js';
import { readSafetensors, writeSafetensors, type Weights } from '../weights/safetensors.js';
import { sentenceEncoder } from './encoder.js';
import { Unigram } from './unigram.js';

beforeAll(() => tf.setBackend('cpu'));

const vocabulary: [string, number | null][] = [
  ['<unk>', 0],
  ['\u2581', -2],
  ['\u2581a', -3],
  ['a', -2.5],
  ['b', -3.5],
  ['ab', -4],
  ['ba', -7],
  ['a:', null],
  ['\u{1f600}', -5],
];
const unigram = new Unigram(vocabulary, { first: 1, name: 'pieces' });

describe('Unigram', () => {
  /** All cuts into pieces and single unknown characters; the largest sum wins. */
  function best(text: string): number {
    if (text === '') return 0;
    const [first] = text;
    const known = vocabulary
      .slice(1)
      .flatMap(([piece, score]) =>
        score === null || !text.startsWith(piece) ? [] : [{ piece, score }],
      );
    const unknown = { piece: first, score: -17 };
    return Math.max(
      ...[unknown, ...known].map(({ piece, score }) => score + best(text.slice(piece.length))),
    );
  }

  it('finds the best of all cuts', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', ' ', 'x', '\u{1f600}'), { maxLength: 7 });
    fc.assert(
      fc.property(letters, (list) => {
        const text = list.join('');
        const words = text.trim().replace(/\s+/g, '\u2581');
        // Neighbouring unknowns are one: told apart here by text without neighbours.
        if (/x[x\u2581 ]*x/.test(words)) return;
        const ids = unigram.pieces(text);
        const score = ids.reduce(
          (sum, id) => sum + (id === 0 ? -17 : Number(vocabulary[id][1])),
          0,
        );
        expect(score).toBeCloseTo(words === '' ? 0 : best(`\u2581${words}`), 9);
        const joined = ids.map((id) => (id === 0 ? 'x' : vocabulary[id][0])).join('');
        expect(joined).toBe(words === '' ? '' : `\u2581${words}`);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it.each([
    ['', []],
    [' \t\n', []],
    ['a', [2]],
    ['xyz', [1, 0]],
    // NFKC: a full-width letter is the letter, a no-break space a blank.
    ['\uff41\u00a0b', [2, 1, 4]],
    // The piece without a score is left out.
    ['a:', [2, 0]],
  ])('%j is %j', (text, ids) => {
    expect(unigram.pieces(text)).toEqual(ids);
  });

  it('encodes a pair without marks, and cuts the longer sentence first', () => {
    const size = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 2, max: 12 }), (a, b, most) => {
        // Each further "b" is a piece.
        const text = (count: number) => (count === 0 ? '' : 'b'.repeat(count - 1) || ' b');
        const [first, second] = [a, b].map((n) => unigram.pieces(text(n)));
        let [keptA, keptB] = [first.length, second.length];
        while (keptA + keptB > most) {
          if (keptA > keptB) keptA--;
          else keptB--;
        }
        const found = unigram.encode(text(a), text(b), most);
        expect(found.ids).toEqual([...first.slice(0, keptA), ...second.slice(0, keptB)]);
        expect(found.first).toBe(keptA);
        expect(found.cut).toBe(first.length + second.length - keptA - keptB);
      }),
      { seed: 11 },
    );
    expect(unigram.encode('ab a', undefined, 2)).toMatchObject({ first: 2 });
    expect(() => unigram.encode('a', 'b', 1)).toThrow('maxLength must be an integer of at least 2');
  });

  it.each([
    [{}, 'the vocabulary must be a list'],
    [[['a', 'b']], 'the vocabulary, entry 0: must be [piece, log-probability], got ["a","b"]'],
    [[['a', null]], 'the vocabulary has no piece with a score'],
  ])('of %j is refused', (given, message) => {
    expect(() => new Unigram(given)).toThrow(message);
  });
});

/** Hidden states, and the sentence's vector. */
function plain(file: ReadonlyMap<string, Weights>, ids: readonly number[]) {
  const get = (name: string): Weights => {
    const found = file.get(name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };
  const linear = (name: string, x: Rows): Rows => {
    const { shape, values } = get(`${name}.weight`);
    const bias = get(`${name}.bias`).values;
    return x.map((row) =>
      Array.from(bias, (b, o) => row.reduce((sum, v, i) => sum + v * values[i * shape[1] + o], b)),
    );
  };
  const norm = (name: string, x: Rows): Rows =>
    x.map((row) =>
      plainLayerNorm(row, get(`${name}.weight`).values, get(`${name}.bias`).values, 1e-6),
    );
  const add = (a: Rows, b: Rows): Rows => a.map((row, i) => row.map((v, j) => v + b[i][j]));
  const times = get('position.inv_timescale').values;
  const table = get('embeddings.weight').values;
  let x: Rows = ids.map((id, p) => {
    const signal = [
      ...Array.from(times, (t) => Math.sin(p * t)),
      ...Array.from(times, (t) => Math.cos(p * t)),
    ];
    return signal.map((v, i) => 2 * table[4 * id + i] + v);
  });
  const states = [x];
  for (const layer of ['layer0', 'layer1']) {
    const qkv = linear(`${layer}.attn.qkv`, norm(`${layer}.attn_norm`, x));
    const third = qkv[0].length / 3;
    const [q, k, v] = [0, 1, 2].map((i) => qkv.map((row) => row.slice(i * third, (i + 1) * third)));
    const context = plainAttention(
      q,
      k,
      v,
      ids.map(() => 1),
      4,
    );
    const shortcut = layer === 'layer0' ? linear('layer0.residual_dense', x) : x;
    const middle = add(shortcut, linear(`${layer}.attn.out`, context));
    const inner = linear(`${layer}.ffn.conv1`, norm(`${layer}.ffn_norm`, middle));
    x = add(
      middle,
      linear(
        `${layer}.ffn.conv2`,
        inner.map((row) => row.map((u) => Math.max(0, u))),
      ),
    );
    states.push(x);
  }
  const mean = x[0].map((_, i) => x.reduce((sum, row) => sum + row[i], 0) / x.length);
  const bent = linear('pool.dense', [mean])[0].map(Math.tanh);
  const length = Math.sqrt(bent.reduce((sum, v) => sum + v * v, 0));
  return { states, vector: bent.map((v) => v / length) };
}

describe('the encoder', () => {
  const file = smallEncoder();
  const open = (tensors: ReadonlyMap<string, Weights> = file) =>
    sentenceEncoder(readSafetensors(writeSafetensors(tensors), 'f'), unigram, 'f');

  it('has the plain one’s vectors, whatever else is in the batch', () => {
    const encoder = open();
    tf.tidy(() => {
      const texts = ['ab a', 'b', '', 'abba \u{1f600} a'];
      const found = encoder.encode(texts);
      expect(found.shape).toEqual([4, 8]);
      texts.forEach((text, row) => {
        const own = tf.slice(found, [row, 0], [1, 8]);
        if (text !== '') expectClose(own, plain(file, unigram.pieces(text)).vector, 1e-5, text);
        expectClose(encoder.encode([text]), [...own.dataSync()], 1e-6, text);
      });
    });
    encoder.dispose();
  });

  it('has the plain one’s hidden states', () => {
    const encoder = open();
    tf.tidy(() => {
      const ids = [1, 3, 8, 2];
      const all = tfl.model({ inputs: encoder.model.inputs, outputs: [...encoder.hiddenStates] });
      const inputs = [
        tf.tensor2d([ids], [1, 4], 'int32'),
        tf.zeros([1, 4], 'int32'),
        tf.ones([1, 4], 'int32'),
      ];
      const found = all.apply(inputs) as Tensor[];
      plain(file, ids).states.forEach((expected, i) => {
        expectClose(found[i], expected.flat(), 1e-5, `state ${i}:`);
      });
    });
    encoder.dispose();
  });

  it('cuts texts after 128 pieces, and leaves no tensor behind', () => {
    expectNoLeak(() => {
      const encoder = open();
      tf.tidy(() => {
        const [long, cut] = [200, 128].map((n) => encoder.encode(['b'.repeat(n - 1)]).dataSync());
        expect(long).toEqual(cut);
      });
      encoder.dispose();
      encoder.dispose();
    });
  });

  it.each<[string, (tensors: Map<string, Weights>) => void, string]>([
    [
      'a missing tensor',
      (t) => t.delete('layer1.ffn.conv2.bias'),
      'f: the tensor "layer1.ffn.conv2.bias" is missing',
    ],
    ['no layer', (t) => t.delete('layer0.attn.qkv.weight'), '"layer0.attn.qkv.weight" is missing'],
    [
      'too few embeddings',
      (t) => t.set('embeddings.weight', { shape: [8, 4], values: new Float32Array(32) }),
      'f: the embeddings have 8 rows, but pieces has 9 pieces: it is not the vocabulary',
    ],
    [
      'a wrong shape',
      (t) => t.set('layer0.attn.out.weight', { shape: [5, 8], values: new Float32Array(40) }),
      'f: "layer0.attn.out.weight" has the shape [5,8], but the network needs [4,8]',
    ],
    [
      'positions of another width',
      (t) => t.set('position.inv_timescale', { shape: [3], values: new Float32Array(3) }),
      'f: "position.inv_timescale" has the shape [3], but the network needs [2]',
    ],
    [
      'a shortcut that no width asks for',
      (t) => t.set('layer1.residual_dense.weight', { shape: [8, 8], values: new Float32Array(64) }),
      'f: "layer1.residual_dense" is there, but the width 8 does not change',
    ],
    [
      'a number that is none',
      (t) => t.set('pool.dense.bias', { shape: [8], values: new Float32Array(8).fill(NaN) }),
      '"pool.dense.bias"',
    ],
  ])('refuses %s', (_, change, message) => {
    const changed = new Map(file);
    change(changed);
    expect(() => open(changed)).toThrow(message);
  });
});
