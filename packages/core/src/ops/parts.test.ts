/**
 * Binarizers that are not plain signs, built here from the four parts: a transform with a learnable shift, a
 * standardising transform, live and learnable scales. They show that a published method is one combination,
 * and that the op's general path carries each gradient where it belongs.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
// TF.js's own gradients are registered by its layers package.
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Binarizer, LatentTransform, ScaleRule } from '../binarizers/binarizer.js';
import { ste } from '../binarizers/named/ste.js';
import { boxSurrogate, identitySurrogate } from '../binarizers/surrogates.js';
import type { BackwardStatistics } from '../compensator/statistics.js';
import { binaryConv2d } from './binary-conv2d.js';

beforeAll(() => tf.setBackend('cpu'));

const sumTo = (t: Tensor) => tf.sum(t, [0, 1, 2]);

/** RSign's shift per channel: u = x + s. */
const shift: LatentTransform = {
  name: 'shift',
  parameters: [{ name: 'shift', initialValue: 0, shape: 'per-channel' }],
  forward: (v, [s]) => tf.add(v, s),
  backward: (gradient) => ({ input: gradient.clone(), parameters: [sumTo(gradient)] }),
};

/** u = 2 v: the simplest transform whose Jacobian is not 1. */
const doubling: LatentTransform = {
  name: 'double',
  parameters: [],
  forward: (v) => tf.mul(v, 2),
  backward: (gradient) => ({ input: tf.mul(gradient, 2), parameters: [] }),
};

/** XNOR-Net's live mean |W| per filter. */
const liveMean: ScaleRule = {
  name: 'mean |W|',
  parameters: [],
  scale: (latent) => tf.mean(tf.abs(latent), [0, 1, 2]),
  multipliesWeightGradient: true,
  backward: (gradient, latent) => {
    const perFilter = latent.size / latent.shape[latent.rank - 1];
    return { latent: tf.mul(tf.sign(latent), tf.div(gradient, perFilter)), parameters: [] };
  },
};

/** ReCU's learnable factor per output channel. */
const learnable: ScaleRule = {
  name: 'learnable',
  parameters: [{ name: 'scale', initialValue: 1, shape: 'per-channel' }],
  scale: (_, [a]) => a.clone(),
  multipliesWeightGradient: true,
  backward: (gradient) => ({ parameters: [gradient.clone()] }),
};

const describe_ = { forward: '', backward: '', schedule: '', source: '' };
const make = (parts: Partial<Binarizer>): Binarizer => ({ ...ste, describe: describe_, ...parts });

const data = () => ({
  x: tf.randomUniform([2, 4, 4, 3], -2, 2, 'float32', 7),
  kernel: tf.randomUniform([3, 3, 3, 2], -1.5, 1.5, 'float32', 8),
  auxiliary: tf.randomUniform([3, 3, 3, 2], -1, 1, 'float32', 9),
  dy: tf.randomUniform([2, 4, 4, 2], -1, 1, 'float32', 10),
});

const close = (a: Tensor, b: Tensor) =>
  expect(tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]).toBeLessThan(1e-4);

describe('a learnable shift', () => {
  it('moves the sign, and gets the binary branch alone', () => {
    tf.tidy(() => {
      const { x, kernel, auxiliary, dy } = data();
      const s = tf.tensor1d([0.3, -0.2, 0.1]);
      const binarizer = make({ name: 'rsign', transform: shift });
      let seen: BackwardStatistics | undefined;
      const f = (xs: Tensor, ks: Tensor, ss: Tensor, as: Tensor) =>
        binaryConv2d(xs, ks, {
          padding: 'same',
          inputBinarizer: binarizer,
          weightBinarizer: 'ste',
          inputParameters: [ss],
          compensator: { auxiliary: as, eta: 0.5, onStatistics: (v) => (seen = v) },
        });
      const plain = (xs: Tensor, ks: Tensor) =>
        binaryConv2d(xs, ks, { padding: 'same', inputBinarizer: 'ste', weightBinarizer: 'ste' });
      close(f(x, kernel, s, auxiliary), plain(tf.add(x, s), kernel));
      const [dx, dk, ds] = tf.grads(f)([x, kernel, s, auxiliary], dy);
      const [gb, dkPlain] = tf.grads(plain)([tf.add(x, s), kernel], dy);
      close(dk, dkPlain);
      close(ds, sumTo(gb));
      const ga = tf.conv2dTranspose(
        dy as tf.Tensor4D,
        auxiliary as tf.Tensor4D,
        [2, 4, 4, 3],
        1,
        'same',
      );
      close(dx, tf.add(gb, tf.mul(ga, seen?.lambda ?? NaN)));
    });
  });
});

describe('a transform with a Jacobian', () => {
  it('carries g_b, and g_a too where the auxiliary sees the transformed input', () => {
    tf.tidy(() => {
      const { x, kernel, auxiliary, dy } = data();
      const binarizer = make({ name: 'doubled', transform: doubling, surrogate: boxSurrogate(1) });
      const run = (auxiliaryInput: 'raw' | 'transformed') => {
        let seen: BackwardStatistics | undefined;
        const gradients = tf.grads((xs: Tensor, as: Tensor) =>
          binaryConv2d(xs, kernel, {
            padding: 'same',
            inputBinarizer: binarizer,
            weightBinarizer: 'ste',
            compensator: {
              auxiliary: as,
              eta: 0.5,
              auxiliaryInput,
              onStatistics: (v) => (seen = v),
            },
          }),
        )([x, auxiliary], dy);
        if (seen === undefined) throw new Error('no statistics');
        return { dx: gradients[0], dauxiliary: gradients[1], ...seen };
      };
      const raw = run('raw');
      const transformed = run('transformed');
      expect(transformed.normA).toBeCloseTo(2 * raw.normA, 3);
      expect(transformed.lambda).toBeCloseTo(raw.lambda / 2, 5);
      close(transformed.dx, raw.dx);
      // wgrad(2x, G) lam/2 = wgrad(x, G) lam.
      close(transformed.dauxiliary, raw.dauxiliary);
      const inside = tf.mean(tf.cast(tf.greater(tf.abs(tf.mul(x, 2)), 1), 'float32')).dataSync()[0];
      expect(raw.clipped).toBeCloseTo(inside, 6);
    });
  });
});

describe.each([liveMean, learnable])('scale $name', (scale) => {
  it('has the gradient that autodiff of the relaxed layer gives', () => {
    tf.tidy(() => {
      const { x, kernel, dy } = data();
      const parameters = scale.parameters.length ? [tf.tensor1d([0.7, 1.4])] : [];
      // With slope 1 everywhere the surrogate network is y = a (conv(sign x, W)) in W around B = sign W.
      const weight = make({ name: 's', surrogate: identitySurrogate, scale });
      const f = (ks: Tensor, ...ps: Tensor[]) =>
        binaryConv2d(x, ks, {
          padding: 'same',
          inputBinarizer: 'identity',
          weightBinarizer: weight,
          weightParameters: ps,
        });
      const gradients = tf.grads(f)([kernel, ...parameters], dy);
      const signs = (t: Tensor) => tf.sub(1, tf.mul(2, tf.cast(tf.less(t, 0), 'float32')));
      const bits = signs(kernel);
      const relaxed = (b: Tensor, latent: Tensor, ps: Tensor[]) =>
        tf.mul(
          tf.conv2d(signs(x) as tf.Tensor4D, b as tf.Tensor4D, 1, 'same'),
          scale.scale(latent, ps, 0),
        );
      close(f(kernel, ...parameters), relaxed(bits, kernel, parameters));
      // Independent: TF.js's own autodiff of the relaxed layer, once in B (slope 1) and once in W.
      const [throughBits] = tf.grads((b: Tensor) => relaxed(b, kernel, parameters))([bits], dy);
      const [throughScale, ...rest] = tf.grads((latent: Tensor, ...ps: Tensor[]) =>
        tf.add(relaxed(bits, latent, ps), tf.mul(0, tf.sum(latent))),
      )([kernel, ...parameters], dy);
      close(gradients[0], tf.add(throughBits, throughScale));
      rest.forEach((g, i) => close(gradients[i + 1], g));
    });
  });
});

describe('the number of parameters', () => {
  it('is checked', () => {
    const options = {
      inputBinarizer: make({ name: 'rsign', transform: shift }),
      weightBinarizer: 'ste',
    } as const;
    expect(() => binaryConv2d(tf.zeros([1, 1, 1, 1]), tf.zeros([1, 1, 1, 1]), options)).toThrow(
      /the input binarizer takes 1 parameter\(s\) \[shift\], got 0/,
    );
  });
});
