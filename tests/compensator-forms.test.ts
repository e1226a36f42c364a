/** Grouped and low-rank auxiliaries, lam by channel and by sample, against the chain rule in plain float64, on every backend. */
import * as tf from '@tensorflow/tfjs-core';
import { ops } from '@surge-bnn/core';
import type { BackwardStatistics, BinaryConv2dOptions } from '@surge-bnn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';
import { cases, conv, numbers, sign, slopes } from './formulas.js';
import type { Case, Numbers } from './formulas.js';

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const norm = (v: ArrayLike<number>) => Math.sqrt(Array.from(v).reduce((s, e) => s + e * e, 0));
const tensor = (values: Numbers, shape: readonly number[]) =>
  tf.tensor(Float32Array.from(values), [...shape]);

function expectClose(actual: tf.Tensor, expected: Numbers, what: string, bound = 1e-4) {
  expect(actual.size, what).toBe(expected.length);
  const scale = Math.max(1e-6, ...expected.map(Math.abs));
  const worst = Math.max(...actual.dataSync().map((v, i) => Math.abs(v - expected[i]) / scale));
  expect(worst, `${what}: largest difference over largest entry`).toBeLessThan(bound);
}

type Compensator = NonNullable<BinaryConv2dOptions['compensator']>;
type Scope = 'layer' | 'channel' | 'sample';

/** What the branch is made of, and its operator: y_a, and from dy the gradients at x and at each of the weights. */
interface Form {
  readonly name: string;
  shapes(c: Case): number[][];
  option(weights: tf.Tensor[]): Compensator['auxiliary'];
  backward(c: Case, x: Numbers, w: Numbers[], dy: Numbers): { dx: Numbers; dw: Numbers[] };
}

const full: Form = {
  name: 'full',
  shapes: (c) => [c.kernel],
  option: ([w]) => w,
  backward: (c, x, [w], dy) => {
    const { dx, dw } = conv(c, x, w, dy, 0);
    return { dx, dw: [dw] };
  },
};

function grouped(c: Case, groups: number): Case {
  const [kh, kw, , out] = c.kernel;
  return { ...c, kernel: [kh, kw, c.x[3] / groups, out], groups };
}

const inGroups = (groups: number): Form => ({
  name: `grouped(${groups})`,
  shapes: (c) => [grouped(c, groups).kernel],
  option: ([weights]) => ({ form: 'grouped', weights }),
  backward: (c, x, [w], dy) => {
    const { dx, dw } = conv(grouped(c, groups), x, w, dy, 0);
    return { dx, dw: [dw] };
  },
});

const ofRank = (rank: number): Form => {
  const inner = (c: Case): Case => ({
    ...c,
    kernel: [c.kernel[0], c.kernel[1], c.kernel[2], rank],
  });
  const outer = (c: Case): Case => ({
    name: 'outer',
    x: [c.x[0], ...c.out, rank],
    kernel: [1, 1, rank, c.kernel[3]],
    padding: 'valid',
    padTop: 0,
    padLeft: 0,
    out: c.out,
  });
  return {
    name: `lowRank(${rank})`,
    shapes: (c) => [inner(c).kernel, outer(c).kernel],
    option: ([u, v]) => ({ form: 'lowRank', weights: [u, v] }),
    backward: (c, x, [u, v], dy) => {
      const nothing = new Float64Array(c.x[0] * size(c.out) * rank);
      const h = conv(inner(c), x, u, nothing, 0).y;
      const second = conv(outer(c), h, v, dy, 0);
      const first = conv(inner(c), x, u, second.dx, 0);
      return { dx: first.dx, dw: [first.dw, second.dw] };
    },
  };
};

/** Which lam an entry of x has. */
const indexOf: Record<Scope, (c: Case) => (i: number) => number> = {
  layer: () => () => 0,
  channel: (c) => (i) => i % c.x[3],
  sample: (c) => (i) => Math.floor(i / (c.x[1] * c.x[2] * c.x[3])),
};

function expectedOf(form: Form, scope: Scope, c: Case, data: ReturnType<typeof dataOf>) {
  const { x, kernel, weights, dy, eta } = data;
  const binary = conv(c, x.map(sign), kernel.map(sign), dy, c.padValue ?? 0);
  const gb = binary.dx.map((g, i) => g * slopes['ste'](x[i]));
  const ga = form.backward(c, x, weights, dy).dx;
  const at = indexOf[scope](c);
  const count = Math.max(...x.map((_, i) => at(i))) + 1;
  const lambdas = Array.from({ length: count }, (_, k) => {
    const b = norm(gb.filter((_, i) => at(i) === k));
    const a = norm(ga.filter((_, i) => at(i) === k));
    return a === 0 || b === 0 ? 0 : (eta * b) / (a + 1e-8);
  });
  const weighed = x.map((v, i) => lambdas[at(i)] * v);
  const lengths = Array.from({ length: count }, (_, k) => {
    const own = (v: Numbers) => v.filter((_, i) => at(i) === k);
    const longer = norm(own(gb.map((g, i) => g + lambdas[k] * ga[i])));
    const b = norm(own(gb));
    return b === 0 ? 0 : longer / b;
  });
  return {
    dx: gb.map((g, i) => g + lambdas[at(i)] * ga[i]),
    gained: gb.map((g, i) => g * lengths[at(i)]),
    dkernel: binary.dw.map((g, i) => g * slopes['ste'](kernel[i])),
    dw: form.backward(c, weighed, weights, dy).dw,
    unscaled: form.backward(c, x, weights, dy).dw,
    lambda: lambdas.reduce((s, l) => s + l, 0) / count,
    normB: norm(gb),
    normA: norm(ga),
    cosine: gb.reduce((s, g, i) => s + g * ga[i], 0) / (norm(gb) * norm(ga)),
  };
}

function dataOf(form: Form, c: Case) {
  const x = numbers(size(c.x), 1, 1.4);
  // Channel 0 lies outside the window: it gets no g_b, and with its own lam no lam.
  x.forEach((_, i) => {
    if (i % c.x[3] === 0) x[i] = 1.25;
  });
  return {
    x,
    kernel: numbers(size(c.kernel), 2, 1.5),
    weights: form.shapes(c).map((shape, i) => numbers(size(shape), 3 + i)),
    dy: numbers(c.x[0] * size(c.out) * c.kernel[3], 9),
    eta: 0.4,
  };
}

const named = (name: string): Case => {
  const found = cases.find((c) => c.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return found;
};
const wide: Case = { ...named('3x3 in 3 groups'), x: [2, 5, 5, 12], kernel: [3, 3, 4, 6] };
const plain: Case = { ...wide, name: 'no groups', kernel: [3, 3, 12, 6], groups: 1, padValue: 1 };
const strided: Case = {
  ...plain,
  name: 'stride 2, pad 1',
  stride: 2,
  padding: 1,
  out: [3, 3],
};
const geometries = [plain, strided, wide];
const forms = [full, inGroups(1), inGroups(3), inGroups(6), ofRank(3), ofRank(9)];
const combinations = geometries.flatMap((c) =>
  forms.flatMap((form) =>
    (['layer', 'channel', 'sample'] as const).map((scope) => ({
      title: `${c.name}: ${form.name}, lam by ${scope}`,
      c,
      form,
      scope,
    })),
  ),
);

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => use(backend));

  it.each(combinations)('$title', ({ c, form, scope }) => {
    const data = dataOf(form, c);
    const expected = expectedOf(form, scope, c, data);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const given = [
        tensor(data.x, c.x),
        tensor(data.kernel, c.kernel),
        ...data.weights.map((w, i) => tensor(w, form.shapes(c)[i])),
      ];
      const dy = tensor(data.dy, [c.x[0], ...c.out, c.kernel[3]]);
      const seen: BackwardStatistics[] = [];
      const gradients = (options: Partial<Compensator>) =>
        tf.grads((x: tf.Tensor, kernel: tf.Tensor, ...weights: tf.Tensor[]) =>
          ops.binaryConv2d(x, kernel, {
            strides: c.stride,
            padding: c.padding,
            groups: c.groups,
            padValue: c.padValue,
            inputBinarizer: 'ste',
            weightBinarizer: 'ste',
            compensator: {
              auxiliary: form.option(weights),
              eta: data.eta,
              normScope: scope,
              onStatistics: (s) => seen.push(s),
              ...options,
            },
          }),
        )(given, dy);
      const [dx, dkernel, ...dw] = gradients({});
      expectClose(dx, expected.dx, 'dx');
      expectClose(dkernel, expected.dkernel, 'dkernel');
      expect(dw).toHaveLength(data.weights.length);
      dw.forEach((g, i) => expectClose(g, expected.dw[i], `weights ${i}`));
      expect(seen).toHaveLength(1);
      for (const key of ['lambda', 'normA', 'normB', 'cosine'] as const) {
        expect(Math.abs(seen[0][key] - expected[key]), key).toBeLessThan(
          1e-4 * Math.max(1, expected[key]),
        );
      }
      const [, , ...unscaled] = gradients({ scaleAuxiliaryGradient: false });
      unscaled.forEach((g, i) => expectClose(g, expected.unscaled[i], `unscaled ${i}`));
      expectClose(gradients({ gainOnly: true })[0], expected.gained, 'gain only');
      const [plainDx, , ...zeros] = gradients({ eta: 0 });
      const [without] = tf.grads((x: tf.Tensor) =>
        ops.binaryConv2d(x, given[1], {
          strides: c.stride,
          padding: c.padding,
          groups: c.groups,
          padValue: c.padValue,
          inputBinarizer: 'ste',
          weightBinarizer: 'ste',
        }),
      )([given[0]], dy);
      expect(plainDx.dataSync(), 'eta = 0 is the baseline').toEqual(without.dataSync());
      for (const zero of zeros) expect(zero.dataSync().every((v) => v === 0)).toBe(true);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('a matrix product of rank 3 has one lam for each entry of its first axis', () => {
    tf.tidy(() => {
      const c: Case = { ...plain, x: [2, 3, 1, 8], kernel: [1, 1, 8, 4], out: [3, 1], padTop: 0 };
      const dense: Case = { ...c, padLeft: 0, padding: 'valid', padValue: 0, name: 'dense' };
      const data = dataOf(full, dense);
      const expected = expectedOf(full, 'sample', dense, data);
      const [dx, dw] = tf.grads((x: tf.Tensor, w: tf.Tensor) =>
        ops.binaryMatMul(x, tensor(data.kernel, [8, 4]), {
          inputBinarizer: 'ste',
          weightBinarizer: 'ste',
          compensator: { auxiliary: w, eta: data.eta, normScope: 'sample' },
        }),
      )([tensor(data.x, [2, 3, 8]), tensor(data.weights[0], [8, 4])], tensor(data.dy, [2, 3, 4]));
      expectClose(dx, expected.dx, 'dx');
      expectClose(dw, expected.dw[0], 'dw');
    });
  });
});
