/** How a layer of a text network becomes nodes of ONNX: what a rule works with. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import type { OnnxBuilder } from '../builder.js';
import { floatBytes } from '../builder.js';
import { NodeWriter } from '../node-writer.js';

export type Layer = tfl.layers.Layer;

export interface TextCall {
  readonly layer: Layer;
  /** What it reads, as values of the ONNX graph. */
  readonly values: readonly string[];
  /** Axes of each, the batch's among them. */
  readonly ranks: readonly number[];
  readonly write: LayerWriter;
}

/** Writes the nodes of one layer call. @returns the value that they make, or one that was read where the layer does nothing. */
export type TextRule = (call: TextCall) => string;

/** The nodes of one layer call and the layer's weights; a layer that is called twice has its weights once. */
export class LayerWriter extends NodeWriter {
  constructor(
    builder: OnnxBuilder,
    private readonly layer: Layer,
  ) {
    super(builder, layer.name, builder.freeName(layer.name));
  }

  /**
   * The layer's weight of that name in float32, kept under Hugging Face's name of it.
   * @param as the name behind the layer's.
   */
  weight(name: string, as: string): string {
    const tensor = this.tensor(name);
    return this.numbers(as, tensor.shape, tensor.dataSync<'float32'>());
  }

  /** Float32 numbers of the layer's. @throws InputError when one is not finite. */
  numbers(as: string, shape: readonly number[], values: Float32Array): string {
    const wrong = values.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) {
      throw new InputError(
        `layer "${this.layer.name}" holds ${wrong} in its ${as}; a network with such a weight cannot be exported`,
      );
    }
    const name = `${this.layer.name}.${as}`;
    const bytes = () => floatBytes(values);
    return this.builder.keep(`weight ${name}`, { name, type: 'float32', shape, bytes });
  }

  /** The signs of a kernel, kept in a byte each. */
  signs(as: string, shape: readonly number[], values: Float32Array): string {
    const name = `${this.layer.name}.${as}`;
    // As int8 a -1 is 255.
    const bytes = () => Uint8Array.from(values, (sign) => (sign < 0 ? 255 : 1));
    return this.builder.keepAsFloats(`weight ${name}`, { name, type: 'int8', shape, bytes });
  }

  /** Signs of float32 numbers, as `sign` of packed graphs: -1 below 0, else +1. */
  signOf(what: string, x: string): string {
    const positive = this.step(`${what}/positive`, 'GreaterOrEqual', [x, this.scalar(0)]);
    return this.step(`${what}/sign`, 'Where', [positive, this.scalar(1), this.scalar(-1)]);
  }

  /** A weight of the layer by the name that it was made with; it stays the layer's. */
  tensor(name: string): Tensor {
    // TF.js makes names unique by a suffix ("kernel_1") but keeps the one that was asked for.
    const found = this.layer.weights.find((w) => w.originalName.split('/').at(-1) === name);
    if (found !== undefined) return found.read();
    throw new Error(`layer "${this.layer.name}" has no weight "${name}"; is it built?`);
  }
}

/** What a layer cannot be exported for. */
export function cannotExport(layer: Layer, why: string): InputError {
  return new InputError(
    `layer "${layer.name}" (${layer.getClassName()}) cannot be exported as ONNX: ${why}`,
  );
}
