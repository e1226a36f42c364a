/** What the networks from the papers share: options, and float and binary convolutions as their repositories have them. */
import { layers } from '@surge-bnn/core';
import { InputError, seedFor } from '@surge-bnn/contract';
import type { PadValue } from '@surge-bnn/contract';
import * as tfl from '@tensorflow/tfjs-layers';
import type { BuildContext } from './network.js';

/** Options of all networks from the papers. */
export interface PaperOptions {
  /** Channels of the first convolution; all others are multiples of it. */
  width: number;
  /** full: the full-precision twin, an ordinary convolution in place of each binary one. */
  precision: 'binary' | 'full';
  /** Behind each batch norm or add. With hardtanh the signs see |x| <= 1 and the box never clips (METHOD.md section 5). */
  activation: 'hardtanh' | 'none';
  /** What stands outside the picture in a binary convolution; the papers' code pads with 0. */
  padValue: PadValue;
  /** Share of the moving statistics that batch norm keeps at each step; PyTorch's momentum 0.1 is 0.9 here. */
  momentum: number;
}

export const paperDefaults: Omit<PaperOptions, 'width'> = {
  precision: 'binary',
  activation: 'hardtanh',
  padValue: 0,
  momentum: 0.9,
};

/** @throws InputError for an option that is not allowed; padValue and momentum are checked by their layers. */
export function checkPaperOptions(network: string, options: PaperOptions): void {
  const { width, precision, activation, padValue } = options;
  const refuse = (option: string, allowed: string, value: unknown) =>
    new InputError(
      `network ${network}: ${option} must be ${allowed}, got ${JSON.stringify(value)}`,
    );
  if (!Number.isInteger(width) || width < 1) throw refuse('width', 'a whole number >= 1', width);
  if (!['binary', 'full'].includes(precision)) {
    throw refuse('precision', 'binary or full', precision);
  }
  if (!['hardtanh', 'none'].includes(activation)) {
    throw refuse('activation', 'hardtanh or none', activation);
  }
  if (![0, 1, -1].includes(padValue)) throw refuse('padValue', '0, 1 or -1', padValue);
  if (precision === 'full' && activation === 'none') {
    throw new InputError(
      `network ${network}: without an activation the full-precision network would be linear; set activation to hardtanh or precision to binary`,
    );
  }
}

/** A 3x3 convolution in float without bias, padded as in PyTorch. */
export function floatConv(name: string, filters: number, { seed }: BuildContext, strides = 1) {
  return layers.conv2d({
    name,
    filters,
    kernelSize: 3,
    strides,
    padding: 1,
    seed: seedFor(seed, `init/${name}`),
  });
}

/** The activation as an option of the batch norm in front of it. */
export function behindNorm(activation: PaperOptions['activation']): {
  readonly activation?: 'hardTanh';
} {
  return activation === 'hardtanh' ? { activation: 'hardTanh' } : {};
}

/** The 3x3 convolution inside the network: binary, or in the full-precision twin an ordinary one. */
export function innerConv(
  name: string,
  filters: number,
  { precision, padValue }: PaperOptions,
  context: BuildContext,
  strides = 1,
) {
  if (precision === 'full') return floatConv(name, filters, context, strides);
  return layers.binaryConv2d({
    name,
    filters,
    kernelSize: 3,
    strides,
    padding: 1,
    padValue,
    inputBinarizer: context.inputBinarizer,
    weightBinarizer: context.weightBinarizer,
    initializer: 'heNormal',
    seed: seedFor(context.seed, `init/${name}`),
  });
}

export function linear(name: string, { seed, classes }: BuildContext) {
  return tfl.layers.dense({
    name,
    units: classes,
    kernelInitializer: tfl.initializers.heNormal({ seed: seedFor(seed, `init/${name}`) }),
  });
}
