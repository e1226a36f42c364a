/** Small text models whose weights are drawn, their tokenizer, and sentences of its words. */
import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '@surge-bnn/data';
import { bert } from '@surge-bnn/language';
import type { Bert, BertOptions } from '@surge-bnn/language';
import { WordPiece } from '@surge-bnn/runtime/text';

/** Special pieces, punctuation, then 60 words and their continuations. */
export const pieces: readonly string[] = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ',', '.', '你', 'café'],
  ...Array.from({ length: 60 }, (_, i) => `w${i.toString(36)}`),
  ...Array.from({ length: 30 }, (_, i) => `##x${i.toString(36)}`),
].map((piece) => piece.replace('café', 'cafe'));

export const wordPiece = new WordPiece(pieces);

/** Every weight has numbers of its own: scales lie about 0.6, factors about 1. */
export function drawnText(
  options: Partial<BertOptions>,
  labels: number,
  { seed = 7, maxLength = 24 } = {},
): Bert {
  const sizes = { layers: 2, width: 24, heads: 3, ffn: 40, positions: maxLength };
  const head = { kind: 'classifier', labels } as const;
  const network = bert({ ...sizes, vocabulary: pieces.length, ...options }, { head });
  for (const weight of network.model.weights) {
    const shape = weight.shape.map(Number);
    const name = weight.originalName.split('/').at(-1) ?? '';
    const stream = randomStream(seed, weight.originalName);
    const middle =
      name === 'gamma' ? 1 : name === 'probabilityScale' ? 0.15 : /Scale$/.test(name) ? 0.6 : 0;
    const size = name === 'probabilityScale' ? 0.05 : 0.4;
    const values = Float32Array.from(
      { length: tf.util.sizeFromShape(shape) },
      () => middle + size * (2 * stream.uniform() - 1),
    );
    const tensor = tf.tensor(values, shape);
    weight.write(tensor);
    tensor.dispose();
  }
  return network;
}

/** Sentences, or pairs of them, of 0 to 30 words. */
export function drawnSentences(count: number, pairs = false, seed = 1) {
  const stream = randomStream(seed, 'sentences');
  const below = (n: number) => Math.floor(stream.uniform() * n);
  const sentence = () =>
    Array.from({ length: below(30) }, () => {
      const word = `w${below(60).toString(36)}`;
      const more = below(3) === 0 ? `x${below(30).toString(36)}` : '';
      return [word + more, 'CAFÉ', '你', 'unknown', ','][Math.max(0, below(40) - 35)];
    }).join(' ');
  return Array.from({ length: count }, () => ({
    sentence: sentence(),
    ...(pairs ? { second: sentence() } : {}),
  }));
}
