/** Small networks for texts with drawn weights, texts of several lengths, and a packed one run piece by piece as the page on the format says. */
import * as tf from '@tensorflow/tfjs-core';
import { bert, textInputs } from '@surge-bnn/language';
import type { Bert, BertHead, BertOptions, Texts } from '@surge-bnn/language';
import { encodeModel, PackedModel, resizedGraph } from '@surge-bnn/runtime';
import type { LoadOptions } from '@surge-bnn/runtime';
import type { LoweredText } from './lower-text.js';

/** Numbers in [-1, 1) that repeat, each a float32. */
export function drawn(count: number, seed: number): Float32Array {
  let state = Math.imul(seed + 1, 2654435761);
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export const smallSizes: Partial<BertOptions> = {
  layers: 2,
  width: 24,
  heads: 3,
  ffn: 40,
  vocabulary: 31,
  positions: 14,
  dropout: 0.1,
  attentionDropout: 0.1,
};

/** A network whose every weight has numbers of its own: scales lie about `scale`, factors about 1. */
export function drawnBert(
  options: Partial<BertOptions>,
  head: BertHead,
  seed: number,
  scale = 0.6,
): Bert {
  const network = bert({ ...smallSizes, ...options }, { head });
  network.model.weights.forEach((weight, i) => {
    const shape = weight.shape.map(Number);
    const name = weight.originalName.split('/').at(-1) ?? '';
    const middle =
      name === 'gamma' ? 1 : name === 'probabilityScale' ? 0.15 : /Scale$/.test(name) ? scale : 0;
    const size = name === 'probabilityScale' ? 0.05 : 0.4;
    const values = drawn(tf.util.sizeFromShape(shape), seed + i).map((v) => middle + size * v);
    const tensor = tf.tensor(values, shape);
    weight.write(tensor);
    tensor.dispose();
  });
  return network;
}

/** Texts of these lengths, padded to `length` by whatever. */
export function drawnTexts(lengths: readonly number[], length: number, seed: number): Texts {
  const count = lengths.length;
  const some = drawn(2 * count * length, seed);
  const at = (i: number, below: number) => Math.floor(((some[i] + 1) / 2) * below);
  return {
    ids: Int32Array.from({ length: count * length }, (_, i) => at(i, 31)),
    types: Int32Array.from({ length: count * length }, (_, i) => at(count * length + i, 2)),
    mask: Int32Array.from({ length: count * length }, (_, i) =>
      i % length < lengths[Math.floor(i / length)] ? 1 : 0,
    ),
    count,
    length,
  };
}

/** One text of a batch by itself, without its padding. */
export function alone(texts: Texts, row: number): Texts {
  const from = row * texts.length;
  const length = texts.mask.subarray(from, from + texts.length).reduce((a, b) => a + b, 0);
  const part = (values: Int32Array) => values.slice(from, from + length);
  return {
    ids: part(texts.ids),
    types: part(texts.types),
    mask: part(texts.mask),
    count: 1,
    length,
  };
}

export function withInputs<T>(texts: Texts, work: (inputs: tf.Tensor[]) => T): T {
  const inputs = textInputs(texts);
  try {
    return work(inputs);
  } finally {
    tf.dispose(inputs);
  }
}

/** The packed network's output for a text without padding. */
export function runPacked(
  { graph, tensors, tables: { words, places, types } }: LoweredText,
  text: Texts,
  options: LoadOptions = {},
): Float32Array {
  const width = words.shape[1];
  const source = {
    graph: resizedGraph(graph, [text.length, width]),
    tensors,
    metadata: {},
  };
  const model = PackedModel.fromBytes(encodeModel(source), options);
  const f = Math.fround;
  const pieces = Float32Array.from({ length: text.length * width }, (_, i) => {
    const [row, c] = [Math.floor(i / width), i % width];
    const word = words.values[text.ids[row] * width + c];
    const type = types.values[text.types[row] * width + c];
    return f(f(word + type) + places.values[row * width + c]);
  });
  return Float32Array.from(model.run(pieces));
}
