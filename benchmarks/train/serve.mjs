/**
 * The answering half of a training's process: steps and profiles on request, in the lines of trainer.mjs. Which network is trained, and on what, is
 * the caller's.
 */
import { createInterface } from 'node:readline';
import { backendMemory, profileKernels } from '@surge-bnn/engine';
import { parametersOf } from '@surge-bnn/train';

const say = (record) => process.stdout.write(`${JSON.stringify(record)}\n`);

/** @param start gives {session, pictures: a training batch, engine, parameters}. Ends the process when nobody asks any more. */
export async function serve(start) {
  try {
    const training = await start();
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

/** Numbers that ship, in training form, and those of the auxiliaries. */
export function countParameters(model) {
  const counts = { network: 0, auxiliary: 0 };
  for (const { role, variable } of parametersOf(model)) {
    counts[role === 'auxiliary' ? 'auxiliary' : 'network'] += variable.size;
  }
  return counts;
}
