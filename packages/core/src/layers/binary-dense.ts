/** The binary dense layer. */
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { binaryMatMul } from '../ops/binary-conv2d.js';
import { shapeText } from './base-options.js';
import type { LayerShape } from './base-options.js';
import { BinaryLayer } from './binary-layer.js';
import type { BinaryLayerOptions } from './binary-layer.js';
import { registerOnce } from './registration.js';

export interface BinaryDenseOptions extends BinaryLayerOptions {
  /** Outputs. */
  units: number;
}

/** @see {@link binaryDense} */
export class BinaryDense extends BinaryLayer {
  static readonly className = 'BinaryDense';
  readonly units: number;

  constructor(options: BinaryDenseOptions) {
    super(options, 'binaryDense', ['units']);
    this.units = options.units;
    if (!Number.isInteger(this.units) || this.units < 1) {
      throw new InputError(
        `layer "${this.name}": units must be a whole number > 0, got ${options.units}`,
      );
    }
  }

  override build(inputShape: LayerShape): void {
    const inputs = lastAxis(inputShape, this.name);
    this.makeWeights([inputs, this.units], inputs);
    this.built = true;
  }

  override computeOutputShape(inputShape: LayerShape) {
    lastAxis(inputShape, this.name);
    const flat = inputShape.filter((d): d is number => !Array.isArray(d));
    return [...flat.slice(0, -1), this.units];
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    return binaryMatMul(x, this.binaryKernel.read(), this.opOptions(x, kwargs.training === true));
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), units: this.units };
  }
}

/**
 * A dense layer with 1-bit weights and 1-bit inputs (float ones with inputBinarizer 'none'). Input float32 [..., in] of rank >= 2, output [..., units];
 * no bias. Both binarizers are 'ste' unless said otherwise.
 */
export function binaryDense(options: BinaryDenseOptions): BinaryDense {
  registerOnce(BinaryDense);
  return new BinaryDense(options);
}

function lastAxis(shape: LayerShape, layer: string): number {
  const last = shape[shape.length - 1];
  if (shape.length < 2 || typeof last !== 'number' || !(last > 0)) {
    throw new InputError(
      `layer "${layer}": the input must have rank >= 2 and a known last axis, got ${shapeText(shape)}`,
    );
  }
  return last;
}
