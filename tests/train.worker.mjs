/** A few steps of training in a thread of its own, from the built packages: what two-trainings.test.ts starts twice at the same time. */
import { parentPort, workerData } from 'node:worker_threads';
import { subset } from '@surge-bnn/data';
import { defaultParts, parseRecipe, runTraining } from '@surge-bnn/train';

const recipe = parseRecipe({
  data: { name: 'digits', trainLimit: 320 },
  network: { name: 'digits-cnn', options: { width: 8 } },
  compensator: 'surge',
  optimizer: { name: 'adam', learningRate: 0.01 },
  epochs: 1,
  batchSize: 32,
  engine: workerData.engine,
});
const parts = {
  ...defaultParts,
  async data(given) {
    const data = await defaultParts.data(given);
    const first = Int32Array.from({ length: 8 }, (_, i) => i);
    return { ...data, evaluation: subset(data.evaluation, first, 'test') };
  },
  workers: 0,
};
const { steps, engine, hashes } = await runTraining(recipe, { out: workerData.out }, parts);
parentPort.postMessage({ steps, engine, weights: hashes.weights });
