/** Every method evaluates to the same bits on every backend, at its binary stage and, where it has one, at its real stage. */
import { canonicalForward, layers, methodName, methods } from '@surge-bnn/core';
import { resolveMethod, setProgress, type MethodSpec } from '@surge-bnn/core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';

/** Wide enough that sums in another order would differ. */
function outputOf(method: MethodSpec, p: number): Float32Array {
  const { input, weight } = resolveMethod(method);
  const both = { inputBinarizer: input, weightBinarizer: weight } as const;
  const model = tfl.sequential({
    layers: [
      layers.binaryConv2d({ ...both, filters: 33, kernelSize: 3, inputShape: [6, 5, 17] }),
      layers.batchNorm(),
      layers.binaryConv2d({ ...both, filters: 8, kernelSize: 3, groups: 1, padValue: 0 }),
      tfl.layers.flatten(),
      layers.binaryDense({ ...both, units: 4 }),
    ],
  });
  setProgress(model, p);
  return tf.tidy(() => {
    model.setWeights(
      model.weights.map(({ shape }, i) =>
        tf.abs(tf.add(tf.randomNormal(shape.map(Number), 0, 0.4, 'float32', i + 1), 0.05)),
      ),
    );
    model.setWeights(
      model.getWeights().map((w, i) => {
        // Kernels of either sign; norms, shifts and scales as they are.
        return w.rank < 2 ? w : tf.sub(w, tf.randomUniform(w.shape, 0, 0.6, 'float32', i));
      }),
    );
    const x = tf.randomNormal([5, 6, 5, 17], 0, 1, 'float32', 9);
    const y = canonicalForward(model, x).dataSync<'float32'>().slice();
    model.dispose();
    return y;
  });
}

const stages = [
  ...Object.keys(methods).map((method) => ({ method, p: 1 })),
  { method: 'biper', p: 0.2 },
  { method: 'bnext', p: 0.02 },
  { method: { name: 'bit', bits: 2 }, p: 1 },
  { method: { name: 'bit', bits: 2, set: 'unsigned' }, p: 1 },
].map((stage) => ({ ...stage, name: methodName(stage.method) }));

describe.each(stages)('$name at p = $p', ({ method, p }) => {
  it('is the same on every backend', async () => {
    let first: Float32Array | undefined;
    for (const backend of backends) {
      await use(backend);
      const y = outputOf(method, p);
      expect(y.some((value) => value !== 0)).toBe(true);
      first ??= y;
      expect(y, backend).toEqual(first);
    }
  });
});
