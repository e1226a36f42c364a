/**
 * Whole networks as ONNX: a trained one of every layer, and random ones with hostile batch norms. The random ones read halves and
 * mostly compute with halves, so that both runtimes meet the same numbers in front of a sign.
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { everyLayer, pictures, trained } from '../every-layer.fixture.js';
import { packModel } from '../pack.js';
import { build, disturb, halves, network } from '../random-networks.fixture.js';
import { beside } from './onnx.fixture.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it.each(['f32', 'f16'] as const)('a trained network of every layer, %s', async (floatWeights) => {
  const model = await trained(everyLayer());
  const { source } = packModel(model, { floatWeights });
  const inputs = pictures(64, 7);
  const values = Float32Array.from(inputs.dataSync());
  const { otherPredictions, largestDifference } = await beside(source, values);
  expect(otherPredictions).toBe(0);
  expect(largestDifference).toBeLessThan(1e-6);
  inputs.dispose();
  model.dispose();
});

it('random networks', async () => {
  let exact = 0;
  await fc.assert(
    fc.asyncProperty(network, async ({ seed, ...given }) => {
      const model = build(given);
      disturb(model, seed);
      const { source } = packModel(model);
      model.dispose();
      const x = halves(3, given.input, seed);
      const values = Float32Array.from(x.dataSync());
      x.dispose();
      // The ops as they stand, and as the runtime merges them: a scale behind a float layer goes into its weights.
      for (const graphOptimizationLevel of ['disabled', 'all'] as const) {
        const { packed, largestDifference } = await beside(source, values, {
          graphOptimizationLevel,
        });
        const scale = packed.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
        expect(largestDifference / scale).toBeLessThan(1e-6);
        if (graphOptimizationLevel === 'disabled' && largestDifference === 0) exact += 1;
      }
    }),
    { numRuns: 120, seed: 6 },
  );
  expect(exact).toBeGreaterThan(100);
});
