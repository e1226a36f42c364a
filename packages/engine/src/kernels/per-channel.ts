/**
 * What the kernels with one number per channel (last axis) ask of their inputs.
 */
import { InputError } from '@surge-bnn/contract';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from './entry.js';

/** @throws InputError unless every one of `perChannel` has shape [C], C being the last axis of x. */
export function expectPerChannel(
  what: string,
  x: TensorInfo,
  perChannel: Record<string, TensorInfo>,
): void {
  const channels = x.shape[x.shape.length - 1];
  for (const [name, info] of Object.entries(perChannel)) {
    if (info.shape.length !== 1 || info.shape[0] !== channels) {
      throw new InputError(
        `${what}: ${name} must have shape [${channels}], one entry for each channel of [${x.shape}], got [${info.shape}]`,
      );
    }
  }
}

/** @throws InputError unless dy has as many entries as x. */
export function expectSameSize(what: string, dy: TensorInfo, x: TensorInfo): void {
  if (sizeOf(dy) !== sizeOf(x)) {
    throw new InputError(`${what}: dy [${dy.shape}] and x [${x.shape}] differ in size`);
  }
}
