/** A few steps with SURGE on a backend, in a page or in Node. */
import { layers, ops } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { randomStream } from '@surge-bnn/data/browser';
import { useEngine } from '@surge-bnn/engine';
import type { EngineOptions } from '@surge-bnn/engine';
import { compensate, imageBatches, parseRecipe, Trainer } from '@surge-bnn/train/browser';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Trained } from './outcome.js';

const classes = ['a', 'b', 'c', 'd'];
const [side, count, steps] = [12, 8, 3];
const inputShape = [side, side, 1] as const;

const recipe = parseRecipe({
  data: { name: 'digits' },
  network: 'digits-cnn', // and its optimizer, groups and compensator are used on the one below
  compensator: { eta: 0.1 },
  optimizer: { name: 'adam', learningRate: 0.01 },
  epochs: 1,
  batchSize: count,
});

/** Noise: pictures on which no pixel is like another, so that no sign stands on an edge by construction. */
const stream = randomStream(1, 'gpu-backends');
const batch = {
  images: Float32Array.from({ length: count * side * side }, () => 2 * stream.uniform() - 1),
  labels: Int32Array.from({ length: count }, (_, i) => i % classes.length),
  count,
};

/** Without a max-pool: sums of signs are often equal, and of equal ones TF.js's CPU backends give the gradient to the first, WebGL to the last. */
function network(): Model {
  const seeded = (seed: number) => tfl.initializers.heNormal({ seed });
  const binary = (name: string, filters: number, strides: number, seed: number) =>
    layers.binaryConv2d({
      ...{ name, filters, strides, seed, kernelSize: 3 },
      ...{ inputBinarizer: 'ste', weightBinarizer: 'ste' },
    });
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        ...{ filters: 8, kernelSize: 3, strides: 2, useBias: false, inputShape: [...inputShape] },
        kernelInitializer: seeded(1),
      }),
      layers.batchNorm({ name: 'norm0' }),
      binary('binary1', 8, 1, 2),
      layers.batchNorm({ name: 'norm1' }),
      binary('binary2', 16, 2, 3),
      layers.batchNorm({ name: 'norm2' }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: classes.length, kernelInitializer: seeded(4) }),
    ],
  });
  compensate(model, recipe);
  return model;
}

export async function trainOn(engine: EngineOptions): Promise<Trained> {
  const { provider } = await useEngine(engine);
  const model = network();
  const gradients = await gradientsOf(model);
  const trainer = new Trainer({ recipe, model });
  const shape = { inputShape, classes: classes.length };
  const trainingBatch = imageBatches(model, recipe, shape)(batch);
  const losses: number[] = [];
  let tensors: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push(trainer.step(trainingBatch, step / steps, step + 1).loss);
    await arrived(trainer, step + 1);
    tensors = [...tensors, tf.memory().numTensors];
  }
  const measured = trainer.recorder.take();
  trainer.dispose();
  model.dispose();
  return {
    provider,
    losses,
    gradients,
    tensors,
    statistics: measured.map(({ lambda, cosine, clipped }) => ({ lambda, cosine, clipped })),
  };
}

/** Statistics come when the device has them: waits, as long as it takes, for those of all layers for so many steps. */
async function arrived(trainer: Trainer, count: number): Promise<void> {
  const missing = () =>
    Object.values(trainer.recorder.state().sums).some((sums) => sums.count < count);
  while (missing()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Of the mean cross-entropy, by parameter in the model's order. */
async function gradientsOf(model: Model): Promise<number[][]> {
  const rows = Float32Array.from({ length: count * classes.length }, (_, i) =>
    batch.labels[Math.floor(i / classes.length)] === i % classes.length ? 1 : 0,
  );
  const x = tf.tensor4d(batch.images, [count, ...inputShape]);
  const labels = tf.tensor2d(rows, [count, classes.length]);
  const { value, grads } = tf.variableGrads(() => {
    const logits = model.apply(x, { training: true });
    if (!(logits instanceof tf.Tensor)) throw new Error('the network has several outputs');
    return tf.mean<tf.Scalar>(ops.softmaxCrossEntropy(logits, labels));
  });
  const found: number[][] = [];
  for (const weight of model.trainableWeights) {
    const variable = weight.read();
    if (!(variable instanceof tf.Variable)) throw new Error(`${weight.name} is no variable`);
    found.push(Array.from(await grads[variable.name].data()));
  }
  tf.dispose([x, labels, value, grads]);
  return found;
}
