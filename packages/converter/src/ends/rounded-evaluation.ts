/**
 * What a file with rounded float layers computes, evaluated without the file: the trained network's canonical evaluation, in which the
 * linear operators of these layers have rounded kernels or are sums of integers.
 *
 * Integer sums come from the operator itself, on kernels and inputs that are integers: products of up to 127^2, up to 2^17 of
 * them, are exact in its f64 sums, which it rounds to float32 once, as the file's op does.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import type { LinearOperator, Model } from '@surge-bnn/core';
import { halfValue } from '@surge-bnn/runtime';
import { halfBits } from '../half.js';
import { namedLayers } from '../lower/names.js';
import type { InputLimits } from './calibrate.js';
import type { FloatWeights, Forms } from './forms.js';
import { int8Kernel, int8Of } from './int8-kernel.js';

export class RoundedEvaluation {
  /** For `canonicalForward`. */
  readonly linear: ReadonlyMap<tfl.layers.Layer, LinearOperator>;
  private readonly kept: Tensor[] = [];

  /** @param limits of the layers of the form 'i8'. */
  constructor(model: Model, forms: Forms, limits: InputLimits) {
    const linear = new Map<tfl.layers.Layer, LinearOperator>();
    for (const { name, self } of namedLayers(model)) {
      const form = forms.get(name);
      if (form === undefined || form === 'f32') continue;
      linear.set(self, form === 'i8' ? this.integers(limits.get(name) ?? 0) : this.rounded(form));
    }
    this.linear = linear;
  }

  dispose(): void {
    tf.dispose(this.kept.splice(0));
  }

  /** Kernels rounded, all else as trained. */
  private rounded(form: Exclude<FloatWeights, 'f32' | 'i8'>): LinearOperator {
    let weights: Tensor | undefined;
    return ({ x, kernel, bias, product }) => {
      weights ??= this.keep(() => {
        const values = kernel.dataSync<'float32'>();
        if (form === 'f16')
          return tf.tensor(
            values.map((w) => halfValue(halfBits(w))),
            kernel.shape,
          );
        const { integers, scale } = int8Kernel(values, filtersOf(kernel));
        const widened = Float32Array.from(integers, (k, i) => k * scale[i % scale.length]);
        return tf.tensor(widened, kernel.shape);
      });
      return product(x, weights, bias);
    };
  }

  private integers(limit: number): LinearOperator {
    const factor = Math.fround(127 / limit);
    let parts: { readonly kernel: Tensor; readonly scale: Tensor } | undefined;
    return ({ x, kernel, bias, product }) => {
      if (parts === undefined) {
        const { integers, scale } = int8Kernel(kernel.dataSync<'float32'>(), filtersOf(kernel));
        parts = {
          kernel: this.keep(() => tf.tensor(Float32Array.from(integers), kernel.shape)),
          scale: this.keep(() => tf.tensor1d(scale.map((step) => step / factor))),
        };
      }
      const inputs = x.dataSync<'float32'>().map((value) => int8Of(Math.fround(factor * value)));
      const sums = product(tf.tensor(inputs, x.shape), parts.kernel);
      const scaled = tf.mul(sums, parts.scale);
      return bias === undefined ? scaled : tf.add(scaled, bias);
    };
  }

  /** A tensor that outlives the tidy of the evaluation. */
  private keep(make: () => Tensor): Tensor {
    const tensor = tf.keep(make());
    this.kept.push(tensor);
    return tensor;
  }
}

function filtersOf({ shape }: Tensor): number {
  return shape[shape.length - 1];
}
