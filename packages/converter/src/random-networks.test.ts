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

it(
  'convert and agree with float layers of any form, and merged',
  { timeout: 120_000 },
  async () => {
    const forms = fc.constantFrom('f32', 'f16', 'i8', 'i8-weights');
    const given = fc.record({ network, floatWeights: forms, merge: fc.boolean() });
    let proven = 0;
    await fc.assert(
      fc.asyncProperty(given, async ({ network: { seed, ...rest }, floatWeights, merge }) => {
        const model = build(rest);
        disturb(model, seed);
        const x = (drawn: number) => tf.randomUniform([3, ...rest.input], -2, 2, 'float32', drawn);
        const calibration = { inputs: [x(seed + 1)], inputsAre: 'others' };
        const inputs = [x(seed)];
        const conversion = convertModel(model, {
          inputs,
          inputsAre: 'noise',
          floatWeights,
          merge,
          ...(floatWeights === 'i8' && { calibration }),
        });
        const report = await conversion.then(
          (done) => done.report,
          (error: unknown) => String(error),
        );
        model.dispose();
        if (typeof report === 'string') {
          // No float layer, or one that reads zeros only: nothing to calibrate.
          expect(report).toMatch(/there is none|reads nothing but zeros/);
          return;
        }
        expect(report.agreement.equalUnmerged ?? report.agreement.equalOutputs).toBe(3);
        proven += 1;
      }),
      { numRuns: 80 },
    );
    expect(proven).toBeGreaterThan(50);
  },
);
