/** A table of vectors, one for each piece of a vocabulary; its rows are also what a masked-language model predicts by. */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import {
  baseOptions,
  canonicalMatMul,
  registerOnce,
  shapeText,
  type BaseOptions,
  type LayerShape,
} from '@surge-bnn/core';
import { checkIds } from './check-ids.js';
import { smallNormal } from './initializer.js';
import { sizes } from './shapes.js';

export interface WordEmbeddingOptions extends BaseOptions {
  /** Rows. */
  vocabulary: number;
  width: number;
  seed?: number;
}

/** @see {@link wordEmbedding} */
export class WordEmbedding extends tfl.layers.Layer {
  static readonly className = 'WordEmbedding';
  readonly vocabulary: number;
  readonly width: number;
  private readonly seed: number | undefined;
  private table: tfl.LayerVariable | undefined;

  constructor(options: WordEmbeddingOptions) {
    super(baseOptions(options, 'wordEmbedding', ['vocabulary', 'width', 'seed']));
    this.vocabulary = options.vocabulary;
    this.width = options.width;
    this.seed = options.seed;
  }

  override build(): void {
    const shape = [this.vocabulary, this.width];
    this.table = this.addWeight('table', shape, 'float32', smallNormal(this.seed));
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    if (this.table === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    const table = this.table.read();
    if (x.dtype !== 'int32') {
      const rows = tf.reshape(x, [x.size / this.width, this.width]);
      const y = tf.matMul<Tensor>(rows, table, false, true);
      return tf.reshape(y, [...x.shape.slice(0, -1), this.vocabulary]);
    }
    checkIds(x, this.vocabulary, 'piece', this.name);
    return tf.gather(table, x);
  }

  /** A look-up moves numbers; products with all rows are summed in f64 in order and rounded once. */
  canonicalCall([x]: readonly Tensor[]): Tensor {
    if (x.dtype === 'int32' || this.table === undefined) return this.call(x);
    return canonicalMatMul(x, tf.transpose(this.table.read()));
  }

  override computeOutputShape(inputShape: LayerShape) {
    const shape = sizes(inputShape);
    if (shape.length === 2) return [...shape, this.width];
    if (shape.length === 3 && shape[2] === this.width)
      return [...shape.slice(0, 2), this.vocabulary];
    throw new InputError(
      `layer "${this.name}": takes ids [batch, length] or vectors [batch, length, ${this.width}], got ${shapeText(inputShape)}`,
    );
  }

  /** Looking up multiplies nothing; predicting, each vector with each row. */
  multiplyAdds(input: readonly (number | null)[]): { binary: number; float: number } {
    if (input.length === 2) return { binary: 0, float: 0 };
    return { binary: 0, float: (input[1] ?? NaN) * this.width * this.vocabulary };
  }

  override getConfig(): serialization.ConfigDict {
    const { vocabulary, width, seed } = this;
    return { ...super.getConfig(), vocabulary, width, ...(seed === undefined ? {} : { seed }) };
  }
}

/**
 * Called with ids, int32 [batch, length], it gives their rows, [batch, length, width], and the gradient adds up by row. Called again with vectors, float32
 * [batch, length, width], it gives their products with all rows, [batch, length, vocabulary]: the weights of the two are tied (Press & Wolf 2017).
 */
export function wordEmbedding(options: WordEmbeddingOptions): WordEmbedding {
  registerOnce(WordEmbedding);
  return new WordEmbedding(options);
}
