/**
 * The process of one of our engines (or of TF.js's): builds a network and its training as a run does, and does
 * steps on request. Protocol: trainer.mjs.
 */
import { resolveMethod } from '@surge-bnn/core';
import { randomStream } from '@surge-bnn/data';
import { useEngine } from '@surge-bnn/engine';
import { buildModel } from '@surge-bnn/models';
import { compensate, imageBatches, parseRecipe, Session } from '@surge-bnn/train';
import { networkOf } from './networks.mjs';
import { countParameters, serve } from './serve.mjs';

const config = JSON.parse(process.argv[2]);

/**
 * A training of random pictures with the network, method and engine of the configuration.
 *
 * @param compensator a recipe's options of SURGE; default: all defaults
 */
async function start({ network, method, batch, engine: options, compensator = 'surge' }) {
  const engine = await useEngine(options);
  const { spec, inputShape } = networkOf(network, method);
  const binarizer = resolveMethod('ste');
  const model = buildModel(spec, {
    inputBinarizer: binarizer.input,
    weightBinarizer: binarizer.weight,
    seed: 1,
    inputShape,
    classes: 10,
  });
  const decay = { weightDecay: 1e-4 };
  const recipe = parseRecipe({
    data: { name: 'random' },
    network: { name: spec.network, options: spec.options },
    compensator: method === 'surge' ? compensator : 'none',
    optimizer: { name: 'sgd', learningRate: 0.01, momentum: 0.9, ...decay },
    groups: { auxiliary: decay, normBias: decay },
    epochs: 1,
    batchSize: batch,
  });
  compensate(model, recipe);
  const session = new Session({
    recipe,
    engine,
    model,
    stepsPerEpoch: 1000,
    dataHash: 'random',
  });
  return {
    session,
    pictures: imageBatches(model, recipe, { inputShape, classes: 10 })(
      randomBatch(batch, inputShape),
    ),
    engine,
    parameters: countParameters(model),
  };
}

function randomBatch(count, inputShape) {
  const random = randomStream(1, 'benchmark');
  const size = count * inputShape.reduce((a, b) => a * b, 1);
  return {
    images: Float32Array.from({ length: size }, () => random.normal()),
    labels: Int32Array.from({ length: count }, () => random.integer(10)),
    indices: Int32Array.from({ length: count }, (_, i) => i),
    count,
  };
}

await serve(() => start(config));
