/** The whole path: train on an engine, convert the checkpoint, load the file, and get the trained network's bits. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { convertModel } from '@surge-bnn/converter';
import { canonicalForward } from '@surge-bnn/core';
import { inMemory, subset } from '@surge-bnn/data';
import { load } from '@surge-bnn/runtime';
import { defaultParts, evaluateRun, loadRun, parseRecipe, runTraining } from '@surge-bnn/train';
import type { LoadedRun, Parts } from '@surge-bnn/train';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeIsBuilt, use } from './backends.js';

/** The real digits, fewer of them. */
const parts: Parts = {
  ...defaultParts,
  async data(recipe) {
    const data = await defaultParts.data(recipe);
    const first = Int32Array.from({ length: 200 }, (_, i) => i);
    return { ...data, evaluation: subset(data.evaluation, first, 'test') };
  },
  workers: 0,
};

const trainedOn = [
  { engine: 'wasm', elsewhere: 'cpu' },
  { engine: 'tfjs', elsewhere: 'surge-wasm' },
  ...(nativeIsBuilt ? ([{ engine: 'native', elsewhere: 'surge-wasm' }] as const) : []),
] as const;

describe.each(trainedOn)('a network trained with SURGE on $engine', ({ engine, elsewhere }) => {
  let folder: string;
  let run: LoadedRun;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ship-'));
    const recipe = parseRecipe({
      data: { name: 'digits', trainLimit: 96 },
      network: { name: 'digits-cnn', options: { width: 4 } },
      compensator: { eta: 0.1 },
      optimizer: { name: 'adam', learningRate: 0.03 },
      epochs: 1,
      batchSize: 32,
      seed: 1,
      engine: { backend: engine },
    });
    await runTraining(recipe, { out: folder }, parts);
    run = await loadRun(folder, {}, parts);
  });
  afterAll(async () => {
    run.model.dispose();
    await rm(folder, { recursive: true });
  });

  it('runs packed with the same bits, there and on another backend', async () => {
    const evaluation = inMemory(run.data.evaluation);
    const { mean, std } = run.normalization;
    const pixels = { mean: [...mean], std: [...std] };
    const x = tf.tidy(() => {
      const bytes = tf.tensor4d(Float32Array.from(evaluation.images), [200, 28, 28, 1]);
      return tf.tensor4d(
        bytes.dataSync().map((byte) => (byte / 255 - mean[0]) / std[0]),
        [200, 28, 28, 1],
      );
    });
    const conversion = await convertModel(run.model, {
      inputs: [tf.clone(x)],
      inputsAre: 'digits',
      pixels,
      classes: evaluation.classes,
    });
    expect(conversion.report.agreement.equalOutputs).toBe(200);

    const packed = await load(conversion.bytes);
    const logits = packed.run(evaluation.images.slice());
    const trained = canonicalForward(run.model, x);
    expect(logits).toEqual(trained.dataSync());

    // The same network on a backend that it was not trained on.
    const [values, weights] = [x.dataSync(), run.model.getWeights().map((w) => w.dataSync())];
    await use(elsewhere);
    const twin = defaultParts.model(run.recipe, run.data.train);
    twin.setWeights(twin.getWeights().map((w, i) => tf.tensor(weights[i], w.shape)));
    const there = canonicalForward(twin, tf.tensor4d(values, [200, 28, 28, 1]));
    expect(there.dataSync()).toEqual(logits);
    twin.dispose();
    await run.model.getWeights()[0].data(); // the first backend's weights are still there
  });

  it('has the accuracy that evaluate tells', async () => {
    const evaluation = inMemory(run.data.evaluation);
    const { mean, std } = run.normalization;
    const again = await loadRun(folder, {}, parts);
    const { bytes } = await convertModel(again.model, {
      inputs: [
        tf.tensor4d(
          Float32Array.from(evaluation.images, (byte) => (byte / 255 - mean[0]) / std[0]),
          [200, 28, 28, 1],
        ),
      ],
      inputsAre: 'digits',
      pixels: { mean: [...mean], std: [...std] },
    });
    again.model.dispose();
    const logits = (await load(bytes)).run(evaluation.images.slice());
    const correct = evaluation.labels.filter((label, i) => {
      const row = logits.subarray(10 * i, 10 * i + 10);
      return row.indexOf(Math.max(...row)) === label;
    });
    expect((await evaluateRun(folder, {}, parts)).correct).toBe(correct.length);
  });
});
