/**
 * Whatever bytes arrive, decodeModel gives a model that runs, in the memory that it is allowed, or a ModelFileError:
 * never another error, never a hang.
 * SURGE_FUZZ_RUNS sets the number of damaged files; `npm test -- --long` asks for 100,000.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PackedModel } from '../execute/packed-model.js';
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

/** Runs it once; a model may want more memory than it gets here, or find a NaN at a sign. */
function tryRun(model: ModelSource): 'ran' | 'refused' {
  try {
    const packed = PackedModel.from(model, { maxMemoryBytes: 2 ** 20 });
    const elements = packed.inputShape.reduce((product, size) => product * size, 1);
    packed.run(Float32Array.from({ length: elements }, (_, i) => ((i * 7) % 11) - 5));
    return 'ran';
  } catch (error) {
    if (error instanceof ModelFileError) return 'refused';
    throw error;
  }
}

it(`${runs} damaged files are refused, or are models`, { timeout: 3_600_000 }, () => {
  const files = models.flatMap(([, model]) => [
    encodeModel(model()),
    encodeModel(model(), { compact: true }),
  ]);
  let ran = 0;
  const damaged = fc.record({
    file: fc.constantFrom(...files),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 4 }),
  });
  fc.assert(
    fc.property(damaged, ({ file, mutations }) => {
      const bytes = mutate(file, mutations);
      const model = tryDecode(bytes);
      if (model === undefined) return;
      const written = encodeModel(model);
      expect(Buffer.compare(encodeModel(decodeModel(written)), written)).toBe(0);
      if (tryRun(model) === 'ran' && Buffer.compare(bytes, file) !== 0) ran += 1;
    }),
    { numRuns: runs },
  );
  // Else the mutations are too rude to test anything behind the header.
  expect(ran).toBeGreaterThan(runs / 100);
});

it('noise is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(tryDecode(bytes)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
