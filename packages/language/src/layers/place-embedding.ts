/** What BERT adds to the words' vectors: where a piece stands, and in which of two sentences. */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError, seedFor } from '@surge-bnn/contract';
import {
  baseOptions,
  inputShapes,
  registerOnce,
  type BaseOptions,
  type LayerShape,
} from '@surge-bnn/core';
import { checkIds } from './check-ids.js';
import { smallNormal } from './initializer.js';

export interface PlaceEmbeddingOptions extends BaseOptions {
  /** Most pieces of a text. */
  positions: number;
  /** Kinds of pieces: 2 for pairs of sentences. */
  types: number;
  seed?: number;
}

/** @see {@link placeEmbedding} */
export class PlaceEmbedding extends tfl.layers.Layer {
  static readonly className = 'PlaceEmbedding';
  readonly positions: number;
  readonly types: number;
  private readonly seed: number | undefined;
  private tables: Record<'positions' | 'types', tfl.LayerVariable> | undefined;

  constructor(options: PlaceEmbeddingOptions) {
    super(baseOptions(options, 'placeEmbedding', ['positions', 'types', 'seed']));
    this.positions = options.positions;
    this.types = options.types;
    this.seed = options.seed;
  }

  override build(inputShape: LayerShape): void {
    const width = Number(inputShapes(inputShape)[0].at(-1));
    const table = (name: string, rows: number) => {
      const own = this.seed === undefined ? undefined : seedFor(this.seed, name);
      return this.addWeight(name, [rows, width], 'float32', smallNormal(own));
    };
    this.tables = {
      positions: table('positions', this.positions),
      types: table('types', this.types),
    };
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const [words, types] = Array.isArray(inputs) ? inputs : [inputs];
    if (this.tables === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    const [, length, width] = words.shape;
    if (length > this.positions) {
      throw new InputError(
        `layer "${this.name}": a text has ${length} pieces, but there are embeddings for ${this.positions} positions`,
      );
    }
    checkIds(types, this.types, 'type', this.name);
    const { positions, types: kinds } = this.tables;
    const places = tf.slice(positions.read(), [0, 0], [length, width]);
    return tf.add(tf.add(words, tf.gather(kinds.read(), types)), places);
  }

  /** Two sums, each rounded by itself. */
  canonicalCall(inputs: readonly Tensor[]): Tensor {
    return this.call([...inputs]);
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShapes(inputShape)[0];
  }

  /** It looks up and adds. */
  multiplyAdds(): { binary: number; float: number } {
    return { binary: 0, float: 0 };
  }

  override getConfig(): serialization.ConfigDict {
    const { positions, types, seed } = this;
    return { ...super.getConfig(), positions, types, ...(seed === undefined ? {} : { seed }) };
  }
}

/** Of [words, types], float32 [batch, length, width] and int32 [batch, length]: words + types' rows + the positions' rows, by the place in the text. */
export function placeEmbedding(options: PlaceEmbeddingOptions): PlaceEmbedding {
  registerOnce(PlaceEmbedding);
  return new PlaceEmbedding(options);
}
