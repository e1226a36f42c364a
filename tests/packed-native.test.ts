/**
 * Whole networks, shipped and run on the native kernels: the evaluated network's outputs, bit for bit, on every instruction set that runs
 * here and with any number of threads. Wide enough that layers have several blocks of filters and several strips of rows.
 */
import * as tf from '@tensorflow/tfjs-core';
import { convertModel } from '@surge-bnn/converter';
import { canonicalForward } from '@surge-bnn/core';
import { packedKernels } from '@surge-bnn/engine';
import { buildModel } from '@surge-bnn/models';
import { load } from '@surge-bnn/runtime';
import type { KernelSet } from '@surge-bnn/runtime';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nativeIsas, nativeIsBuilt, use } from './backends.js';

type Network = readonly [
  network: string,
  options: Record<string, unknown>,
  inputShape: [number, number, number],
];

const networks: readonly Network[] = [
  ['digits-cnn', {}, [28, 28, 1]],
  ['resnet-20', {}, [32, 32, 3]],
  ['vgg-small', { width: 16 }, [32, 32, 3]],
  ['imagenet-resnet-18', { width: 24 }, [64, 64, 3]],
  ['reactnet-a', { width: 8 }, [64, 64, 3]],
];

const everySet = nativeIsas.flatMap((isa) => [1, 2, 3].map((threads) => [isa, threads] as const));

async function kernelsOf(isa: string, threads: number): Promise<KernelSet> {
  vi.stubEnv('SURGE_ISA', isa);
  return packedKernels({ threads });
}

afterEach(() => vi.unstubAllEnvs());

const notBuilt = 'packed networks on native kernels (need npm run build:native)';

describe.skipIf(!nativeIsBuilt)(notBuilt, () => {
  it.each(networks)('%s with %j on %j', async (network, options, inputShape) => {
    await use('surge-wasm');
    const binarizers = { inputBinarizer: 'approx-sign', weightBinarizer: 'ste' } as const;
    const model = buildModel(
      { network, options },
      { ...binarizers, seed: 5, inputShape, classes: 10 },
    );
    const x = tf.randomNormal([3, ...inputShape], 0, 1, 'float32', 9);
    const inputs = x.dataSync<'float32'>().slice();
    const evaluated = canonicalForward(model, x).dataSync<'float32'>();
    const { bytes } = await convertModel(model, { inputs: [x], inputsAre: 'noise' });
    model.dispose();
    expect(evaluated.some((v) => v !== evaluated[0])).toBe(true);
    for (const [isa, threads] of everySet) {
      const packed = await load(bytes, { kernels: await kernelsOf(isa, threads) });
      expect(packed.run(inputs), `${isa}, ${threads} threads`).toEqual(evaluated);
    }
    // Float sums in float32 are other numbers, but the same ones with any number of threads.
    const [alone, together] = await Promise.all(
      [1, 3].map(async (threads) => {
        const kernels = await kernelsOf(nativeIsas[0], threads);
        return (await load(bytes, { kernels, arithmetic: 'fast' })).run(inputs);
      }),
    );
    expect(together).toEqual(alone);
  });
});
