/** Every method trains, with and without SURGE, on the native engine. */
import { methods } from '@surge-bnn/core';
import { describe, expect, it } from 'vitest';
import { nativeIsBuilt } from './backends.js';
import { accuracyOf, reached } from './method-runs.js';

describe.skipIf(!nativeIsBuilt)('on native (needs npm run build:native)', () => {
  const engine = { backend: 'native', threads: 1 } as const;
  describe.each(Object.keys(methods))('%s', (name) => {
    it.each(['none', { eta: 0.1 }] as const)('compensator %j', async (compensator) => {
      expect(await accuracyOf(name, { compensator, engine })).toBeGreaterThan(reached);
    });
  });
});
