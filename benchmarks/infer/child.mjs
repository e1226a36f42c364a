/**
 * The process of one contender: loads the network, checks its outputs, and runs it on request. Protocol: ../train/trainer.mjs,
 * where a step is a sample here: calls until 100 ms have passed, one at least; its seconds are the median call's.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { median } from '../lib/measure.mjs';

const config = JSON.parse(process.argv[2]);
const say = (record) => process.stdout.write(`${JSON.stringify(record)}\n`);
const sampleMilliseconds = 100;
/** Loads after the first, in the same process. */
const loadsAgain = 3;
/** Of the largest output: what float sums in another order may differ by. */
const tolerance = 1e-4;

/** A copy, whose address float32 may have. */
const floatsOf = (name) =>
  new Float32Array(new Uint8Array(readFileSync(path.join(config.folder, name))).buffer);

async function milliseconds(work) {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

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

async function times(model, steps) {
  const before = process.cpuUsage();
  const seconds = [];
  for (let i = 0; i < steps; i++) seconds.push(await sample(model));
  const { user, system } = process.cpuUsage(before);
  return {
    event: 'times',
    seconds,
    processorSeconds: (user + system) / 1e6,
    peakBytes: 1024 * process.resourceUsage().maxRSS,
  };
}

/** Milliseconds of each stage of the packed network, the median of as many runs as fit into that many samples' time. */
async function profile(model, samples) {
  const before = process.cpuUsage();
  const begin = performance.now();
  const runs = [];
  do runs.push(model.profile());
  while (performance.now() < begin + samples * sampleMilliseconds);
  const stages = runs[0].map(({ nodes }, i) => ({
    nodes,
    milliseconds: median(runs.map((run) => run[i].milliseconds)),
  }));
  const { user, system } = process.cpuUsage(before);
  return {
    event: 'profile',
    milliseconds: stages.reduce((sum, stage) => sum + stage.milliseconds, 0),
    kernels: stages,
    processorSeconds: (user + system) / 1e6,
  };
}

try {
  const { model, first, again } = await start();
  const difference = await checked(model);
  say({ event: 'ready', start: { first, again, difference } });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.profile === undefined) say(await times(model, request.steps));
    else say(await profile(model, request.profile));
  }
} catch (error) {
  // A defect keeps its stack, for the parent to show the last line of and for whoever runs the child by hand.
  console.error(error.stack);
  say({ event: 'unavailable', why: error.message });
}
process.exit(0);
