/**
 * The process of one of our engines (or of TF.js's): builds a network and its training as a run does, and does
 * steps on request. Protocol: trainer.mjs.
 */
import { createInterface } from 'node:readline';
import { resolveMethod } from '@surge-bnn/core';
import { randomStream } from '@surge-bnn/data';
import { backendMemory, profileKernels, useEngine } from '@surge-bnn/engine';
import { buildModel } from '@surge-bnn/models';
import { compensate, imageBatches, parametersOf, parseRecipe, Session } from '@surge-bnn/train';
import { networkOf } from './networks.mjs';

const config = JSON.parse(process.argv[2]);
const say = (record) => process.stdout.write(`${JSON.stringify(record)}\n`);

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

/** Numbers that ship, in training form, and those of the auxiliaries. */
function countParameters(model) {
  const counts = { network: 0, auxiliary: 0 };
  for (const { role, variable } of parametersOf(model)) {
    counts[role === 'auxiliary' ? 'auxiliary' : 'network'] += variable.size;
  }
  return counts;
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

function timedStep({ session, pictures }) {
  const begin = performance.now();
  session.trainStep(pictures);
  return (performance.now() - begin) / 1000;
}

async function profile(training, steps) {
  const begin = performance.now();
  const { kernels, parts } = await profileKernels(() => {
    for (let i = 0; i < steps; i++) training.session.trainStep(training.pictures);
  });
  const perStep = ({ count, milliseconds }) => ({
    count: count / steps,
    milliseconds: milliseconds / steps,
  });
  return {
    event: 'profile',
    milliseconds: (performance.now() - begin) / steps,
    kernels: kernels.map(({ kernel, path, ...times }) => ({
      kernel: path === 'engine' ? kernel : `${kernel} (TF.js)`,
      ...perStep(times),
    })),
    parts: parts.map(({ part, ...times }) => ({ part, ...perStep(times) })),
  };
}

async function answer(training, request) {
  const before = process.cpuUsage();
  const processorSeconds = () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  if (request.profile !== undefined) {
    const profiled = await profile(training, request.profile);
    return { ...profiled, processorSeconds: processorSeconds() };
  }
  const seconds = Array.from({ length: request.steps }, () => timedStep(training));
  return {
    event: 'times',
    seconds,
    processorSeconds: processorSeconds(),
    peakBytes: 1024 * process.resourceUsage().maxRSS,
    heapBytes: backendMemory()?.peakBytes,
  };
}

try {
  const training = await start(config);
  say({ event: 'ready', engine: training.engine, parameters: training.parameters });
  for await (const line of createInterface({ input: process.stdin })) {
    say(await answer(training, JSON.parse(line)));
  }
} catch (error) {
  // A defect keeps its stack, for the parent to show the last line of and for whoever runs the child by hand.
  if (error.name !== 'InputError') console.error(error.stack);
  say({ event: 'unavailable', why: error.message });
}
process.exit(0);
