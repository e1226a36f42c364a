/** A learnable number for each channel, added. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { baseOptions, channelsOf } from './base-options.js';
import type { BaseOptions, LayerShape } from './base-options.js';
import { registerOnce } from './registration.js';

/** @see {@link channelBias} */
export class ChannelBias extends tfl.layers.Layer {
  static readonly className = 'ChannelBias';
  private bias: tfl.LayerVariable | undefined;

  override build(inputShape: LayerShape): void {
    const channels = channelsOf(inputShape, this.name);
    this.bias = this.addWeight('bias', [channels], 'float32', tfl.initializers.zeros());
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    if (this.bias === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    return tf.add(Array.isArray(inputs) ? inputs[0] : inputs, this.bias.read());
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShape;
  }
}

/**
 * y = x + b with a learnable b per channel (last axis), 0 at the start. In front of a binary layer it is ReActNet's RSign
 * (arXiv 2003.03488, equation 3), sign(x + b): each channel learns its own threshold, and batch norm, bias and sign
 * still ship as one integer threshold.
 */
export function channelBias(options: BaseOptions = {}): ChannelBias {
  registerOnce(ChannelBias);
  return new ChannelBias(baseOptions(options, 'channelBias'));
}
