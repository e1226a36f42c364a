/** The float convolution of a binary network's stem, and of its full-precision twin. */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { convGeometry, InputError } from '@surge-bnn/contract';
import type { Padding } from '@surge-bnn/contract';
import { dilatedConv2d, isDilated } from '../ops/dilated-conv.js';
import { baseOptions, pictureShape } from './base-options.js';
import type { BaseOptions, LayerShape } from './base-options.js';
import { kernelInitializer } from './initializers.js';
import type { KernelInitializerName } from './initializers.js';
import { registerOnce } from './registration.js';
import { tfPadding } from './tf-padding.js';

export interface Conv2DOptions extends BaseOptions {
  /** Output channels. */
  filters: number;
  kernelSize: number | [number, number];
  strides?: number | [number, number];
  /** Default 'same', as TF has it; a number pads that many rows and columns on all four sides, as PyTorch does. */
  padding?: Padding;
  /** Pixels from one tap of the window to the next. Default 1. */
  dilationRate?: number | [number, number];
  /** Distribution of the weights at the start. Default 'heNormal'. */
  initializer?: KernelInitializerName;
  /** Seed of that distribution; absent: a new one each time. */
  seed?: number;
}

const ownKeys: Record<Exclude<keyof Conv2DOptions, keyof BaseOptions>, true> = {
  filters: true,
  kernelSize: true,
  strides: true,
  padding: true,
  dilationRate: true,
  initializer: true,
  seed: true,
};

/** @see {@link conv2d} */
export class FloatConv2D extends tfl.layers.Layer {
  static readonly className = 'FloatConv2D';
  private readonly kernelSize: readonly [number, number];
  private kernel: tfl.LayerVariable | undefined;

  constructor(private readonly options: Conv2DOptions) {
    super(baseOptions(options, 'conv2d', Object.keys(ownKeys)));
    const { filters, kernelSize } = options;
    this.kernelSize = typeof kernelSize === 'number' ? [kernelSize, kernelSize] : kernelSize;
    if (![filters, ...this.kernelSize].every((n) => Number.isInteger(n) && n > 0)) {
      throw new InputError(
        `layer "${this.name}": filters and kernelSize must be whole numbers > 0, got ${filters} and ${kernelSize}`,
      );
    }
  }

  /** Geometry for a batch of pictures of this shape. */
  geometry(inputShape: readonly number[]) {
    const { strides, padding = 'same', dilationRate } = this.options;
    const kernelShape = [...this.kernelSize, inputShape[3], this.options.filters];
    return convGeometry(inputShape, kernelShape, { strides, padding, dilationRate }, this.name);
  }

  override build(inputShape: LayerShape): void {
    const shape = pictureShape(inputShape, this.name);
    this.geometry([1, ...shape.slice(1)]); // refuses what does not fit, before any weight is made
    const { filters, initializer = 'heNormal', seed } = this.options;
    this.kernel = this.addWeight(
      'kernel',
      [...this.kernelSize, shape[3], filters],
      'float32',
      kernelInitializer(initializer, seed),
    );
    this.built = true;
  }

  override computeOutputShape(inputShape: LayerShape) {
    const shape = pictureShape(inputShape, this.name);
    const g = this.geometry([1, ...shape.slice(1)]);
    return [shape[0], g.outHeight, g.outWidth, g.outChannels];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    if (this.kernel === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor4D;
    const geometry = this.geometry(x.shape);
    const { strideHeight, strideWidth } = geometry;
    const { padding = 'same' } = this.options;
    const kernel = this.kernel.read() as Tensor4D;
    if (isDilated(geometry)) return dilatedConv2d(x, kernel, geometry);
    const strides: [number, number] = [strideHeight, strideWidth];
    return tf.conv2d(x, kernel, strides, tfPadding(padding));
  }

  override getConfig(): serialization.ConfigDict {
    const own = Object.keys(ownKeys) as (keyof typeof ownKeys)[];
    const given = own
      .map((key) => [key, this.options[key]] as const)
      .filter(([, value]) => value !== undefined);
    return { ...super.getConfig(), ...(Object.fromEntries(given) as serialization.ConfigDict) };
  }
}

/**
 * A 2-D convolution in float without bias (a batch norm follows), whose padding may be a number on all sides, which TF.js's
 * own layer does not have: with strides, its 'same' looks at other pixels than PyTorch's networks do. With gaps between its taps it
 * trains, too, which TF.js's own does not.
 * Input float32 [batch, height, width, channels], output [batch, height', width', filters].
 */
export function conv2d(options: Conv2DOptions): FloatConv2D {
  registerOnce(FloatConv2D);
  return new FloatConv2D(options);
}
