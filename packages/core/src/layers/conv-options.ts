/** What the binary convolutions of pictures and of sequences have in common: their options, checked, and as a saved layer has them. */
import type { serialization } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import type { PadValue } from '@surge-bnn/contract';
import type { InputBinarizer } from '../binarizers/binarizer.js';

interface CommonOptions {
  readonly filters: number;
  readonly padValue?: PadValue;
}

/**
 * The value outside the picture: +1, or 0 for a float input and one of more values than two, unless said otherwise.
 *
 * @param kernelSize one number for each axis.
 * @throws InputError naming the layer for sizes that are none, and for a float input that is padded with a sign.
 */
export function checkedPadValue(
  layer: string,
  input: InputBinarizer,
  kernelSize: readonly number[],
  { filters, padValue = takesSigns(input) ? 1 : 0 }: CommonOptions,
): PadValue {
  if (![filters, ...kernelSize].every((n) => Number.isInteger(n) && n > 0)) {
    throw new InputError(
      `layer "${layer}": filters and kernelSize must be whole numbers > 0, got ${filters} and ${kernelSize}`,
    );
  }
  if (input === 'none' && padValue !== 0) {
    throw new InputError(
      `layer "${layer}": with inputBinarizer 'none' the float input is padded with 0, so padValue must be 0, got ${padValue}`,
    );
  }
  return padValue;
}

const takesSigns = (input: InputBinarizer) => input !== 'none' && input.levels === undefined;

/** The options that place the windows, those that were given. */
export function windowConfig(options: {
  filters: unknown;
  kernelSize: unknown;
  strides?: unknown;
  padding?: unknown;
  dilationRate?: unknown;
  groups?: unknown;
}): serialization.ConfigDict {
  const { filters, kernelSize, strides, padding, dilationRate, groups } = options;
  const all = { filters, kernelSize, strides, padding, dilationRate, groups };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as serialization.ConfigDict;
}
