/**
 * The process of one contender: loads the network, checks its outputs, and runs it on request. A sample is calls until 100 ms have
 * passed, one at least; its seconds are the median call's.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { median } from '../lib/measure.mjs';
import { milliseconds, serveSamples } from '../lib/serve-samples.mjs';

const config = JSON.parse(process.argv[2]);
const sampleMilliseconds = 100;
/** Loads after the first, in the same process. */
const loadsAgain = 3;
/** Of the largest output: what float sums in another order may differ by. */
const tolerance = 1e-4;

/** A copy, whose address float32 may have. */
const floatsOf = (name) =>
  new Float32Array(new Uint8Array(readFileSync(path.join(config.folder, name))).buffer);

/** The network, ready, and how long that took. */
async function start() {
  const { open } = await import(`./runners/${config.runner}.mjs`);
  const load = await open(config, (name) => readFileSync(path.join(config.folder, name)));
  let model;
  const first = await milliseconds(async () => {
    model = await load();
  });
  const again = [];
  for (let i = 0; i < loadsAgain; i++) {
    again.push(
      await milliseconds(async () => {
        await model.end();
        model = await load();
      }),
    );
  }
  return { model, first, again: median(again) };
}

/** Speed of a wrong result means nothing. @returns the largest difference, as a share of the largest output */
async function checked(model) {
  const { batch, inputShape, kind, exact } = config;
  const each = inputShape.reduce((a, b) => a * b, 1);
  const inputs = floatsOf('inputs.f32').subarray(0, batch * each);
  const expected = floatsOf(`${kind}.expected.f32`);
  model.give(inputs, batch);
  const outputs = await model.read();
  const count = Math.min(expected.length, outputs.length);
  let [largest, difference] = [0, 0];
  for (let i = 0; i < count; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    const one = Math.abs(expected[i] - outputs[i]);
    difference = one <= difference ? difference : one;
  }
  const share = difference / largest;
  if (!(share <= (exact ? 0 : tolerance))) {
    throw new Error(`its outputs differ from the expected ones by ${share} of the largest`);
  }
  return share;
}

/** Seconds of a call. */
async function sample(model) {
  const calls = [];
  const end = performance.now() + sampleMilliseconds;
  do calls.push(await milliseconds(() => model.run()));
  while (performance.now() < end);
  return median(calls) / 1000;
}

/** Milliseconds of each stage of the packed network, the median of as many runs as fit into that many samples' time. */
async function profile(model, samples) {
  const begin = performance.now();
  const runs = [];
  do runs.push(model.profile());
  while (performance.now() < begin + samples * sampleMilliseconds);
  const stages = runs[0].map(({ nodes }, i) => ({
    nodes,
    milliseconds: median(runs.map((run) => run[i].milliseconds)),
  }));
  return {
    event: 'profile',
    milliseconds: stages.reduce((sum, stage) => sum + stage.milliseconds, 0),
    kernels: stages,
  };
}

await serveSamples(async () => {
  const { model, first, again } = await start();
  const difference = await checked(model);
  return {
    start: { first, again, difference },
    sample: () => sample(model),
    profile: (samples) => profile(model, samples),
  };
});
