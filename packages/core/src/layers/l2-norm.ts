/** L2 normalisation with a learned scale, as SSD has it behind conv4_3. */
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { l2Norm as normalise } from '../ops/l2-norm.js';
import { baseOptions, channelsOf } from './base-options.js';
import type { BaseOptions, LayerShape } from './base-options.js';
import { registerOnce } from './registration.js';

export interface L2NormOptions extends BaseOptions {
  /** What the scale of each channel starts from. Default 20, SSD's. */
  scale?: number;
}

/** @see {@link l2Norm} */
export class L2Norm extends tfl.layers.Layer {
  static readonly className = 'L2Norm';
  private readonly start: number;
  private scale: tfl.LayerVariable | undefined;

  constructor(options: L2NormOptions = {}) {
    super(baseOptions(options, 'l2Norm', ['scale']));
    this.start = options.scale ?? 20;
    if (!Number.isFinite(this.start)) {
      throw new InputError(
        `layer "${this.name}": scale must be a finite number, got ${this.start}`,
      );
    }
  }

  override build(inputShape: LayerShape): void {
    const channels = channelsOf(inputShape, this.name);
    const initializer = tfl.initializers.constant({ value: this.start });
    this.scale = this.addWeight('scale', [channels], 'float32', initializer);
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    if (this.scale === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    return normalise(Array.isArray(inputs) ? inputs[0] : inputs, this.scale.read());
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), scale: this.start };
  }
}

/**
 * y = scale x / |x|, with |x| over the channels (last axis) and a learnable scale per channel (ParseNet, arXiv 1506.04579, equations 2 to 4): maps of
 * different depths have numbers of one size. The same in training and evaluation.
 */
export function l2Norm(options: L2NormOptions = {}): L2Norm {
  registerOnce(L2Norm);
  return new L2Norm(options);
}
