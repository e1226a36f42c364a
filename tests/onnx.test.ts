/** Networks as ONNX files: onnxruntime says of the same inputs what the packed runtime says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { convertModel, exportOnnx, packModel } from '@surge-bnn/converter';
import { reestimateBatchNorm } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { inMemory } from '@surge-bnn/data';
import { decodeModel, PackedModel } from '@surge-bnn/runtime';
import type { ModelSource } from '@surge-bnn/runtime';
import { defaultParts, loadRun, parseRecipe, runTraining } from '@surge-bnn/train';
import * as tf from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { use } from './backends.js';
import { build, zoo } from './zoo.fixture.js';

/** For each example the largest difference between both, as a share of the largest output, and whether both predict the same. */
async function besideOnnx(source: ModelSource, inputs: Float32Array) {
  const packed = PackedModel.from(source);
  const expected = packed.run(inputs);
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await InferenceSession.create(exportOnnx(source), options);
  const [name] = session.inputNames;
  const shape = [
    inputs.length / packed.inputShape.reduce((a, b) => a * b, 1),
    ...packed.inputShape,
  ];
  const made = await session.run({ [name]: new Tensor('float32', inputs, shape) });
  await session.release();
  const { data } = made[session.outputNames[0]];
  if (!(data instanceof Float32Array)) throw new Error('the outputs are no float32');
  const each = expected.length / shape[0];
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return Array.from({ length: shape[0] }, (_, n) => {
    const [ours, theirs] = [expected, data].map((all) => all.subarray(n * each, (n + 1) * each));
    return {
      difference: Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]))) / scale,
      samePrediction: largest(ours) === largest(theirs),
    };
  });
}

const largest = (row: Float32Array) => row.indexOf(Math.max(...row));

/** Every batch norm with a scale and a shift of its own, of both signs, around the statistics of noise. */
async function unsettle(model: Model, noise: tf.Tensor): Promise<void> {
  for (const [i, weight] of model.weights.entries()) {
    const [gamma, beta] = ['gamma', 'beta'].map((name) => weight.originalName.endsWith(name));
    if (!gamma && !beta) continue;
    const { size, shape } = weight.read();
    const values = Float32Array.from({ length: size }, (_, c) => Math.sin(7 * i + c));
    weight.write(tf.tensor(gamma ? values.map((v) => v + 1.2 * Math.sign(v)) : values, shape));
  }
  await reestimateBatchNorm(model, [noise]);
}

describe.each(zoo)('%s with %j on %j', (network, options, inputShape) => {
  it('predicts the same as ONNX', async () => {
    await use('surge-wasm');
    const model = build(network, options, inputShape);
    const noise = tf.randomNormal([16, ...inputShape], 0, 1, 'float32', 5);
    await unsettle(model, noise);
    const { source } = packModel(model);
    const examples = await besideOnnx(source, Float32Array.from(noise.dataSync()));
    expect(examples.filter(({ samePrediction }) => !samePrediction)).toEqual([]);
    // Real numbers behind the stem may differ in their last bit, and so may one sign among some hundred thousand.
    const close = examples.filter(({ difference }) => difference < 2e-5);
    expect(close.length).toBeGreaterThanOrEqual(15);
    tf.dispose(noise);
    model.dispose();
  });
});

it('a trained network predicts all test digits as its ONNX file does', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'onnx-'));
  try {
    const recipe = parseRecipe({
      data: { name: 'digits', trainLimit: 256 },
      network: { name: 'digits-cnn', options: { width: 6 } },
      compensator: { eta: 0.1 },
      optimizer: { name: 'adam', learningRate: 0.02 },
      epochs: 1,
      batchSize: 32,
      seed: 1,
      engine: { backend: 'wasm' },
    });
    await runTraining(recipe, { out: folder }, { ...defaultParts, workers: 0 });
    const run = await loadRun(folder, {}, defaultParts);
    const { images } = inMemory(run.data.evaluation);
    const { mean, std } = run.normalization;
    const numbers = Float32Array.from(images, (byte) => (byte / 255 - mean[0]) / std[0]);
    const some = tf.tensor4d(numbers.slice(0, 784 * 20), [20, 28, 28, 1]);
    const { bytes } = await convertModel(run.model, { inputs: [some], inputsAre: 'digits' });
    const examples = await besideOnnx(decodeModel(bytes), numbers);
    expect(examples).toHaveLength(2000);
    expect(examples.filter(({ samePrediction }) => !samePrediction)).toEqual([]);
    const close = examples.filter(({ difference }) => difference < 2e-5);
    expect(close.length).toBeGreaterThanOrEqual(1980);
    run.model.dispose();
  } finally {
    await rm(folder, { recursive: true });
  }
});
