/** What every TF.js layer takes, and what getConfig gives back to the constructor of a loaded one. */
import type * as tfl from '@tensorflow/tfjs-layers';

type LayerArguments = NonNullable<ConstructorParameters<typeof tfl.layers.Layer>[0]>;

export type BaseOptions = Pick<
  LayerArguments,
  'name' | 'inputShape' | 'batchInputShape' | 'trainable' | 'dtype'
>;

/** The part of a layer's options that goes to the base class. */
export function baseOptions(options: BaseOptions): BaseOptions {
  const { name, inputShape, batchInputShape, trainable, dtype } = options;
  return { name, inputShape, batchInputShape, trainable, dtype };
}

/** A shape as TF.js hands it to `build`. */
export type LayerShape = Parameters<tfl.layers.Layer['build']>[0];

/** "[null,28,28,1]" for messages. */
export function shapeText(shape: LayerShape): string {
  return JSON.stringify(shape);
}
