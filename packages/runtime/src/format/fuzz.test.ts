/**
 * Whatever bytes arrive, decodeModel gives a model that runs or a ModelFileError: never another error, never a hang.
 * SURGE_FUZZ_RUNS sets the number of damaged files.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ModelFileError } from '../model-file-error.js';
import type { ModelSource } from './model-source.js';
import { models } from './models.fixture.js';
import { mutate, mutation } from './mutation.fixture.js';
import { decodeModel } from './read.js';
import { encodeModel } from './write.js';

const runs = Number(process.env.SURGE_FUZZ_RUNS ?? 3000);

function tryDecode(bytes: Uint8Array): ModelSource | undefined {
  try {
    return decodeModel(bytes);
  } catch (error) {
    if (error instanceof ModelFileError) return undefined;
    throw error;
  }
}

it(`${runs} damaged files are refused, or are models`, { timeout: 3_600_000 }, () => {
  const files = models.map(([, model]) => encodeModel(model()));
  let accepted = 0;
  const damaged = fc.record({
    file: fc.constantFrom(...files),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 4 }),
  });
  fc.assert(
    fc.property(damaged, ({ file, mutations }) => {
      const bytes = mutate(file, mutations);
      const model = tryDecode(bytes);
      if (model === undefined) return;
      if (Buffer.compare(bytes, file) !== 0) accepted += 1;
      const written = encodeModel(model);
      expect(encodeModel(decodeModel(written))).toEqual(written);
    }),
    { numRuns: runs },
  );
  // Else the mutations are too rude to test anything behind the header.
  expect(accepted).toBeGreaterThan(runs / 100);
});

it('noise is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(tryDecode(bytes)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
