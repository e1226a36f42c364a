/** The layers that tell the sentences of a pair apart by the types of their pieces, and what a classifier of pairs compares. */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import {
  baseOptions,
  inputShapes,
  readsAreCheap,
  registerOnce,
  type BaseOptions,
  type LayerShape,
} from '@surge-bnn/core';
import { sizes } from '../layers/shapes.js';

export interface SentenceMaskOptions extends BaseOptions {
  /** Which sentence of a pair, by the type of its pieces; absent: texts are one sentence, and a piece of another type is refused. */
  type?: 0 | 1;
}

/** @see {@link sentenceMask} */
export class SentenceMask extends tfl.layers.Layer {
  static readonly className = 'SentenceMask';
  readonly type: 0 | 1 | undefined;

  constructor(options: SentenceMaskOptions) {
    super(baseOptions(options, 'sentenceMask', ['type']));
    this.type = options.type;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const [mask, types] = Array.isArray(inputs) ? inputs : [inputs];
    if (this.type === undefined) {
      if (readsAreCheap() && types.dataSync<'int32'>().some((type) => type !== 0)) {
        throw new InputError(
          `layer "${this.name}": a text is a pair of sentences, but the network was built for single ones; build it with pairs: true`,
        );
      }
      return mask.clone();
    }
    return tf.tidy(() => tf.mul(mask, ofType(types, this.type === 1)));
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShapes(inputShape)[0];
  }

  override getConfig(): serialization.ConfigDict {
    const { type } = this;
    return { ...super.getConfig(), ...(type === undefined ? {} : { type }) };
  }
}

/** Of [mask, types], int32 [batch, length] each: the mask of one sentence's pieces. */
export function sentenceMask(options: SentenceMaskOptions): SentenceMask {
  registerOnce(SentenceMask);
  return new SentenceMask(options);
}

/** @see {@link pairMask} */
export class PairMask extends tfl.layers.Layer {
  static readonly className = 'PairMask';

  override call(inputs: Tensor | Tensor[]): Tensor {
    const [mask, types] = Array.isArray(inputs) ? inputs : [inputs];
    const [batch, length] = mask.shape;
    return tf.tidy(() => {
      const across = tf.reshape(types, [batch, 1, length]);
      const down = tf.reshape(types, [batch, length, 1]);
      const alike = tf.cast(tf.equal(across, down), 'int32');
      return tf.mul(alike, tf.reshape(mask, [batch, 1, length]));
    });
  }

  override computeOutputShape(inputShape: LayerShape) {
    const [batch, length] = sizes(inputShape);
    return [batch, length, length];
  }
}

/** Of [mask, types]: for each piece those that it sees, which are the pieces of its own sentence, int32 [batch, length, length]. */
export function pairMask(options: BaseOptions): PairMask {
  registerOnce(PairMask);
  return new PairMask(baseOptions(options, 'pairMask'));
}

/** @see {@link pairFeatures} */
export class PairFeatures extends tfl.layers.Layer {
  static readonly className = 'PairFeatures';

  override call(inputs: Tensor | Tensor[]): Tensor {
    const [u, v] = Array.isArray(inputs) ? inputs : [inputs];
    return tf.tidy(() => tf.concat([u, v, tf.abs(tf.sub(u, v)), tf.mul(u, v)], -1));
  }

  override computeOutputShape(inputShape: LayerShape) {
    const [batch, width] = sizes(inputShape);
    return [batch, width === null ? null : 4 * width];
  }
}

/** Of [u, v], [batch, width] each: [u, v, |u - v|, u v], [batch, 4 width]. */
export function pairFeatures(options: BaseOptions): PairFeatures {
  registerOnce(PairFeatures);
  return new PairFeatures(baseOptions(options, 'pairFeatures'));
}

/** 1 for the pieces of a sentence, int32: types are 0 and 1. */
export function ofType(types: Tensor, second: boolean): Tensor {
  return second ? types.clone() : tf.sub(tf.scalar(1, 'int32'), types);
}
