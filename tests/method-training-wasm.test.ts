/** Every method trains, with and without SURGE, on the wasm engine; two of them on plain TF.js, too. */
import { methods } from '@surge-bnn/core';
import { describe, expect, it } from 'vitest';
import { accuracyOf, reached } from './method-runs.js';

describe('on wasm', () => {
  const engine = { backend: 'wasm', threads: 1 } as const;
  describe.each(Object.keys(methods))('%s', (name) => {
    it.each(['none', { eta: 0.1 }] as const)('compensator %j', async (compensator) => {
      expect(await accuracyOf(name, { compensator, engine })).toBeGreaterThan(reached);
    });
  });
});

describe('on plain TF.js', () => {
  it.each(['ir-net', 'adabin'])('%s with SURGE', async (name) => {
    const network = { name: 'mlp', options: { depth: 2, units: 48 } };
    const changes = { network, compensator: { eta: 0.1 }, engine: { backend: 'tfjs' } } as const;
    expect(await accuracyOf(name, changes)).toBeGreaterThan(reached);
  });
});
