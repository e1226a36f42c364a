/** Random networks with hostile batch norms: whatever is converted agrees bit for bit, or the conversion throws. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { convertModel } from './convert.js';
import { build, disturb, halves, network } from './random-networks.fixture.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it('convert and agree', { timeout: 120_000 }, async () => {
  let proven = 0;
  await fc.assert(
    fc.asyncProperty(network, async ({ seed, ...given }) => {
      const model = build(given);
      disturb(model, seed);
      const inputs = [halves(3, given.input, seed)];
      const { report } = await convertModel(model, { inputs, inputsAre: 'halves' });
      expect(report.agreement.equalOutputs).toBe(3);
      proven += 1;
      model.dispose();
    }),
    { numRuns: 120 },
  );
  expect(proven).toBeGreaterThan(100);
});
