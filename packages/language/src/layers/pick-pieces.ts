/** Some of a batch's vectors: the first of each text, or those at given places. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { baseOptions, registerOnce, type BaseOptions, type LayerShape } from '@surge-bnn/core';
import { sizes } from './shapes.js';

/** @see {@link firstPiece} */
export class FirstPiece extends tfl.layers.Layer {
  static readonly className = 'FirstPiece';

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const [batch, , width] = x.shape;
    return tf.reshape(tf.slice(x, [0, 0, 0], [batch, 1, width]), [batch, width]);
  }

  /** It moves numbers. */
  canonicalCall([x]: readonly Tensor[]): Tensor {
    return this.call(x);
  }

  override computeOutputShape(inputShape: LayerShape) {
    const [batch, , width] = sizes(inputShape);
    return [batch, width];
  }
}

/** [batch, length, width] to [batch, width]: the vector of [CLS]. */
export function firstPiece(options: BaseOptions = {}): FirstPiece {
  registerOnce(FirstPiece);
  return new FirstPiece(baseOptions(options, 'firstPiece'));
}

/** @see {@link piecesAt} */
export class PiecesAt extends tfl.layers.Layer {
  static readonly className = 'PiecesAt';

  override call(inputs: Tensor | Tensor[]): Tensor {
    const [x, places] = Array.isArray(inputs) ? inputs : [inputs];
    const [batch, length, width] = x.shape;
    if (places?.dtype !== 'int32') {
      throw new InputError(
        `layer "${this.name}": places must be int32, row * length + column each`,
      );
    }
    const rows = tf.reshape(x, [batch * length, width]);
    return tf.reshape(tf.gather(rows, tf.reshape(places, [places.size])), [places.size, 1, width]);
  }

  /** It moves numbers. */
  canonicalCall(inputs: readonly Tensor[]): Tensor {
    return this.call([...inputs]);
  }

  override computeOutputShape(inputShape: LayerShape) {
    return [null, 1, sizes(inputShape)[2]];
  }
}

/** Of [vectors, places], [batch, length, width] and int32 [count] (row * length + column): [count, 1, width]. */
export function piecesAt(options: BaseOptions = {}): PiecesAt {
  registerOnce(PiecesAt);
  return new PiecesAt(baseOptions(options, 'piecesAt'));
}
