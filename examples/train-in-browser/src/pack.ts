/** A trained network becomes a packed model, which is held to it on every test digit. */
import { convertModel } from '@surge-bnn/converter';
import { canonicalForward } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { BatchLoader } from '@surge-bnn/data/browser';
import type { ChannelStatistics, ImageSet } from '@surge-bnn/data/browser';
import { load } from '@surge-bnn/runtime';
import type { JsonObject } from '@surge-bnn/runtime';
import * as tf from '@tensorflow/tfjs-core';
import type { Shipped } from './protocol.js';

const batchSize = 250;

/**
 * The converter proves that the packed graph computes what the network does; here the finished file is loaded as a reader loads it,
 * is given the bytes of the pictures, and must say the same.
 *
 * @throws DisagreementError when the proof fails.
 */
export async function pack(
  model: Model,
  test: ImageSet,
  normalization: ChannelStatistics,
  provenance: JsonObject,
): Promise<Shipped> {
  const { bytes, report } = await convertModel(model, {
    inputs: inputBatches(test, normalization),
    inputsAre: `${test.count} test images of ${test.title}`,
    pixels: normalization,
    classes: test.classes,
    provenance,
  });
  const trained = await outputsOf(model, test, normalization);
  const packed = await load(bytes);
  const outputs = packed.run(test.images);
  packed.close();
  const { correct, equal } = compare(outputs, trained, test);
  // A copy of its own, which can be handed over to the page.
  return { bytes: bytes.slice(), correct, of: test.count, equal, floatBytes: report.floatBytes };
}

async function* inputBatches(test: ImageSet, normalization: ChannelStatistics) {
  const loader = new BatchLoader(test, { batchSize, seed: 0, normalization, shuffle: false });
  const { height, width, channels } = test;
  try {
    for await (const { images, count } of loader.epoch(0)) {
      yield tf.tensor4d(images, [count, height, width, channels]);
    }
  } finally {
    await loader.close();
  }
}

/** The network's outputs in canonical arithmetic, one row for each picture. */
async function outputsOf(
  model: Model,
  test: ImageSet,
  normalization: ChannelStatistics,
): Promise<Float32Array> {
  const all = new Float32Array(test.count * test.classes.length);
  let at = 0;
  for await (const x of inputBatches(test, normalization)) {
    const logits = canonicalForward(model, x);
    const rows = logits.dataSync<'float32'>();
    all.set(rows, at);
    at += rows.length;
    tf.dispose([x, logits]);
  }
  return all;
}

/** Bit for bit: 0 and -0 differ. `correct` counts the trained network's. */
export function compare(
  packed: Float32Array,
  trained: Float32Array,
  { labels, classes }: Pick<ImageSet, 'labels' | 'classes'>,
): { correct: number; equal: number } {
  let correct = 0;
  let equal = 0;
  labels.forEach((label, i) => {
    const [from, to] = [i * classes.length, (i + 1) * classes.length];
    const wanted = trained.subarray(from, to);
    if (packed.subarray(from, to).every((value, c) => Object.is(value, wanted[c]))) equal += 1;
    if (wanted.indexOf(Math.max(...wanted)) === label) correct += 1;
  });
  return { correct, equal };
}
