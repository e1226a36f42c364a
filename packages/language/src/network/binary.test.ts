/** The binary networks: BiBERT's and BiT's forward and gradients against plain float64 formulas, and SURGE on their linear layers. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {
  attachCompensator,
  BinaryLayer,
  detachCompensator,
  layers,
  leafLayers,
  startInputs,
  summarize,
  surge,
} from '@surge-bnn/core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { selfAttention } from '../layers/self-attention.js';
import { drawn, expectClose, randomize, slopes } from '../testing/numbers.fixture.js';
import {
  biBertAttention,
  biTAttention,
  pretendedTwoBit,
  PlainBinaryBert,
  type AttentionPoint,
} from '../testing/plain-binary.fixture.js';
import type { Rows } from '../testing/plain-bert.fixture.js';
import { copyWeights, networkWeights } from '../weights/load.js';
import { bert, textInputs, type Bert, type Texts } from './bert.js';
import type { BertOptions } from './options.js';

beforeAll(() => tf.setBackend('cpu'));

const small: Partial<BertOptions> = {
  layers: 2,
  width: 12,
  heads: 3,
  ffn: 20,
  vocabulary: 17,
  positions: 9,
  activation: 'relu',
  dropout: 0,
  attentionDropout: 0,
};

const batch: Texts = {
  ids: Int32Array.from([1, 5, 9, 3, 16, 2, 7, 7, 0, 0]),
  types: Int32Array.from([0, 0, 1, 1, 1, 0, 0, 1, 0, 0]),
  mask: Int32Array.from([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]),
  count: 2,
  length: 5,
};

/** Of a plain network's kind. */
const optionsOf = (kind: 'bibert' | 'bit' | 'two-bit'): Partial<BertOptions> =>
  kind === 'two-bit' ? { method: 'bit', inputs: kind } : { method: kind };

describe.each(['bibert', 'bit', 'two-bit'] as const)('%s', (kind) => {
  it.each([3, 8])('has the hidden states of the plain implementation, weights %d', (seed) => {
    const made = bert({ ...small, ...optionsOf(kind) }, { head: { kind: 'none' } });
    randomize(made.model, seed);
    const plain = new PlainBinaryBert(networkWeights(made), made.options, kind);
    tf.tidy(() => {
      const all = tfl.model({ inputs: made.model.inputs, outputs: [...made.hiddenStates] });
      const found = all.apply(textInputs(batch)) as Tensor[];
      for (let row = 0; row < batch.count; row++) {
        const [ids, types, mask] = [batch.ids, batch.types, batch.mask].map((values) => [
          ...values.subarray(row * 5, row * 5 + 5),
        ]);
        plain.hiddenStates(ids, types, mask).forEach((expected, i) => {
          const own = tf.slice(found[i], [row, 0, 0], [1, 5, 12]);
          expectClose(own, expected.flat(), 1e-5, `text ${row}, state ${i}:`);
        });
      }
    });
    made.dispose();
  });
});

describe('the gradients of attention', () => {
  const [texts, length, width, heads] = [2, 4, 6, 2];
  const shape: [number, number, number] = [texts, length, width];
  const count = texts * length * width;
  const mask = [1, 1, 1, 0, 1, 1, 1, 1];
  // Entries on both sides of the windows.
  const given = [7, 8, 9].map((seed) => drawn(count, seed).map((v) => 1.6 * v));
  const dy = drawn(count, 4);
  const rows = (values: readonly number[], text: number): Rows =>
    Array.from({ length }, (_, p) =>
      values.slice((text * length + p) * width, (text * length + p + 1) * width),
    );

  type Plain = (now: AttentionPoint, at: AttentionPoint, mask: number[]) => Rows;

  /** <dy, context> as a function of what is moved, pretended about the given values. */
  function loss(plain: Plain, [q, k, v]: number[][], scales: readonly number[], at: number[]) {
    let sum = 0;
    for (let text = 0; text < texts; text++) {
      const point = (lists: number[][], own: readonly number[]): AttentionPoint => ({
        query: rows(lists[0], text),
        key: rows(lists[1], text),
        value: rows(lists[2], text),
        scales: own,
      });
      const own = mask.slice(text * length, (text + 1) * length);
      const context = plain(point([q, k, v], scales), point(given, at), own).flat();
      context.forEach((value, i) => (sum += value * dy[text * length * width + i]));
    }
    return sum;
  }

  function check(kind: 'bibert' | 'bit' | 'two-bit', plain: Plain, scales: number[]) {
    const layer = selfAttention({ heads, kind });
    const maskTensor = tf.tensor2d(mask, [texts, length], 'int32');
    const tensors = given.map((values) => tf.tensor3d(values, shape));
    const f = (q: Tensor, k: Tensor, v: Tensor) => layer.apply([q, k, v, maskTensor]) as Tensor;
    const built = f(tensors[0], tensors[1], tensors[2]);
    layer.setWeights(scales.map((a) => tf.tensor1d([a])));
    built.dispose();
    const y = f(tensors[0], tensors[1], tensors[2]);
    const [q, k, v] = given;
    const value = Array.from({ length: texts }, (_, text) => {
      const point = { query: rows(q, text), key: rows(k, text), value: rows(v, text), scales };
      return plain(point, point, mask.slice(text * length, (text + 1) * length)).flat();
    });
    expectClose(y, value.flat(), 1e-5, 'context');
    const gradients = tf.grads(f)(tensors, tf.tensor3d(dy, shape));
    gradients.forEach((gradient, operand) => {
      const wanted = slopes((moved) => {
        const lists = given.map((list, i) => (i === operand ? moved : list));
        return loss(plain, lists, scales, scales);
      }, given[operand]);
      expect(wanted.some((slope) => slope !== 0)).toBe(true);
      expect(wanted.some((slope) => slope === 0)).toBe(true);
      expectClose(gradient, wanted, 5e-5, `operand ${operand}`);
    });
    if (scales.length > 0) {
      const along = () =>
        tf.sum<tf.Scalar>(tf.mul(f(tensors[0], tensors[1], tensors[2]), tf.tensor3d(dy, shape)));
      const { grads } = tf.variableGrads(along);
      const wanted = slopes((moved) => loss(plain, given, moved, scales), scales);
      ['query', 'key', 'value', 'probability'].forEach((name, i) => {
        const own = Object.entries(grads).find(([key]) => key.includes(`${name}Scale`));
        if (own === undefined) throw new Error(`no gradient of the ${name}'s scale`);
        expectClose(own[1], [wanted[i]], 5e-5, `${name}'s scale`);
      });
    }
  }

  it('are BiBERT’s', () => {
    tf.tidy(() => {
      check('bibert', (now, at, own) => biBertAttention(now, at, own, heads), []);
    });
  });

  it('are BiT’s, those of the four scales, too', () => {
    tf.tidy(() => {
      const plain: Plain = (now, at, own) => biTAttention(now, at, own, heads, texts);
      check('bit', plain, [0.9, 1.1, 0.7, 0.55]);
    });
  });

  it('are BiT’s of 2 bits', () => {
    tf.tidy(() => {
      const plain: Plain = (now, at, own) =>
        biTAttention(now, at, own, heads, texts, pretendedTwoBit);
      check('two-bit', plain, [0.6, 0.7, 0.5, 0.11]);
    });
  });
});

describe('BiBERT’s bool', () => {
  it('makes a score of 0 a 1, and what is dropped a 0', () => {
    tf.tidy(() => {
      // q k^T is 0 for every key: all attend.
      const q = tf.tensor3d([1, 1], [1, 1, 2]);
      const k = tf.tensor3d([1, -1], [1, 1, 2]);
      const v = tf.tensor3d([3, -3], [1, 1, 2]);
      const mask = tf.ones([1, 1], 'int32');
      const layer = selfAttention({ heads: 1, kind: 'bibert' });
      expect([...(layer.apply([q, k, v, mask]) as Tensor).dataSync()]).toEqual([1, -1]);
      const dropping = selfAttention({ heads: 1, kind: 'bibert', rate: 0.999999, seed: 1 });
      const out = dropping.apply([q, k, v, mask], { training: true }) as Tensor;
      expect([...out.dataSync()].map(Math.abs)).toEqual([0, 0]);
    });
  });
});

describe('SURGE', () => {
  const kinds = ['bibert', 'bit', 'two-bit'] as const;
  it.each(kinds)('goes on all six linear layers of a layer, %s', (kind) => {
    const head = { kind: 'classifier', labels: 2 } as const;
    const made = bert({ ...small, ...optionsOf(kind) }, { head, length: 5 });
    const plain = made.model.countParams();
    attachCompensator(made.model, surge({ eta: 0.1 }));
    const compensated = leafLayers(made.model)
      .filter((layer) => layer instanceof BinaryLayer && layer.compensator !== undefined)
      .map((layer) => layer.name);
    const each = ['self.query', 'self.key', 'self.value', 'output.dense'].map(
      (n) => `attention.${n}`,
    );
    const wanted = [0, 1].flatMap((i) =>
      [...each, 'intermediate.dense', 'output.dense'].map((n) => `bert.encoder.layer.${i}.${n}`),
    );
    expect(new Set(compensated)).toEqual(new Set(wanted));
    expect(made.model.countParams() - plain).toBe(2 * (4 * 12 * 12 + 2 * 12 * 20));
    detachCompensator(made.model);
    expect(made.model.countParams()).toBe(plain);
    made.dispose();
  });

  it('takes texts, of rank 3: g_b + lam g_a with the norms over all of the batch', () => {
    const [texts, length, width, units, eta] = [2, 3, 4, 5, 0.3];
    const model = tfl.sequential({
      layers: [
        layers.binaryDense({
          name: 'd',
          units,
          inputBinarizer: 'bibert',
          weightBinarizer: 'bibert',
          inputShape: [length, width],
        }),
      ],
    });
    randomize(model, 2, 0.8);
    attachCompensator(model, surge({ eta }), { seed: 4 });
    const layer = leafLayers(model).find((one) => one instanceof BinaryLayer);
    if (!(layer instanceof BinaryLayer)) throw new Error('no binary layer');
    const w = layer.binaryKernel.read().arraySync() as number[][];
    const wa = layer.auxiliary?.read().arraySync() as number[][];
    const x = drawn(texts * length * width, 5).map((v) => 1.5 * v);
    const g = drawn(texts * length * units, 6);
    const inputs = tf.tensor3d(x, [texts, length, width]);
    const { grads } = tf.variableGrads(() =>
      tf.sum<tf.Scalar>(
        tf.mul(
          model.apply(inputs, { training: true }) as Tensor,
          tf.tensor3d(g, [texts, length, units]),
        ),
      ),
    );
    const dx = tf.grad((t: Tensor) => model.apply(t, { training: true }) as Tensor)(
      inputs,
      tf.tensor3d(g, [texts, length, units]),
    );
    const [pieces, columns] = [texts * length, Array.from({ length: units }, (_, o) => o)];
    const column = (o: number) => w.map((row) => row[o]);
    const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;
    const effective = (i: number, o: number) =>
      mean(column(o).map(Math.abs)) * (w[i][o] - mean(column(o)) < 0 ? -1 : 1);
    const at = (p: number, weight: (i: number, o: number) => number, i: number) =>
      columns.reduce((sum, o) => sum + g[p * units + o] * weight(i, o), 0);
    const gb = x.map((v, n) =>
      Math.abs(v) < 1 ? at(Math.floor(n / width), effective, n % width) : 0,
    );
    const ga = x.map((_, n) => at(Math.floor(n / width), (i, o) => wa[i][o], n % width));
    const norm = (v: number[]) => Math.sqrt(v.reduce((a, b) => a + b * b, 0));
    const lambda = (eta * norm(gb)) / (norm(ga) + 1e-8);
    expectClose(
      dx,
      gb.map((v, n) => v + lambda * ga[n]),
      1e-5,
      'dx',
    );
    const wgrad = (value: (v: number) => number) =>
      w.map((row, i) =>
        row.map((_, o) => {
          let sum = 0;
          for (let p = 0; p < pieces; p++) sum += value(x[p * width + i]) * g[p * units + o];
          return sum;
        }),
      );
    const named = (key: string) =>
      Object.entries(grads).find(([name]) => name.includes(key))?.[1] ?? tf.scalar(NaN);
    expectClose(
      named('auxiliary'),
      wgrad((v) => v)
        .flat()
        .map((v) => lambda * v),
      1e-5,
      'dW_a',
    );
    const atSigns = wgrad((v) => (v < 0 ? -1 : 1)).map((row, i) =>
      row.map((v, o) => (Math.abs(w[i][o] - mean(column(o))) <= 1 ? v : 0)),
    );
    const centred = atSigns.map((row) =>
      row.map((v, o) => v - mean(atSigns.map((other) => other[o]))),
    );
    expectClose(named('kernel'), centred.flat(), 1e-5, 'dW');
    model.dispose();
  });
});

describe('the steps of distillation', () => {
  it('binary weights alone keep inputs and attention float', () => {
    const made = bert({ ...small, method: 'bit', inputs: 'real' }, { head: { kind: 'none' } });
    expect(startInputs(made.model, () => made.model.apply(textInputs(batch)) as Tensor)).toEqual(
      [],
    );
    for (const layer of leafLayers(made.model)) {
      if (layer instanceof BinaryLayer) expect(layer.inputBinarizer).toBe('none');
    }
    expect([...networkWeights(made).keys()].filter((name) => /[sS]cale/.test(name))).toEqual([]);
    made.dispose();
  });

  it('hand over latent weights; the scales start from a first batch, attention’s too', () => {
    const head = { kind: 'classifier', labels: 2 } as const;
    const teacher = bert(small, { head, seed: 1 });
    const student = bert({ ...small, method: 'bit' }, { head, seed: 2 });
    const { kept, unused } = copyWeights(teacher, student);
    expect(unused).toEqual([]);
    // Of each layer six scales and six shifts of linear layers, four scales of attention.
    expect(kept).toHaveLength(2 * (6 + 6 + 4));
    const [from, to] = [networkWeights(teacher), networkWeights(student)];
    for (const [name, { values }] of from) expect(to.get(name)?.values, name).toEqual(values);
    const inputs = textInputs(batch);
    const started = startInputs(student.model, () => student.model.apply(inputs) as Tensor);
    expect(started).toHaveLength(2 * 7);
    const plain = new PlainBinaryBert(networkWeights(student), student.options, 'bit');
    // The scale of the first query is 2 mean |x| over the whole batch, of embeddings that no binarizer touched.
    const first = [0, 1].flatMap((row) => {
      const own = [batch.ids, batch.types, batch.mask].map((v) => [
        ...v.subarray(5 * row, 5 * row + 5),
      ]);
      return plain.hiddenStates(own[0], own[1], own[2])[0].flat();
    });
    const scale = networkWeights(student).get(
      'bert.encoder.layer.0.attention.self.query.inputScale',
    );
    const expected = (2 * first.reduce((a, b) => a + Math.abs(b), 0)) / first.length;
    expect(scale?.values[0]).toBeCloseTo(expected, 5);
    teacher.dispose();
    student.dispose();
  });

  it('go from 32 bits by W1A2 to W1A1: weights and shifts are handed on, scales start anew', () => {
    const head = { kind: 'classifier', labels: 2 } as const;
    const inputs = textInputs(batch);
    const start = (made: Bert) => startInputs(made.model, () => made.model.apply(inputs) as Tensor);
    const scalesOf = (made: Bert) =>
      [...networkWeights(made)].filter(([name]) => /Scale$/.test(name));
    const teacher = bert(small, { head, seed: 1 });
    const middle = bert({ ...small, ...optionsOf('two-bit') }, { head, seed: 2 });
    copyWeights(teacher, middle);
    expect(start(middle)).toHaveLength(2 * 7);
    // As after a training: every number is its own.
    randomize(middle.model, 6);
    const student = bert({ ...small, method: 'bit' }, { head, seed: 3 });
    expect(copyWeights(middle, student)).toEqual({ kept: [], unused: [] });
    const [trained, handed] = [networkWeights(middle), networkWeights(student)];
    expect(handed).toEqual(trained);
    start(student);
    for (const [name, { values }] of scalesOf(student)) {
      expect(values, name).not.toEqual(trained.get(name)?.values);
    }
    for (const [name, { values }] of networkWeights(student)) {
      if (!/Scale$/.test(name)) expect(values, name).toEqual(trained.get(name)?.values);
    }
    for (const made of [teacher, middle, student]) made.dispose();
  });
});

describe('summarize', () => {
  it('counts W1A2 as two planes of inputs, and attention as four of products', () => {
    const head = { kind: 'none' } as const;
    const made = bert({ ...small, ...optionsOf('two-bit') }, { head, length: 5 });
    const linears = 2 * 5 * (4 * 12 * 12 + 2 * 12 * 20);
    const attention = 2 * 2 * 5 * 5 * 12;
    expect(summarize(made.model).total).toMatchObject({
      binaryMacs: 2 * linears + 4 * attention,
      floatMacs: 0,
    });
    made.dispose();
  });

  it.each(['none', 'bibert', 'bit'] as const)('counts linears and attention, %s', (method) => {
    const head = { kind: 'classifier', labels: 2 } as const;
    const made = bert({ ...small, method }, { head, length: 5 });
    const linears = 2 * 5 * (4 * 12 * 12 + 2 * 12 * 20);
    const attention = 2 * 2 * 5 * 5 * 12;
    const ofHead = 12 * 12 + 12 * 2;
    const inside = linears + attention;
    const { total } = summarize(made.model);
    const [binary, float] = method === 'none' ? [0, inside] : [inside, 0];
    expect([total.binaryMacs, total.floatMacs]).toEqual([binary, float + ofHead]);
    expect(total.parameters).toBe(made.model.countParams());
    made.dispose();
  });

  it('counts a prediction’s products with all words, and needs a length', () => {
    const made = bert({ ...small, layers: 1 }, { head: { kind: 'masked' }, length: 4 });
    const [words] = summarize(made.model).layers.filter((row) => row.kind === 'WordEmbedding');
    expect(words).toMatchObject({ floatMacs: 12 * 17, parameters: 12 * 17 });
    made.dispose();
    const open = bert(small, { head: { kind: 'none' } });
    expect(() => summarize(open.model)).toThrow(/attention.* depend on sizes that are not known/);
    open.dispose();
  });
});
