/** The sentence in a heap that former runs have used; plan.test.ts has the rest of it. */
import { expect, it } from 'vitest';
import { tinyRecipe } from '../testing/fixture.js';
import { refusal } from './refusal.js';

const recipe = tinyRecipe({ batchSize: 64 });
const traces = {
  tried: [],
  opening: [],
  steps: [],
  evaluations: [],
  reestimations: [],
  scratch: { forward: [], backward: [], filterGradients: [] },
  largestWeights: 0,
};

/** A run that takes so many bytes for each image of its batch. */
function sentence(perImage: number, former: number): string {
  return refusal({
    ...{ backend: 'surge-wasm', recipe, former },
    need: { bytes: 64 * perImage, limit: 4e9, kept: 1e6, perImage, images: 64 },
    stages: [{ recipe, traces }],
    images: { training: 1000, evaluation: 100 },
    end: ([stage]) => former + stage.recipe.batchSize * perImage,
  });
}

it('names what former runs hold where the run itself would fit', () => {
  // 3.2 GB beside 1.5 GB; 2.5 GB are 50 images.
  expect(sentence(5e7, 1.5e9)).toMatch(
    /^the run needs 3\.20 GB of memory beside the 1\.50 GB that former runs in this process hold \(in a process of its own it fits\), and surge-wasm, with addresses of 32 bits, has 4\.00 GB: .+ the largest batch size that fits is 50 \(--set batchSize=50\)/,
  );
});

it('names it, too, where the run would not, and says nothing of what is not seen in the number', () => {
  expect(sentence(1e8, 1.5e9)).toMatch(
    /^the run needs 6\.40 GB of memory beside the 1\.50 GB that former runs in this process hold, and surge-wasm/,
  );
  expect(sentence(1e8, 1000)).toMatch(/^the run needs 6\.40 GB of memory and surge-wasm/);
});
