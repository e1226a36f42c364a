/** The ops against formulas in float64 and finite differences of them: GELU, the softmax of attention, attention itself. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { selfAttention } from '../layers/self-attention.js';
import { drawn, expectClose, expectNoLeak, slopes } from '../testing/numbers.fixture.js';
import { erf, plainAttention, plainGelu } from '../testing/plain-bert.fixture.js';
import { attentionSoftmax } from './attention-softmax.js';
import { joinHeads, MASKED, maskBias, splitHeads } from './attention.js';
import { drawOf, dropout } from './dropout.js';
import { gelu } from './gelu.js';

beforeAll(() => tf.setBackend('cpu'));

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((s, v, i) => s + v * b[i], 0);

it('the reference’s own erf has its known values', () => {
  for (const [x, y] of [
    [0, 0],
    [0.5, 0.5204998778130465],
    [-1, -0.8427007929497149],
    [2.9, 0.9999589021219005],
    [3.1, 0.9999883513426328],
  ]) {
    expect(erf(x)).toBeCloseTo(y, 13);
  }
});

describe('gelu', () => {
  const x = [-40, -6, -3.2, -1, -0.75, -1e-3, 0, 1e-4, 0.3, 1, 2.2, 5, 40];

  it('is x Phi(x), exactly and not by tanh', () => {
    expectClose(gelu(tf.tensor1d(x)), x.map(plainGelu), 1e-6);
    // The approximation is 4e-4 away here.
    expect(gelu(tf.scalar(2.2)).dataSync()[0]).toBeCloseTo(2.169412, 5);
  });

  it('has the gradient that finite differences have', () => {
    const dy = drawn(x.length, 5);
    const [dx] = tf.grads(gelu)([tf.tensor1d(x)], tf.tensor1d(dy));
    expectClose(
      dx,
      x.map((v, i) => (dy[i] * (plainGelu(v + 1e-5) - plainGelu(v - 1e-5))) / 2e-5),
      1e-5,
    );
  });

  it('leaves no tensor behind', () => {
    const t = tf.tensor2d(x, [1, 13]);
    expectNoLeak(() => {
      tf.tidy(() => {
        tf.grad(gelu)(t);
      });
    });
  });
});

/** Softmax of one row. */
function softmax(row: readonly number[]): number[] {
  const top = Math.max(...row);
  const e = row.map((v) => Math.exp(v - top));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / total);
}

describe('attentionSoftmax', () => {
  const shape = [2, 3, 4, 5];
  const x = drawn(120, 1).map((v) => 4 * v);
  const bias = [0, 0, MASKED, 0, MASKED, 0.5, -1, 0, 2, 0];
  const scale = 0.7;
  const f = (t: Tensor) => attentionSoftmax(t, tf.tensor2d(bias, [2, 5]), scale);
  const rows = (values: readonly number[]) =>
    Array.from({ length: 24 }, (_, r) =>
      softmax(
        values
          .slice(5 * r, 5 * r + 5)
          .map((v, key) => v * scale + bias[5 * Math.floor(r / 12) + key]),
      ),
    ).flat();

  it('is the softmax of scale x + bias, 0 where the mask is', () => {
    const y = f(tf.tensor(x, shape));
    expectClose(y, rows(x), 1e-6);
    expect(y.dataSync()[2]).toBe(0);
  });

  it('has the gradient that finite differences have', () => {
    const dy = drawn(120, 2);
    const dx = tf.grad(f)(tf.tensor(x, shape), tf.tensor(dy, shape));
    expectClose(
      dx,
      slopes((moved) => dot(rows(moved), dy), x),
      1e-5,
    );
  });

  it('keeps to finite numbers for scores of any size', () => {
    const y = attentionSoftmax(tf.tensor4d([1e30, -1e30], [1, 1, 1, 2]), tf.zeros([1, 2]), 1);
    expect([...y.dataSync()]).toEqual([1, 0]);
  });

  it('refuses a bias of other sizes', () => {
    const attempt = () => attentionSoftmax(tf.zeros(shape), tf.zeros([2, 4]), 1);
    expect(attempt).toThrow(/bias \[batch, keys\] or .*, got \[2,3,4,5\] and \[2,4\]/);
  });
});

it('heads come apart and together for any sizes', () => {
  const size = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(size, size, size, size, (batch, length, heads, each) => {
      const shape = [batch, length, heads * each];
      tf.tidy(() => {
        const x = tf.tensor(drawn(tf.util.sizeFromShape(shape), 3), shape);
        const apart = splitHeads(x, heads);
        expect(apart.shape).toEqual([batch, heads, length, each]);
        // Entry i of head h of piece p is entry h each + i of the piece.
        const value = apart.dataSync()[((heads - 1) * length + length - 1) * each];
        expect(value).toBe(x.dataSync()[(length - 1) * heads * each + (heads - 1) * each]);
        expect(joinHeads(apart).dataSync()).toEqual(x.dataSync());
      });
    }),
    { seed: 5 },
  );
});

describe('attention', () => {
  const [batch, length, width, heads] = [2, 4, 6, 2];
  const shape: [number, number, number] = [batch, length, width];
  const count = batch * length * width;
  const mask = [1, 1, 1, 0, 1, 1, 0, 0];
  const layer = () => selfAttention({ heads });
  const given = [drawn(count, 7), drawn(count, 8), drawn(count, 9)].map((list) =>
    list.map((v) => 2 * v),
  );
  const inRows = (values: readonly number[], b: number) =>
    Array.from({ length }, (_, p) =>
      values.slice((b * length + p) * width, (b * length + p + 1) * width),
    );
  const plain = (q: readonly number[], k: readonly number[], v: readonly number[]) =>
    [0, 1].flatMap((b) =>
      plainAttention(
        inRows(q, b),
        inRows(k, b),
        inRows(v, b),
        mask.slice(b * length, (b + 1) * length),
        heads,
      ).flat(),
    );
  const maskTensor = () => tf.tensor2d(mask, [batch, length], 'int32');

  it('is the plain one, and its gradients are those of finite differences', () => {
    tf.tidy(() => {
      const own = layer();
      const f = (q: Tensor, k: Tensor, v: Tensor) => own.apply([q, k, v, maskTensor()]) as Tensor;
      const tensors = given.map((values) => tf.tensor3d(values, shape));
      const [q, k, v] = given;
      expectClose(f(tensors[0], tensors[1], tensors[2]), plain(q, k, v), 1e-5);
      const dy = drawn(count, 4);
      const gradients = tf.grads(f)(tensors, tf.tensor3d(dy, shape));
      const wanted = [
        slopes((moved) => dot(plain(moved, k, v), dy), q),
        slopes((moved) => dot(plain(q, moved, v), dy), k),
        slopes((moved) => dot(plain(q, k, moved), dy), v),
      ];
      gradients.forEach((gradient, i) => {
        expectClose(gradient, wanted[i], 2e-5, `input ${i}`);
      });
    });
  });

  it.each(['softmax', 'bibert', 'bit'] as const)(
    'of two sentences that do not see each other is that of each alone, %s',
    (kind) => {
      tf.tidy(() => {
        const whole = selfAttention({ heads, kind });
        // The first text is 1 + 3 pieces, the second 2 + 1 and padding.
        const types = [0, 1, 1, 1, 0, 0, 1, 0];
        const real = [1, 1, 1, 1, 1, 1, 1, 0];
        const seen = types.flatMap((own, i) => {
          const row = Math.floor(i / length) * length;
          return [0, 1, 2, 3].map((j) => (types[row + j] === own ? real[row + j] : 0));
        });
        const tensors = given.map((values) => tf.tensor3d(values, shape));
        const pairs = tf.tensor3d(seen, [batch, length, length], 'int32');
        const f = (q: Tensor, k: Tensor, v: Tensor) => whole.apply([q, k, v, pairs]) as Tensor;
        // Padding, the last piece, is a query of its own, which nothing behind attention makes use of.
        const dy = tf.tensor3d(
          drawn(count, 4).map((v, i) => (i < count - width ? v : 0)),
          shape,
        );
        const y = f(tensors[0], tensors[1], tensors[2]);
        const gradients = tf.grads(f)(tensors, dy);
        for (const [row, begin, size] of [
          [0, 0, 1],
          [0, 1, 3],
          [1, 0, 2],
          [1, 2, 1],
        ]) {
          const part = (t: Tensor) => tf.slice(t, [row, begin, 0], [1, size, width]);
          const mask = tf.ones([1, size], 'int32');
          const alone = (q: Tensor, k: Tensor, v: Tensor) => whole.apply([q, k, v, mask]) as Tensor;
          const own = tensors.map(part);
          expectClose(part(y), [...alone(own[0], own[1], own[2]).dataSync()], 1e-6, 'context');
          tf.grads(alone)(own, part(dy)).forEach((wanted, i) => {
            expectClose(part(gradients[i]), [...wanted.dataSync()], 1e-5, `gradient ${i}`);
          });
        }
      });
    },
  );

  it('adds the most negative float32 for what the mask leaves out', () => {
    expect([...maskBias(tf.tensor2d([[1, 0]], [1, 2], 'int32')).dataSync()]).toEqual([0, MASKED]);
    expect(MASKED).toBe(-(2 - 2 ** -23) * 2 ** 127);
  });

  it.each<[object, Tensor[], string]>([
    [{ heads: 0 }, [], 'layer "probe": heads must be a whole number >= 1, got 0'],
    [
      { heads: 2, kind: 'hard' },
      [],
      'layer "probe": kind must be softmax, bibert, bit, two-bit, got "hard"',
    ],
    [{ heads: 2, rate: 1 }, [], 'layer "probe": the rate of dropout must be'],
    [{ heads: 2 }, [tf.zeros([1, 2, 4])], 'layer "probe" takes query, key, value and mask, got 1'],
    [
      { heads: 4 },
      [tf.zeros([1, 2, 6]), tf.zeros([1, 2, 6]), tf.zeros([1, 2, 6]), tf.ones([1, 2])],
      'layer "probe": the width 6 must be a multiple of the 4 heads',
    ],
    [
      { heads: 2 },
      [tf.zeros([1, 2, 6]), tf.zeros([1, 2, 6]), tf.zeros([1, 2, 6]), tf.ones([1, 3])],
      'got [1,2,6], [1,2,6], [1,2,6] and [1,3]',
    ],
  ])('refuses %j, case %#', (options, inputs, message) => {
    const attempt = () => {
      const own = selfAttention({ name: 'probe', ...options } as never);
      own.apply(inputs);
    };
    expect(attempt).toThrow(message);
  });
});

describe('dropout', () => {
  it('drops the share it is told, keeps the mean, and repeats by seed and name alone', () => {
    const draw = (seed: number, stream: string) =>
      dropout(tf.ones([100, 400]), drawOf(0.25, seed, stream)).dataSync<'float32'>();
    const first = draw(1, 'a');
    expect(new Set(first)).toEqual(new Set([0, Math.fround(4 / 3)]));
    const kept = first.reduce((sum, v) => sum + (v > 0 ? 1 : 0), 0) / first.length;
    // Four deviations of a binomial share.
    expect(Math.abs(kept - 0.75)).toBeLessThan(4 * Math.sqrt((0.75 * 0.25) / first.length));
    expect(draw(1, 'a')).toEqual(first);
    for (const other of [draw(2, 'a'), draw(1, 'b')]) {
      const both = other.reduce((sum, v, i) => sum + (v > 0 && first[i] > 0 ? 1 : 0), 0);
      expect(Math.abs(both / first.length - 0.5625)).toBeLessThan(0.011);
    }
  });

  it('has the numbers of the contract, forward and backward', () => {
    const hash = (start: number, i: number) => {
      const low = (n: bigint) => n & 0xffffffffn;
      let h = low(BigInt(start) + BigInt(i) * 0x9e3779b9n);
      h = low((h ^ (h >> 16n)) * 0x85ebca6bn);
      h = low((h ^ (h >> 13n)) * 0xc2b2ae35n);
      return Number(h ^ (h >> 16n)) / 2 ** 32;
    };
    const start = 0xf0000001;
    const x = drawn(60, 3);
    const mask = x.map((_, i) => (hash(start, i) < 0.4 ? 0 : 2.5));
    const f = (t: Tensor) => dropout(t, { rate: 0.4, start }, 2.5);
    expectClose(
      f(tf.tensor(x, [4, 15])),
      x.map((v, i) => v * mask[i]),
      1e-6,
    );
    const dy = drawn(60, 4);
    const dx = tf.grad(f)(tf.tensor(x, [4, 15]), tf.tensor(dy, [4, 15]));
    expectClose(
      dx,
      dy.map((v, i) => v * mask[i]),
      1e-6,
    );
  });
});
