/** The public sentence encoder in the data directory, as a teacher: the vectors that it gives for sentences. */
import { readFile } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import { sentenceEncoderFiles } from '@surge-bnn/data';
import type { TextExample } from '@surge-bnn/data';
import { readSafetensors, sentenceEncoder } from '@surge-bnn/language';
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

/** @throws InputError for a file that is not there or is damaged. */
export async function openPublished(directory: string | undefined): Promise<PublishedEncoder> {
  const { weights: where } = sentenceEncoderFiles({ directory });
  const bytes = await readFile(where).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `the public sentence encoder ${where} cannot be read: ${reason}${encoderAdvice}`,
      { cause: error },
    );
  });
  const unigram = await openUnigram({}, directory);
  return { stored: readSafetensors(bytes, where), unigram, where, hash: sha256(bytes) };
}

/** Texts that go through the encoder at once. */
const BLOCK = 64;

/**
 * Gives sentences their vectors, or pairs what tells how alike they are: |u - v| and u v, entry by entry, of their vectors u and v. Never trained. It computes each
 * once, 2 KB a sentence and 4 a pair, so that only the first epoch pays for it. Rounding depends on what a text goes through the encoder with: that is always
 * the same block of texts of like length, whatever batch asks first.
 */
export class VectorTeacher {
  private readonly encoder: SentenceEncoder;
  private readonly examples: readonly TextExample[];
  /** Numbers of a row. */
  private readonly size: number;
  private readonly vectors: Float32Array;
  /** Indices from the shortest text to the longest, and where in there each text is. */
  private readonly order: Int32Array;
  private readonly rank: Int32Array;
  private readonly isKnown: Uint8Array;

  /** @param examples sentences, or pairs, all alike. */
  constructor({ stored, unigram, where }: PublishedEncoder, examples: readonly TextExample[]) {
    this.encoder = sentenceEncoder(stored, unigram, where);
    this.examples = examples;
    const { vector } = this.encoder.options;
    this.size = examples[0]?.second === undefined ? vector : 2 * vector;
    const count = examples.length;
    this.vectors = new Float32Array(count * this.size);
    const lengths = examples.map(({ sentence, second = '' }) => sentence.length + second.length);
    this.order = Int32Array.from(lengths.keys()).sort((a, b) => lengths[a] - lengths[b] || a - b);
    this.rank = new Int32Array(count);
    this.order.forEach((index, at) => (this.rank[index] = at));
    this.isKnown = new Uint8Array(Math.ceil(count / BLOCK));
  }

  /** [indices, vector], or [indices, 2 vector] of pairs, row by row. */
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

  private compute(block: number): void {
    const own = this.order.subarray(block * BLOCK, (block + 1) * BLOCK);
    const examples = Array.from(own, (index) => this.examples[index]);
    const firsts = this.scaled(examples.map(({ sentence }) => sentence));
    const seconds = examples.flatMap(({ second }) => second ?? []);
    const others = seconds.length === 0 ? undefined : this.scaled(seconds);
    const { vector } = this.encoder.options;
    own.forEach((index, row) => {
      const u = firsts.subarray(row * vector, (row + 1) * vector);
      if (others === undefined) {
        this.vectors.set(u, index * this.size);
        return;
      }
      const v = others.subarray(row * vector, (row + 1) * vector);
      const apart = u.map((value, i) => Math.abs(value - v[i]));
      this.vectors.set(apart, index * this.size);
      const product = u.map((value, i) => value * v[i]);
      this.vectors.set(product, index * this.size + vector);
    });
    this.isKnown[block] = 1;
  }

  /** Vectors have the length 1; here they are sqrt(vector) long, so that their entries are of size 1 as a layer that learns them expects. */
  private scaled(sentences: readonly string[]): Float32Array {
    const vectors = this.encoder.encode(sentences);
    const values = vectors.dataSync<'float32'>();
    vectors.dispose();
    const length = Math.sqrt(this.encoder.options.vector);
    return values.map((value) => value * length);
  }
}
