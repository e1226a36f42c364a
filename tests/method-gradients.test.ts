/** Every published method through the op, forward and all gradients, against the formulas, with and without SURGE, on every backend. */
import * as tf from '@tensorflow/tfjs-core';
import { ops } from '@surge-bnn/core';
import type { BackwardStatistics, BinarizerSpec, BinaryConv2dOptions } from '@surge-bnn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';
import { cases, conv, numbers } from './formulas.js';
import type { Case, Numbers } from './formulas.js';
import { methodLayer } from './method-layer.js';
import { methodCases } from './methods.js';
import type { MethodCase, Point } from './methods.js';

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const norm = (v: Numbers) => Math.sqrt(v.reduce((s, e) => s + e * e, 0));
const tensor = (values: Numbers, shape: readonly number[]) =>
  tf.tensor(Float32Array.from(values), [...shape]);

function expectClose(actual: tf.Tensor, expected: Numbers, what: string, bound = 2e-4) {
  expect(actual.size, what).toBe(expected.length);
  const scale = Math.max(1e-6, ...expected.map(Math.abs));
  const worst = Math.max(...actual.dataSync().map((v, i) => Math.abs(v - expected[i]) / scale));
  expect(worst, `${what}: largest difference over largest entry`).toBeLessThan(bound);
}

/** Borders of 0 and of +1, a stride, groups: what the sets of values have to get right. */
const names = ['3x3 same', '3x3 pad 1, stride 2', '3x3 in 3 groups', 'pad value +1'];
const geometries = cases.filter(({ name }) => names.includes(name));

function pointOf(method: MethodCase, c: Case): Point {
  const float = (lists: number[][] | undefined) =>
    (lists ?? []).map((list) => Float64Array.from(list, Math.fround));
  return {
    c,
    p: method.p,
    x: numbers(size(c.x), 1, 1.6),
    w: numbers(size(c.kernel), 2, 1.2),
    inputParameters: float(method.inputParameters?.(c.x[3])),
    weightParameters: float(method.weightParameters?.(c.kernel[3])),
  };
}

const specOf = ({ name, options }: MethodCase) => ({ name, ...options }) as BinarizerSpec;

function optionsOf(method: MethodCase, c: Case): BinaryConv2dOptions {
  return {
    strides: c.stride,
    padding: c.padding,
    groups: c.groups,
    padValue: c.padValue,
    inputBinarizer: specOf(method),
    weightBinarizer: specOf(method),
    p: method.p,
  };
}

const title = ({ name, options = {}, p }: MethodCase) =>
  `${name} ${JSON.stringify(options)} at p = ${p}`;

/** The finite differences are the same for each backend. */
const known = new Map<string, ReturnType<typeof methodLayer>>();
function expectedOf(method: MethodCase, point: Point, dy: Numbers) {
  const key = `${title(method)} ${point.c.name}`;
  const found = known.get(key) ?? methodLayer(method, point, dy);
  known.set(key, found);
  return found;
}

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => use(backend));

  describe.each(methodCases.map((method) => ({ title: title(method), method })))(
    '$title',
    ({ method }) => {
      // Inputs of 2 bits are padded with 0 alone.
      const padsWithSigns = method.options?.['bits'] !== 2;
      const own = geometries.filter(({ padValue = 0 }) => padsWithSigns || padValue === 0);
      it.each(own)('$name', (c) => {
        const point = pointOf(method, c);
        const outShape = [c.x[0], ...c.out, c.kernel[3]];
        const dy = numbers(size(outShape), 4);
        const expected = expectedOf(method, point, dy);
        const auxiliary = numbers(size(c.kernel), 3);
        const branch = conv(c, point.x, auxiliary, dy, 0);
        const lambda = (0.3 * norm(expected.dx)) / (norm(branch.dx) + 1e-8);
        const before = tf.memory().numTensors;
        tf.tidy(() => {
          const given = [
            tensor(point.x, c.x),
            tensor(point.w, c.kernel),
            ...[...point.inputParameters, ...point.weightParameters].map((t) =>
              tensor(t, [t.length]),
            ),
          ];
          const inputs = point.inputParameters.length;
          const seen: BackwardStatistics[] = [];
          const f =
            (compensator?: BinaryConv2dOptions['compensator']) =>
            (x: tf.Tensor, w: tf.Tensor, ...rest: tf.Tensor[]) =>
              ops.binaryConv2d(x, w, {
                ...optionsOf(method, c),
                inputParameters: rest.slice(0, inputs),
                weightParameters: rest.slice(inputs, rest.length),
                compensator,
                onStatistics: (s) => seen.push(s),
              });
          const [x, w, ...rest] = given;
          expectClose(f()(x, w, ...rest), expected.y, 'y', 1e-5);
          const plain = tf.grads(f())(given, tensor(dy, outShape));
          const wanted = [expected.dx, expected.dw, ...expected.dInput, ...expected.dWeight];
          plain.forEach((g, i) => expectClose(g, wanted[i], `gradient ${i}`));
          expect(Math.abs(seen[0].normB / norm(expected.dx) - 1)).toBeLessThan(1e-4);

          const withBranch = (xs: tf.Tensor, ws: tf.Tensor, as: tf.Tensor, ...ps: tf.Tensor[]) =>
            f({ auxiliary: as, eta: 0.3 })(xs, ws, ...ps);
          const [dx, dw, da, ...others] = tf.grads(withBranch)(
            [x, w, tensor(auxiliary, c.kernel), ...rest],
            tensor(dy, outShape),
          );
          expectClose(
            dx,
            expected.dx.map((g, i) => g + lambda * branch.dx[i]),
            'dx with SURGE',
          );
          expectClose(
            da,
            branch.dw.map((g) => lambda * g),
            'the auxiliary',
          );
          // Everything else gets the binary branch's gradient, bit for bit.
          [dw, ...others].forEach((g, i) => {
            expect(g.dataSync(), `gradient ${i} with SURGE`).toEqual(plain[i + 1].dataSync());
          });
        });
        expect(tf.memory().numTensors).toBe(before);
      });
    },
  );

  it('a matrix product is the 1x1 case', () => {
    for (const method of methodCases) {
      const c: Case = {
        name: 'dense',
        x: [5, 1, 1, 7],
        kernel: [1, 1, 7, 4],
        padding: 'valid',
        padTop: 0,
        padLeft: 0,
        out: [1, 1],
      };
      const point = pointOf(method, c);
      const dy = numbers(20, 4);
      const expected = expectedOf(method, point, dy);
      tf.tidy(() => {
        const f = (x: tf.Tensor, w: tf.Tensor) =>
          ops.binaryMatMul(x, w, {
            inputBinarizer: specOf(method),
            weightBinarizer: specOf(method),
            p: method.p,
            inputParameters: point.inputParameters.map((t) => tensor(t, [t.length])),
            weightParameters: point.weightParameters.map((t) => tensor(t, [t.length])),
          });
        const [x, w] = [tensor(point.x, [5, 7]), tensor(point.w, [7, 4])];
        expectClose(f(x, w), expected.y, `${title(method)}: y`, 1e-5);
        const [dx, dw] = tf.grads(f)([x, w], tensor(dy, [5, 4]));
        expectClose(dx, expected.dx, `${title(method)}: dx`);
        expectClose(dw, expected.dw, `${title(method)}: dw`);
      });
    }
  });
});
