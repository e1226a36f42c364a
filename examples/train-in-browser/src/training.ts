/** The training: two networks from the same seed on the same batches, step by step in turns, with and without the compensator. */
import { engineText } from '@surge-bnn/contract';
import { binaryLayers } from '@surge-bnn/core';
import { BatchLoader, channelStatistics } from '@surge-bnn/data/browser';
import type { Batch, ImageSet } from '@surge-bnn/data/browser';
import { backendMemory, useEngine } from '@surge-bnn/engine';
import { atStep, nextTurn } from '@surge-bnn/train/browser';
import * as tf from '@tensorflow/tfjs-core';
import { Contestant } from './contestant.js';
import type { Control } from './control.js';
import type { Digits } from './digits-file.js';
import { pack } from './pack.js';
import { networkNames } from './protocol.js';
import type { Digit, Done, Report, Shipped } from './protocol.js';
import { recipesOf } from './recipes.js';
import type { EngineName, Settings } from './settings.js';

/** Reports come no faster, but for one before each evaluation: a page has better things to do than to draw 50 curves a second. */
const reportMilliseconds = 250;
const evaluationsPerEpoch = 2;
const shownPictures = 24;

/**
 * Trains, evaluates and packs both, and tells of it. When it comes back, or throws, everything that it made is given back.
 *
 * @throws InputError for settings that the recipe, the network or the engine does not take, and for a training that diverges.
 */
export async function trainPair(
  settings: Settings,
  digits: Digits,
  control: Control,
  tell: (report: Report) => void,
): Promise<void> {
  const recipes = recipesOf(settings);
  const info = await useEngine({ backend: settings.engine, threads: settings.threads });
  const before = tf.memory().numTensors;
  const normalization = channelStatistics(digits.train);
  const { batchSize, seed, augmentation, epochs } = recipes[0];
  const order = { batchSize, seed, normalization, augmentation };
  const loader = new BatchLoader(digits.train, order);
  const networks: Contestant[] = [];
  try {
    for (const recipe of recipes) {
      networks.push(new Contestant(recipe, digits, normalization, loader.batchesPerEpoch));
    }
    const stepsPerEpoch = loader.batchesPerEpoch;
    tell({
      kind: 'started',
      engine: engineText(info),
      steps: epochs * stepsPerEpoch,
      stepsPerEpoch,
      layers: binaryLayers(networks[1].model).map(({ name }) => name),
    });
    const step = await run({ settings, digits, control, tell }, networks, loader, epochs);
    const { seconds } = control;
    tell({ kind: 'packing' });
    const shipped = await exactly(settings.engine, async () => {
      const files: Shipped[] = [];
      for (const [i, network] of networks.entries()) {
        await network.settle(0, true);
        const { engine: _engine, threads: _threads, ...set } = settings;
        const of = { trainedIn: 'a browser', step, ...set, compensator: networkNames[i] };
        const from = { ...of, recipe: network.recipe.name, engine: engineText(info) };
        files.push(await pack(network.model, digits.test, normalization, from));
      }
      return files;
    });
    for (const network of networks.splice(0)) network.dispose();
    const [ste, surge] = shipped;
    const correct = [ste.correct, surge.correct] as const;
    tell({ kind: 'evaluated', step, seconds, correct, of: ste.of });
    const done: Done = {
      kind: 'done',
      stopped: step < epochs * stepsPerEpoch,
      step,
      seconds,
      networks: [ste, surge],
      tensorsLeft: tf.memory().numTensors - before,
    };
    tell(done);
  } finally {
    for (const network of networks) network.dispose();
    await loader.close();
  }
}

interface Run {
  readonly settings: Settings;
  readonly digits: Digits;
  readonly control: Control;
  readonly tell: (report: Report) => void;
}

/** All steps, or those until it is stopped; returns how many. */
async function run(
  { settings, digits, control, tell }: Run,
  networks: readonly Contestant[],
  loader: BatchLoader,
  epochs: number,
): Promise<number> {
  const stepsPerEpoch = loader.batchesPerEpoch;
  const every = Math.max(1, Math.ceil(stepsPerEpoch / evaluationsPerEpoch));
  let step = 0;
  let told = { at: performance.now(), step };

  const report = (batch: Batch): void => {
    const now = performance.now();
    const memory = backendMemory();
    tell({
      kind: 'progress',
      step,
      seconds: control.seconds,
      stepsPerSecond: (1000 * (step - told.step)) / (now - told.at),
      losses: [networks[0].recentLoss(), networks[1].recentLoss()],
      layers: networks[1].takeLayers(),
      pictures: picturesOf(digits.train, batch.indices.subarray(0, shownPictures)),
      tensors: tf.memory().numTensors,
      bytes: memory?.heapBytes,
    });
    told = { at: now, step };
  };

  const evaluate = async (epoch: number): Promise<void> => {
    const correct = await exactly(settings.engine, async () => {
      const counts: number[] = [];
      for (const network of networks) {
        await network.settle(epoch, false);
        counts.push(await network.correct());
      }
      return counts;
    });
    const [ste, surge] = correct;
    const of = digits.test.count;
    tell({ kind: 'evaluated', step, seconds: control.seconds, correct: [ste, surge], of });
    // The steps' speed without what was not a step.
    told = { at: performance.now(), step };
  };

  for (let epoch = 0; epoch < epochs; epoch++) {
    for await (const batch of loader.epoch(epoch)) {
      networks.forEach((network, i) => {
        const where = `step ${step + 1} of ${networkNames[i]} (epoch ${epoch + 1})`;
        atStep(where, () => {
          network.step(batch, step);
        });
      });
      step += 1;
      const isLast = step === epochs * stepsPerEpoch;
      // At the end it is the packed ones' turn.
      const evaluates = !isLast && step % every === 0;
      const isDue = performance.now() - told.at >= reportMilliseconds;
      if (isLast || evaluates || isDue) report(batch);
      await nextTurn();
      const [start, paused] = [performance.now(), told];
      if (control.paused) tell({ kind: 'paused' });
      await control.whilePaused();
      // A pause is no slow step.
      told = { ...paused, at: paused.at + performance.now() - start };
      if (control.stopped) return step;
      if (evaluates) await evaluate(epoch);
    }
  }
  return step;
}

/** On surge-wasm, whose numbers are the same everywhere; a GPU's sums are not, and packed models promise every bit. */
async function exactly<T>(engine: EngineName, work: () => Promise<T>): Promise<T> {
  if (engine === 'surge-wasm') return work();
  await useEngine({ backend: 'surge-wasm' });
  try {
    return await work();
  } finally {
    await useEngine({ backend: engine });
  }
}

/** The pictures as they stand in the set, before any augmentation. */
export function picturesOf(set: ImageSet, indices: Iterable<number>): Digit[] {
  const length = set.height * set.width * set.channels;
  return Array.from(indices, (index) => ({
    pixels: set.images.slice(index * length, (index + 1) * length),
    label: set.labels[index],
  }));
}
