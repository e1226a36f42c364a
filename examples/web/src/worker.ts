/** The Web Worker: holds the model and runs it, so that the page never waits. A file that is refused leaves the model before it. */
import { load } from '@surge-bnn/runtime';
import type { PackedModel } from '@surge-bnn/runtime';
import type { Reads } from './prepare.js';
import type { Loaded, Outputs, Result, Task, Timing } from './protocol.js';
import { answering, opened, threadsHere } from '../../shared/answering.js';
import { Refusal } from '../../shared/refusal.js';

let model: PackedModel | undefined;

answering<Task, Result>(async (task) =>
  task.kind === 'load' ? { loaded: await loadModel(task) } : { ran: runModel(task) },
);

async function loadModel({ name, bytes }: Extract<Task, { kind: 'load' }>): Promise<Loaded> {
  const loading = await opened(name, () => load(bytes, { threads: threadsHere }));
  let reads: Reads;
  try {
    reads = readsOf(loading, name);
  } catch (error) {
    loading.close();
    throw error;
  }
  const { kernels, nodes, outputs } = loading.describe();
  const last = nodes.find((node) => node.name === outputs[0].name);
  model?.close();
  model = loading;
  return {
    reads,
    kernels,
    classes: loading.classes ?? Array.from({ length: loading.outputShape[0] }, (_, i) => `${i}`),
    endsInSoftmax: last?.op === 'softmax',
    nodes,
    threads: threadsHere,
    cores: navigator.hardwareConcurrency,
    isolated: crossOriginIsolated,
  };
}

/** @throws Refusal for a model that reads no pictures, or gives no classes. */
function readsOf({ inputShape, outputShape, pixels, classes }: PackedModel, name: string): Reads {
  const [height, width, channels] = inputShape;
  const shape = `[${inputShape.join(', ')}]`;
  if (inputShape.length !== 3 || (channels !== 1 && channels !== 3)) {
    throw new Refusal(
      `${name} reads inputs of shape ${shape}, and this page has pictures for it: [height, width, 1] or [height, width, 3].`,
    );
  }
  if (pixels === undefined) {
    throw new Refusal(
      `${name} does not say how the bytes of a picture become its inputs; convert it with "pixels".`,
    );
  }
  if (outputShape.length !== 1) {
    throw new Refusal(
      `${name} gives outputs of shape [${outputShape.join(', ')}], and this page shows one number for each class.`,
    );
  }
  const digits = channels === 1 && height === width && classes?.join() === '0,1,2,3,4,5,6,7,8,9';
  return { height, width, channels, digits, lightOnDark: pixels.mean[0] <= 0.5 };
}

function runModel({ input, timed }: Extract<Task, { kind: 'run' }>): Outputs {
  if (model === undefined) throw new Error('a picture came before a model');
  const outputs = model.run(input);
  return { outputs, timing: timed ? timeOf(model, input) : undefined };
}

/** Clocks of pages are coarse: 1 ms in Firefox, 0.1 ms in Chromium, less when isolated. A sample is long against that. */
const sampleMilliseconds = 10;
const mostSamples = 9;
const mostMilliseconds = 400;

function timeOf(running: PackedModel, input: Uint8Array): Timing {
  const outputs = running.run(input);
  const sample = (runs: number): number => {
    const start = performance.now();
    for (let i = 0; i < runs; i++) running.run(input, outputs);
    return performance.now() - start;
  };
  // Doubling until it is long enough also warms the compiler up.
  let runs = 1;
  while (sample(runs) < sampleMilliseconds) runs *= 2;
  const times: number[] = [];
  const end = performance.now() + mostMilliseconds;
  do times.push(sample(runs) / runs);
  while (times.length < mostSamples && (times.length < 3 || performance.now() < end));
  times.sort((a, b) => a - b);
  return { milliseconds: times[times.length >> 1], samples: times.length, runs };
}
