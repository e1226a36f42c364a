/** Vectors of sentences that compare by their cosine: the Universal Sentence Encoder Lite (`sentenceNetwork`) as it was trained, with its segmentation. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { textInputs } from '../network/bert.js';
import type { Stored } from '../weights/safetensors.js';
import { loadSentenceWeights, sentenceSizes } from './file.js';
import { sentenceNetwork, type SentenceNetwork } from './network.js';
import { type Unigram } from './unigram.js';

export interface SentenceEncoder extends SentenceNetwork {
  /** Vectors of texts, float32 [texts, width]; the caller disposes them. Texts of more than 128 pieces are cut. */
  encode(texts: readonly string[]): Tensor2D;
}

/**
 * @param stored the tensors of the file, `readSafetensors`. @param where names it in messages.
 * @throws InputError for a tensor that is missing or of a wrong shape, and a vocabulary with more pieces than embeddings.
 */
export function sentenceEncoder(
  stored: ReadonlyMap<string, Stored>,
  unigram: Unigram,
  where = 'the weights',
): SentenceEncoder {
  const sizes = sentenceSizes(stored, where);
  unigram.mustFit(sizes.vocabulary, where);
  const network = sentenceNetwork(sizes, { head: { kind: 'vector' } });
  try {
    loadSentenceWeights(network, stored, where);
  } catch (error) {
    network.dispose();
    throw error;
  }
  return { ...network, encode: (texts) => encode(network, unigram, texts) };
}

function encode(
  { model, options }: SentenceNetwork,
  unigram: Unigram,
  texts: readonly string[],
): Tensor2D {
  if (texts.length === 0) throw new InputError('encode: there must be at least one text');
  const pieces = texts.map((text) => unigram.encode(text, undefined, options.positions).ids);
  const count = texts.length;
  const length = Math.max(1, ...pieces.map((own) => own.length));
  const ids = new Int32Array(count * length).fill(unigram.special.pad);
  const types = new Int32Array(count * length);
  const mask = new Int32Array(count * length);
  pieces.forEach((own, row) => {
    ids.set(own, row * length);
    mask.fill(1, row * length, row * length + own.length);
  });
  return tf.tidy(() => model.apply(textInputs({ ids, types, mask, count, length })) as Tensor2D);
}
