/** The setting `shift` of the methods that shift their inputs by a learnable number per channel (ReActNet, BNext). */
import { InputError } from '@surge-bnn/contract';
import type { LatentTransform } from './binarizer.js';
import { noTransform, shiftPerChannel } from './transforms.js';

export interface ShiftOptions {
  /** false: no shift of the inputs, for a network that has one in front of each convolution. Default true. */
  readonly shift?: boolean;
}

/** @throws InputError for what is not true or false. */
export function shiftOf(shift: unknown): LatentTransform {
  if (shift === true) return shiftPerChannel;
  if (shift === false) return noTransform;
  throw new InputError(`shift must be true or false, got ${JSON.stringify(shift)}`);
}
