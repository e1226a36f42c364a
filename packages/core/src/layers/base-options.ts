/** What every TF.js layer takes, and what getConfig gives back to the constructor of a loaded one. */
import type * as tfl from '@tensorflow/tfjs-layers';
import { checkKeys, InputError } from '@surge-bnn/contract';

type LayerArguments = NonNullable<ConstructorParameters<typeof tfl.layers.Layer>[0]>;

export type BaseOptions = Pick<
  LayerArguments,
  'name' | 'inputShape' | 'batchInputShape' | 'trainable' | 'dtype'
>;

const baseKeys: Record<keyof BaseOptions, true> = {
  name: true,
  inputShape: true,
  batchInputShape: true,
  trainable: true,
  dtype: true,
};

/**
 * The part of a layer's options that goes to the base class.
 *
 * @param ownKeys the options that the layer itself reads.
 * @throws InputError for any other key, with the nearest right one.
 */
export function baseOptions(
  options: BaseOptions,
  layer: string,
  ownKeys: readonly string[] = [],
): BaseOptions {
  const allowed = [...ownKeys, ...Object.keys(baseKeys)];
  // TF.js adds customObjects to the config of a layer that it loads.
  checkKeys(options, allowed, `layers.${layer}`, ['customObjects']);
  const { name, inputShape, batchInputShape, trainable, dtype } = options;
  return { name, inputShape, batchInputShape, trainable, dtype };
}

/** A shape as TF.js hands it to `build`. */
export type LayerShape = Parameters<tfl.layers.Layer['build']>[0];

/** The shapes of a layer's inputs, be it one or a list. */
export function inputShapes(inputShape: LayerShape): LayerShape[] {
  return Array.isArray(inputShape[0]) ? (inputShape as LayerShape[]) : [inputShape];
}

/** "[null,28,28,1]" for messages. */
export function shapeText(shape: LayerShape): string {
  return JSON.stringify(shape);
}

/**
 * [batch, height, width, channels], of which only the batch may be unknown.
 * @throws InputError naming the layer.
 */
export function pictureShape(shape: LayerShape, layer: string): readonly number[] {
  const flat = shape.filter((d): d is number => typeof d === 'number' || d === null);
  if (flat.length !== 4 || flat.slice(1).some((d) => !(d > 0))) {
    throw new InputError(
      `layer "${layer}": the input must have shape [batch, height, width, channels] with known sizes, got ${shapeText(shape)}`,
    );
  }
  return flat;
}

/**
 * Size of the last axis, for layers with a number for each channel.
 * @throws InputError naming the layer where it is unknown.
 */
export function channelsOf(shape: LayerShape, layer: string): number {
  const channels = shape[shape.length - 1];
  if (typeof channels === 'number' && channels > 0) return channels;
  throw new InputError(
    `layer "${layer}": the last axis of the input must have a known size, got ${shapeText(shape)}`,
  );
}
