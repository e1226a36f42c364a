/** The public sentence encoder in the data directory, as a teacher: the vectors that it gives for sentences. */
import { readFile } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import { sentenceEncoderFiles } from '@surge-bnn/data';
import {
  readSafetensors,
  sentenceDefaults,
  sentenceEncoder,
  sentenceSizes,
} from '@surge-bnn/language';
import type { SentenceEncoder, Stored, Unigram } from '@surge-bnn/language';
import { sha256 } from '../../hash.js';
import { encoderAdvice, openUnigram } from './tokenizer.js';

/** Its file and its vocabulary, read; no tensor is made yet. */
export interface PublishedEncoder {
  readonly stored: ReadonlyMap<string, Stored>;
  readonly unigram: Unigram;
  readonly where: string;
  /** Hex SHA-256 of the weights' file. */
  readonly hash: string;
}

/** The file of its weights. @throws InputError where it is not there. */
export async function readPublished(
  directory: string | undefined,
): Promise<{ readonly where: string; readonly bytes: Uint8Array }> {
  const { weights: where } = sentenceEncoderFiles({ directory });
  const bytes = await readFile(where).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `the public sentence encoder ${where} cannot be read: ${reason}${encoderAdvice}`,
      { cause: error },
    );
  });
  return { where, bytes };
}

/** @throws InputError for a file that is not there, is damaged or has vectors of another size. */
export async function openPublished(directory: string | undefined): Promise<PublishedEncoder> {
  const { where, bytes } = await readPublished(directory);
  const unigram = await openUnigram({}, directory);
  const stored = readSafetensors(bytes, where);
  const { vector } = sentenceSizes(stored, where);
  if (vector !== sentenceDefaults.vector) {
    throw new InputError(
      `${where}: its vectors have ${vector} entries, and language.vectors learns ${sentenceDefaults.vector}`,
    );
  }
  return { stored, unigram, where, hash: sha256(bytes) };
}

/** Gives sentences their vectors; never trained. */
export class VectorTeacher {
  private readonly encoder: SentenceEncoder;

  constructor({ stored, unigram, where }: PublishedEncoder) {
    this.encoder = sentenceEncoder(stored, unigram, where);
  }

  /**
   * [sentences, vector], row by row. Vectors have the length 1; here they are sqrt(vector) long, so that their entries are of size 1 as a layer
   * that learns them expects.
   */
  vectorsOf(sentences: readonly string[]): Float32Array {
    const vectors = this.encoder.encode(sentences);
    const values = vectors.dataSync<'float32'>();
    vectors.dispose();
    const length = Math.sqrt(vectors.shape[1]);
    return values.map((value) => value * length);
  }

  dispose(): void {
    this.encoder.dispose();
  }
}
