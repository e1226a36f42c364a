/** The demo's last part: the trained network becomes a file, and the file is held to it in another process. */
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { engineText } from '@surge-bnn/contract';
import { canonicalForward } from '@surge-bnn/core';
import { inMemory } from '@surge-bnn/data';
import type { ImageSet } from '@surge-bnn/data';
import { loadRun } from '@surge-bnn/train';
import type { LoadedRun } from '@surge-bnn/train';
import * as tf from '@tensorflow/tfjs-core';
import { inputBatches } from '../model-file/batches.js';
import { convertRun } from '../model-file/convert-run.js';
import { writeModelFile } from '../model-file/write.js';
import type { FreshRun, Shipped } from '../report/model.js';
import { countProgress } from '../terminal/progress.js';
import type { Output } from '../terminal/output.js';
import { runInFreshProcess } from './fresh-process.js';

const modelName = 'model.bnn';

/** Single pictures that the trained network is timed on. */
const TIMED = 50;

export interface ShipOptions {
  readonly label: string;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/**
 * Converts the run in the folder, whose file stays there, and compares.
 *
 * @throws the signal's reason when it is aborted; DisagreementError when the conversion refuses itself.
 */
export async function shipRun(
  folder: string,
  { label, output, signal }: ShipOptions,
): Promise<Shipped> {
  const progress = countProgress(output, 'proof');
  const { bytes, report } = await convertRun(folder, {
    signal,
    onProgress: progress.show,
  }).finally(progress.close);
  const file = path.join(folder, modelName);
  await writeModelFile(file, bytes, true);
  const { layers, size, floatBytes, agreement } = report;
  const fresh = await compare(folder, file, signal);
  const link = `${path.basename(folder)}/${modelName}`;
  return { label, file: link, layers, size, floatBytes, agreement, fresh };
}

/** All evaluation images through the file in another process and through the trained network in this one. */
async function compare(folder: string, file: string, signal: AbortSignal): Promise<FreshRun> {
  const run = await loadRun(folder);
  try {
    const set = inMemory(run.data.evaluation);
    // A copy, because images lie in shared memory, which no other process has.
    const pictures = Uint8Array.from(set.images);
    const packed = await runInFreshProcess({ file, pictures }, signal);
    const trained = await canonicalOutputs(run, signal);
    return {
      ...equality(packed.outputs, trained, set),
      milliseconds: packed.milliseconds,
      node: packed.node,
      trainedMilliseconds: await timeTrained(run),
      trainedOn: engineText(run.engine),
    };
  } finally {
    run.model.dispose();
  }
}

async function canonicalOutputs(
  { model, data, normalization }: LoadedRun,
  signal: AbortSignal,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for await (const batch of inputBatches(data.evaluation, normalization)) {
    const outputs = canonicalForward(model, batch);
    parts.push(Float32Array.from(outputs.dataSync()));
    tf.dispose([batch, outputs]);
    await setImmediate(); // Ctrl-C
    signal.throwIfAborted();
  }
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Milliseconds of the trained network for one picture, in float32 as TF.js computes it: the peer of the packed model. */
async function timeTrained({ model, data, normalization }: LoadedRun): Promise<number> {
  const times: number[] = [];
  for await (const x of inputBatches(data.evaluation, normalization, 1)) {
    for (let i = 0; i < TIMED; i++) {
      const start = performance.now();
      tf.tidy(() => {
        model.apply(x, { training: false });
      });
      times.push(performance.now() - start);
    }
    x.dispose();
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}

/** Bit for bit: 0 and -0 differ, a NaN is itself. */
export function equality(
  packed: Float32Array,
  trained: Float32Array,
  { count, labels }: Pick<ImageSet, 'count' | 'labels'>,
): Pick<FreshRun, 'images' | 'equalOutputs' | 'equalPredictions' | 'accuracy' | 'difference'> {
  const classes = trained.length / count;
  if (packed.length !== trained.length) {
    throw new Error(`the file gave ${packed.length} outputs, not ${trained.length}`);
  }
  let equalOutputs = 0;
  let equalPredictions = 0;
  let correct = 0;
  let difference: string | undefined;
  for (let i = 0; i < count; i++) {
    const ours = packed.subarray(i * classes, (i + 1) * classes);
    const theirs = trained.subarray(i * classes, (i + 1) * classes);
    const wrong = ours.findIndex((value, c) => !Object.is(value, theirs[c]));
    const prediction = ours.indexOf(Math.max(...ours));
    if (wrong < 0) equalOutputs += 1;
    else
      difference ??= `output ${wrong} of image ${i} is ${bitsText(ours[wrong])} instead of ${bitsText(theirs[wrong])}`;
    if (prediction === theirs.indexOf(Math.max(...theirs))) equalPredictions += 1;
    if (prediction === labels[i]) correct += 1;
  }
  const found = { images: count, equalOutputs, equalPredictions, accuracy: correct / count };
  return difference === undefined ? found : { ...found, difference };
}

function bitsText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
