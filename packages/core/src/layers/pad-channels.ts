/** Zero channels as a layer. */
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { padChannels as padChannelsOp } from '../ops/pad-channels.js';
import { baseOptions, shapeText } from './base-options.js';
import type { BaseOptions, LayerShape } from './base-options.js';
import { registerOnce } from './registration.js';

export interface PadChannelsOptions extends BaseOptions {
  /** Channels of zeros in front of the input's. Default 0. */
  before?: number;
  /** And behind them. Default 0. */
  after?: number;
}

/** @see {@link padChannels} */
export class PadChannels extends tfl.layers.Layer {
  static readonly className = 'PadChannels';
  readonly before: number;
  readonly after: number;

  constructor(options: PadChannelsOptions = {}) {
    super(baseOptions(options, 'padChannels', ['before', 'after']));
    this.before = options.before ?? 0;
    this.after = options.after ?? 0;
    if (![this.before, this.after].every((n) => Number.isInteger(n) && n >= 0)) {
      throw new InputError(
        `layer "${this.name}": before and after must be whole numbers >= 0, got ${this.before} and ${this.after}`,
      );
    }
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return padChannelsOp(Array.isArray(inputs) ? inputs[0] : inputs, this.before, this.after);
  }

  override computeOutputShape(inputShape: LayerShape) {
    const channels = inputShape[inputShape.length - 1];
    if (typeof channels === 'number' && channels > 0) {
      return [...inputShape.slice(0, -1), channels + this.before + this.after] as LayerShape;
    }
    throw new InputError(
      `layer "${this.name}": the last axis of the input must have a known size, got ${shapeText(inputShape)}`,
    );
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), before: this.before, after: this.after };
  }
}

/** Channels of zeros (last axis) around those of the input: the shortcut of a ResNet where channels become more, without weights. */
export function padChannels(options: PadChannelsOptions = {}): PadChannels {
  registerOnce(PadChannels);
  return new PadChannels(options);
}
