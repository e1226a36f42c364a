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

/** Sentences that go through the encoder at once. */
const BLOCK = 64;

/**
 * Gives sentences their vectors; never trained. It computes each once, 2 KB a sentence, so that only the first epoch pays for it. Rounding depends on what a
 * sentence goes through the encoder with: that is always the same block of sentences of like length, whatever batch asks first.
 */
export class VectorTeacher {
  private readonly encoder: SentenceEncoder;
  private readonly sentences: readonly string[];
  private readonly vectors: Float32Array;
  /** Indices from the shortest sentence to the longest, and where in there each sentence is. */
  private readonly order: Int32Array;
  private readonly rank: Int32Array;
  private readonly isKnown: Uint8Array;

  constructor({ stored, unigram, where }: PublishedEncoder, sentences: readonly string[]) {
    this.encoder = sentenceEncoder(stored, unigram, where);
    this.sentences = sentences;
    this.vectors = new Float32Array(sentences.length * this.size);
    this.order = Int32Array.from(sentences.keys()).sort(
      (a, b) => sentences[a].length - sentences[b].length || a - b,
    );
    this.rank = new Int32Array(sentences.length);
    this.order.forEach((index, at) => (this.rank[index] = at));
    this.isKnown = new Uint8Array(Math.ceil(sentences.length / BLOCK));
  }

  /**
   * [indices, vector], row by row. Vectors have the length 1; here they are sqrt(vector) long, so that their entries are of size 1 as a layer
   * that learns them expects.
   */
  vectorsOf(indices: Int32Array): Float32Array {
    const rows = new Float32Array(indices.length * this.size);
    indices.forEach((index, row) => {
      const block = Math.floor(this.rank[index] / BLOCK);
      if (this.isKnown[block] === 0) this.compute(block);
      rows.set(this.vectors.subarray(index * this.size, (index + 1) * this.size), row * this.size);
    });
    return rows;
  }

  dispose(): void {
    this.encoder.dispose();
  }

  private get size(): number {
    return this.encoder.options.vector;
  }

  private compute(block: number): void {
    const own = this.order.subarray(block * BLOCK, (block + 1) * BLOCK);
    const vectors = this.encoder.encode(Array.from(own, (index) => this.sentences[index]));
    const values = vectors.dataSync<'float32'>();
    vectors.dispose();
    const length = Math.sqrt(this.size);
    own.forEach((index, row) => {
      const from = values.subarray(row * this.size, (row + 1) * this.size);
      this.vectors.set(
        from.map((value) => value * length),
        index * this.size,
      );
    });
    this.isKnown[block] = 1;
  }
}
