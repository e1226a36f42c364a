/** The options that several networks have, and their checks. */
import { badOption, checkChoice, checkCount, InputError } from '@surge-bnn/contract';
import type { PadValue } from '@surge-bnn/contract';

/** Every network has a full-precision twin: the same layers, an ordinary one in place of each binary one. */
export type Precision = 'binary' | 'full';

/** Behind each batch norm or add. With hardtanh the signs see |x| <= 1 and the box never clips (METHOD.md section 5). */
export type Activation = 'hardtanh' | 'relu' | 'none';

export interface SharedOptions {
  /** Channels of the first convolution; all others are multiples of it. */
  width: number;
  precision: Precision;
  /** What stands outside the picture in a binary convolution; the papers' code pads with 0. */
  padValue: PadValue;
  /** Share of the moving statistics that batch norm keeps at each step; PyTorch's momentum 0.1 is 0.9 here. */
  momentum: number;
}

/** Options of the networks that are built of convolutions, batch norms, and one activation. */
export interface PaperOptions extends SharedOptions {
  activation: Activation;
}

export const sharedDefaults: Omit<SharedOptions, 'width'> = {
  precision: 'binary',
  padValue: 0,
  momentum: 0.9,
};

export const paperDefaults: Omit<PaperOptions, 'width'> = {
  ...sharedDefaults,
  activation: 'hardtanh',
};

/** @throws InputError for an option that is not allowed; momentum is checked by the batch norms. */
export function checkSharedOptions(network: string, options: SharedOptions): void {
  const { width, precision, padValue } = options;
  checkCount(`network ${network}`, 'width', width);
  checkPrecision(network, precision);
  checkChoice(`network ${network}`, 'padValue', padValue, [0, 1, -1]);
}

export function checkPrecision(network: string, precision: Precision): void {
  checkChoice(`network ${network}`, 'precision', precision, ['binary', 'full']);
}

/** @throws InputError, too, for an activation that makes no sense in that precision. */
export function checkPaperOptions(network: string, options: PaperOptions): void {
  const { precision, activation } = options;
  checkSharedOptions(network, options);
  checkChoice(`network ${network}`, 'activation', activation, ['hardtanh', 'relu', 'none']);
  if (precision === 'full' && activation === 'none') {
    throw new InputError(
      `network ${network}: without an activation the full-precision network would be linear; set activation to relu or hardtanh, or precision to binary`,
    );
  }
  if (precision === 'binary' && activation === 'relu') {
    throw new InputError(
      `network ${network}: behind a relu every sign would be +1; set activation to hardtanh or none, or precision to full`,
    );
  }
}

/** @throws InputError for names that are none of the network's inner convolutions. */
export function checkFloatLayers(network: string, given: unknown, names: readonly string[]): void {
  const known = (name: unknown) => names.some((one) => one === name);
  if (Array.isArray(given) && given.every(known)) return;
  throw badOption(
    `network ${network}`,
    'floatLayers',
    `a list of its convolutions (${names.join(', ')})`,
    given,
  );
}
