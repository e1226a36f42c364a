/**
 * The native engine against the reference provider on whole networks: from equal weights the same integers forward and the same
 * gradients to float32's rounding, on every instruction set that runs here, and after steps of a real run nearly the same weights.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  attachCompensator,
  BatchNorm,
  binaryLayers,
  leafLayers,
  ops,
  surge,
} from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { subset } from '@surge-bnn/data';
import { buildModel } from '@surge-bnn/models';
import { defaultParts, loadCheckpoint, parseRecipe, runTraining } from '@surge-bnn/train';
import type { Parts } from '@surge-bnn/train';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { nativeIsas, nativeIsBuilt, use } from './backends.js';

interface Step {
  /** What each binary layer put out, in the order of the forward. */
  readonly integers: readonly Float32Array[];
  /** The loss' gradient at each weight, by name. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

const numbers = (count: number, from: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((i + from) * (i + from)));

/** ResNet-20 with the widths of the paper, on small pictures. */
function network(arm: string): Model {
  const model = buildModel(
    { network: 'resnet-20', options: {} },
    { inputBinarizer: 'ste', weightBinarizer: 'ste', seed: 3, inputShape: [8, 8, 3], classes: 10 },
  );
  if (arm === 'surge') attachCompensator(model, surge({ eta: 0.3 }), { seed: 2 });
  // A sum that equals its batch's mean would stand at a sign as 0, give or take a rounding; no beta is 0 now.
  for (const layer of leafLayers(model)) {
    if (!(layer instanceof BatchNorm)) continue;
    const [gamma, , ...moving] = layer.getWeights();
    const beta = tf.tensor1d(numbers(gamma.size, 0).map((v) => 0.3 + v / 9));
    layer.setWeights([gamma, beta, ...moving]);
  }
  return model;
}

/** One forward and backward on the current backend. */
function step(arm: string, batch = 4): Step {
  const model = network(arm);
  const integers: Float32Array[] = [];
  for (const layer of binaryLayers(model)) {
    const call = layer.call.bind(layer);
    layer.call = (...args) => {
      const y = call(...args);
      for (const one of [y].flat()) integers.push(one.dataSync<'float32'>().slice());
      return y;
    };
  }
  const variables = model.trainableWeights.map((w) => w.read() as tf.Variable);
  const gradients = tf.tidy(() => {
    const x = tf.tensor(numbers(batch * 8 * 8 * 3, 7), [batch, 8, 8, 3]);
    const classes = Int32Array.from({ length: batch }, (_, i) => (i * 7) % 10);
    const labels = tf.cast(tf.oneHot(tf.tensor1d(classes, 'int32'), 10), 'float32');
    const { grads } = tf.variableGrads(() => {
      const logits = model.apply(x, { training: true }) as tf.Tensor;
      return tf.mean<tf.Scalar>(ops.softmaxCrossEntropy(logits, labels));
    }, variables);
    return model.trainableWeights.map(
      (w, i) => [w.name, grads[variables[i].name].dataSync<'float32'>().slice()] as const,
    );
  });
  model.dispose();
  return { integers, gradients: new Map(gradients) };
}

/** L2 distance in units of the wanted one's length. */
function distance(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  const values = Array.from(wanted);
  return Math.hypot(...values.map((v, i) => v - found[i])) / Math.hypot(...values);
}

const notBuilt = 'the native engine (needs npm run build:native)';

describe.skipIf(!nativeIsBuilt)(notBuilt, () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    if (tf.findBackend('surge-native')) tf.removeBackend('surge-native');
  });

  describe.each(['ste', 'surge'])('one step of ResNet-20 with %s', (arm) => {
    let wanted: Step;
    beforeAll(async () => {
      await use('surge-reference');
      wanted = step(arm);
    });

    it('is compared where all is alive and whole', () => {
      expect(wanted.integers).toHaveLength(18);
      expect(wanted.integers.flatMap((y) => [...y]).every(Number.isInteger)).toBe(true);
      for (const gradient of wanted.gradients.values()) {
        expect(gradient.every(Number.isFinite) && gradient.some((v) => v !== 0)).toBe(true);
      }
    });

    it.each(nativeIsas.flatMap((isa) => [1, 2].map((threads) => [isa, threads] as const)))(
      'on %s with %i thread(s): integers equal, gradients within 1e-5, and all of it twice',
      async (isa, threads) => {
        vi.stubEnv('SURGE_ISA', isa);
        await use('surge-native', threads);
        const found = step(arm);
        found.integers.forEach((y, i) => {
          expect(y, `output of binary layer ${i}`).toEqual(wanted.integers[i]);
        });
        expect([...found.gradients.keys()]).toHaveLength(wanted.gradients.size);
        for (const [i, [name, gradient]] of [...wanted.gradients].entries()) {
          const [, other] = [...found.gradients][i];
          expect(distance(other, gradient), name).toBeLessThan(1e-5);
        }
        const again = step(arm);
        expect([...again.gradients.values()]).toEqual([...found.gradients.values()]);
      },
    );
  });

  describe('five steps of a real run', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'native-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    const parts: Parts = {
      ...defaultParts,
      async data(recipe) {
        const data = await defaultParts.data(recipe);
        const first = Int32Array.from({ length: 8 }, (_, i) => i);
        return { ...data, evaluation: subset(data.evaluation, first, 'test') };
      },
      workers: 0,
    };

    it.each(['none', 'surge'])('with compensator %s: weights within 1e-3', async (compensator) => {
      const weights = async (backend: string) => {
        const out = path.join(folder, `${compensator}-${backend}`);
        const recipe = parseRecipe({
          data: { name: 'digits', trainLimit: 80 },
          network: { name: 'digits-cnn', options: { width: 4 } },
          compensator,
          optimizer: { name: 'sgd', learningRate: 0.05 },
          epochs: 1,
          batchSize: 16,
          engine: { backend },
        });
        expect((await runTraining(recipe, { out }, parts)).steps).toBe(5);
        const { tensors } = await loadCheckpoint(out, 'last');
        return [...tensors].filter(([key]) => key.startsWith('weights/'));
      };
      const wanted = await weights('reference');
      const found = new Map(await weights('native'));
      expect(wanted.length).toBeGreaterThan(10);
      for (const [key, { values }] of wanted) {
        expect(distance(found.get(key)?.values ?? [], values), key).toBeLessThan(1e-3);
      }
    });
  });
});
