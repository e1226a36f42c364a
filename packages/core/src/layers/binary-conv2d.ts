/** The binary convolution as a TF.js layer. */
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import { convGeometry } from '@surge-bnn/contract';
import type { ConvOptions, PadValue } from '@surge-bnn/contract';
import { binaryConv2d as binaryConv2dOp } from '../ops/binary-conv2d.js';
import { pictureShape } from './base-options.js';
import type { LayerShape } from './base-options.js';
import { BinaryLayer } from './binary-layer.js';
import type { BinaryLayerOptions } from './binary-layer.js';
import { checkedPadValue, windowConfig } from './conv-options.js';
import { registerOnce } from './registration.js';

export interface BinaryConv2DOptions extends BinaryLayerOptions, ConvOptions {
  /** Output channels. */
  filters: number;
  kernelSize: number | [number, number];
  /**
   * What stands outside the picture in the binary input. Default +1: a border of bits, free in a packed model. A float
   * input (inputBinarizer 'none') is padded with 0, and nothing else is allowed there.
   */
  padValue?: PadValue;
}

const ownKeys: Record<Exclude<keyof BinaryConv2DOptions, keyof BinaryLayerOptions>, true> = {
  filters: true,
  kernelSize: true,
  padValue: true,
  strides: true,
  padding: true,
  dilationRate: true,
  groups: true,
};

/** @see {@link binaryConv2d} */
export class BinaryConv2D extends BinaryLayer {
  static readonly className = 'BinaryConv2D';
  readonly padValue: PadValue;
  private readonly kernelSize: readonly [number, number];

  constructor(private readonly convOptions: BinaryConv2DOptions) {
    super(convOptions, 'binaryConv2d', Object.keys(ownKeys));
    const { kernelSize } = convOptions;
    this.kernelSize = typeof kernelSize === 'number' ? [kernelSize, kernelSize] : kernelSize;
    this.padValue = checkedPadValue(this.name, this.inputBinarizer, this.kernelSize, convOptions);
  }

  /** Geometry for a batch of pictures of this shape. */
  geometry(inputShape: readonly number[]) {
    return convGeometry(
      inputShape,
      this.kernelShape(inputShape[3]),
      this.geometryOptions(),
      this.name,
    );
  }

  override build(inputShape: LayerShape): void {
    const shape = pictureShape(inputShape, this.name);
    const inChannels = shape[3];
    this.geometry([1, ...shape.slice(1)]); // refuses what does not fit, before any weight is made
    this.makeWeights(this.kernelShape(inChannels), inChannels, this.convOptions.groups);
    this.built = true;
  }

  override computeOutputShape(inputShape: LayerShape) {
    const shape = pictureShape(inputShape, this.name);
    const g = this.geometry([1, ...shape.slice(1)]);
    return [shape[0], g.outHeight, g.outWidth, g.outChannels];
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    return binaryConv2dOp(x, this.binaryKernel.read(), {
      ...this.opOptions(x, kwargs.training === true),
      ...this.geometryOptions(),
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
    const { filters, groups = 1 } = this.convOptions;
    return [...this.kernelSize, inChannels / groups, filters];
  }

  private geometryOptions(): ConvOptions {
    const { strides, padding = 'same', dilationRate, groups } = this.convOptions;
    return { strides, padding, dilationRate, groups };
  }
}

/**
 * A 2-D convolution with 1-bit weights and 1-bit inputs (float ones with inputBinarizer 'none'). Input float32 [batch, height, width, channels],
 * output [batch, height', width', filters]; no bias (a batch norm follows). Both binarizers are 'ste' and padding is 'same'
 * with +1 unless said otherwise.
 */
export function binaryConv2d(options: BinaryConv2DOptions): BinaryConv2D {
  registerOnce(BinaryConv2D);
  return new BinaryConv2D(options);
}
