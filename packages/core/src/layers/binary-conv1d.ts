/** The binary convolution over sequences as a TF.js layer: binaryConv2d on a picture of one row. */
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import type { ConvGeometry, PadValue } from '@surge-bnn/contract';
import { binaryConv1d as binaryConv1dOp, conv1dGeometry } from '../ops/binary-conv1d.js';
import type { Conv1dOptions } from '../ops/binary-conv1d.js';
import { shapeText } from './base-options.js';
import type { LayerShape } from './base-options.js';
import { BinaryLayer } from './binary-layer.js';
import type { BinaryLayerOptions } from './binary-layer.js';
import { checkedPadValue, windowConfig } from './conv-options.js';
import { registerOnce } from './registration.js';

export interface BinaryConv1DOptions extends BinaryLayerOptions, Conv1dOptions {
  /** Output channels. */
  filters: number;
  kernelSize: number;
  /** What stands outside the sequence in the binary input. Default +1; 0, and nothing else, for a float input. */
  padValue?: PadValue;
}

const ownKeys: Record<Exclude<keyof BinaryConv1DOptions, keyof BinaryLayerOptions>, true> = {
  filters: true,
  kernelSize: true,
  padValue: true,
  strides: true,
  padding: true,
  dilationRate: true,
  groups: true,
};

/** @see {@link binaryConv1d} */
export class BinaryConv1D extends BinaryLayer {
  static readonly className = 'BinaryConv1D';
  readonly padValue: PadValue;

  constructor(private readonly convOptions: BinaryConv1DOptions) {
    super(convOptions, 'binaryConv1d', Object.keys(ownKeys));
    this.padValue = checkedPadValue(
      this.name,
      this.inputBinarizer,
      [convOptions.kernelSize],
      convOptions,
    );
  }

  /** Geometry of the row [batch, 1, length, channels] for a batch of sequences of this shape. */
  geometry(inputShape: readonly number[]): ConvGeometry {
    const [, , channels] = inputShape;
    return conv1dGeometry(inputShape, this.kernelShape(channels), this.seriesOptions(), this.name);
  }

  override build(inputShape: LayerShape): void {
    const [, ...shape] = sequenceShape(inputShape, this.name);
    this.geometry([1, ...shape]); // refuses what does not fit, before any weight is made
    this.makeWeights(this.kernelShape(shape[1]), shape[1], this.convOptions.groups);
    this.built = true;
  }

  override computeOutputShape(inputShape: LayerShape) {
    const [batch, ...shape] = sequenceShape(inputShape, this.name);
    const g = this.geometry([1, ...shape]);
    return [batch, g.outWidth, g.outChannels];
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    return binaryConv1dOp(x, this.binaryKernel.read(), {
      ...this.opOptions(x, kwargs.training === true),
      ...this.seriesOptions(),
      padValue: this.padValue,
    });
  }

  override getConfig(): serialization.ConfigDict {
    return {
      ...super.getConfig(),
      ...windowConfig(this.convOptions),
      padValue: this.padValue,
    };
  }

  private kernelShape(inChannels: number): number[] {
    const { kernelSize, filters, groups = 1 } = this.convOptions;
    return [kernelSize, inChannels / groups, filters];
  }

  private seriesOptions(): Conv1dOptions {
    const { strides, padding = 'same', dilationRate, groups } = this.convOptions;
    return { strides, padding, dilationRate, groups };
  }
}

/**
 * A 1-D convolution with 1-bit weights and 1-bit inputs (float ones with inputBinarizer 'none'). Input float32 [batch, length, channels],
 * output [batch, length', filters]; no bias (a batch norm follows). Both binarizers are 'ste' and padding is 'same'
 * with +1 unless said otherwise.
 */
export function binaryConv1d(options: BinaryConv1DOptions): BinaryConv1D {
  registerOnce(BinaryConv1D);
  return new BinaryConv1D(options);
}

/** [batch, length, channels], of which only the batch may be unknown. */
function sequenceShape(shape: LayerShape, layer: string): readonly number[] {
  const flat = shape.filter((d): d is number => typeof d === 'number' || d === null);
  if (flat.length === 3 && flat.slice(1).every((d) => d > 0)) return flat;
  throw new InputError(
    `layer "${layer}": the input must have shape [batch, length, channels] with known sizes, got ${shapeText(shape)}`,
  );
}
