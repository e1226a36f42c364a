/** The sentence encoder's file as a network to train. Node only. */
import { checkKeys } from '@surge-bnn/contract';
import type { Loaded } from '../weights/load.js';
import { readSafetensors } from '../weights/safetensors.js';
import { readModelFile } from '../weights/read-file.js';
import { loadSentenceWeights, sentenceSizes } from './file.js';
import { sentenceNetwork, type SentenceNetwork } from './network.js';
import type { SentenceHead, SentenceOptions, SentenceSizes } from './options.js';
import type { Unigram } from './unigram.js';

export interface OpenSentenceOptions {
  readonly behind: SentenceHead;
  /** What the file does not fix. */
  readonly options?: Partial<Omit<SentenceOptions, keyof SentenceSizes>>;
  /** Of a classifier's initial weights, and of dropout. Default 0. */
  readonly seed?: number;
  /** What texts will be cut by: refused where it has more pieces than the file has embeddings. */
  readonly unigram?: Unigram;
}

/**
 * ```ts
 * const behind = { kind: 'classifier', labels: 1 } as const;
 * const { network } = await openSentenceNetwork('use-lite.safetensors', { behind, options: { pairs: true } });
 * ```
 *
 * @throws InputError for a file that cannot be read, is damaged or holds another network.
 */
export async function openSentenceNetwork(
  file: string,
  given: OpenSentenceOptions,
): Promise<{ readonly network: SentenceNetwork; readonly loaded: Loaded }> {
  checkKeys(given, ['behind', 'options', 'seed', 'unigram'], 'openSentenceNetwork');
  const { behind, options, seed, unigram } = given;
  const stored = readSafetensors(await readModelFile(file), file);
  const sizes = sentenceSizes(stored, file);
  unigram?.mustFit(sizes.vocabulary, file);
  const network = sentenceNetwork({ ...sizes, ...options }, { head: behind, seed });
  try {
    return { network, loaded: loadSentenceWeights(network, stored, file) };
  } catch (error) {
    network.dispose();
    throw error;
  }
}
