/** The activations of binary networks: hardTanh, PReLU, and ReActNet's RPReLU. */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { prelu as bend } from '../ops/prelu.js';
import { hardTanh as hardTanhOp } from '../ops/hard-tanh.js';
import { baseOptions, channelsOf, inputShapes, shapeText } from './base-options.js';
import type { BaseOptions, LayerShape } from './base-options.js';
import { registerOnce } from './registration.js';

const first = (inputs: Tensor | Tensor[]) => (Array.isArray(inputs) ? inputs[0] : inputs);

/** @see {@link hardTanh} */
export class HardTanh extends tfl.layers.Layer {
  static readonly className = 'HardTanh';

  override build(inputShape: LayerShape): void {
    const shapes = inputShapes(inputShape);
    const same = shapes.every((shape) => shapeText(shape) === shapeText(shapes[0]));
    if (shapes.length > 2 || !same) {
      throw new InputError(
        `layer "${this.name}": hardTanh takes one tensor or two of one shape, got ${shapes.map(shapeText).join(' and ')}`,
      );
    }
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return Array.isArray(inputs) ? hardTanhOp(inputs[0], inputs.at(1)) : hardTanhOp(inputs);
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShapes(inputShape)[0];
  }
}

/**
 * y = min(max(x, -1), 1); of a list of two tensors, of their sum, as it stands behind a shortcut. A trap when estimators are compared: a sign behind it sees |x| <= 1, so that the box
 * never clips and 'ste' and 'identity' are one network (METHOD.md section 5).
 */
export function hardTanh(options: BaseOptions = {}): HardTanh {
  registerOnce(HardTanh);
  return new HardTanh(baseOptions(options, 'hardTanh'));
}

export interface PReluOptions extends BaseOptions {
  /** Slope for negative inputs at the start, per channel. Default 0.25. */
  alpha?: number;
}

/** @see {@link prelu} */
export class PRelu extends tfl.layers.Layer {
  static readonly className: string = 'SurgePReLU';
  protected alpha: tfl.LayerVariable | undefined;
  protected readonly initialAlpha: number;

  constructor(options: PReluOptions = {}, layer = 'prelu') {
    super(baseOptions(options, layer, ['alpha']));
    this.initialAlpha = options.alpha ?? 0.25;
  }

  override build(inputShape: LayerShape): void {
    this.alpha = this.perChannel('alpha', inputShape, this.initialAlpha);
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return bend(first(inputs), builtWeight(this.alpha, this.name));
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), alpha: this.initialAlpha };
  }

  protected perChannel(name: string, inputShape: LayerShape, value: number): tfl.LayerVariable {
    const channels = channelsOf(inputShape, this.name);
    const initializer = tfl.initializers.constant({ value });
    return this.addWeight(name, [channels], 'float32', initializer);
  }
}

/** y = x for x >= 0, else alpha x, with a learnable alpha per channel (last axis). */
export function prelu(options: PReluOptions = {}): PRelu {
  registerOnce(PRelu);
  return new PRelu(options);
}

/** @see {@link rprelu} */
export class RPRelu extends PRelu {
  static override readonly className: string = 'RPReLU';
  private before: tfl.LayerVariable | undefined;
  private after: tfl.LayerVariable | undefined;

  constructor(options: PReluOptions = {}) {
    super(options, 'rprelu');
  }

  override build(inputShape: LayerShape): void {
    super.build(inputShape);
    this.before = this.perChannel('shiftBefore', inputShape, 0);
    this.after = this.perChannel('shiftAfter', inputShape, 0);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      const shifted = tf.sub(first(inputs), builtWeight(this.before, this.name));
      const bent = bend(shifted, builtWeight(this.alpha, this.name));
      return tf.add(bent, builtWeight(this.after, this.name));
    });
  }
}

/**
 * ReActNet's RPReLU (arXiv 2003.03488, equation 4): y = PReLU(x - s) + t with learnable alpha, s and t per channel,
 * so that the distribution can be moved before and after the bend.
 */
export function rprelu(options: PReluOptions = {}): RPRelu {
  registerOnce(RPRelu);
  return new RPRelu(options);
}

function builtWeight(weight: tfl.LayerVariable | undefined, layer: string): Tensor {
  if (weight === undefined) throw new Error(`layer "${layer}" is not built yet`);
  return weight.read();
}
