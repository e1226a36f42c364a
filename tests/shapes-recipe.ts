/** A recipe for a small binary Faster R-CNN with SURGE on the pictures of annotated-shapes.ts. */
import { applyOverrides, parseRecipe } from '@surge-bnn/train';
import type { Recipe, RecipeInput } from '@surge-bnn/train';

export const shapesInput: RecipeInput = {
  name: 'shapes',
  data: { name: 'voc' },
  network: {
    name: 'faster-rcnn',
    options: {
      backbone: { network: 'imagenet-resnet-18', options: { width: 4 } },
      neckWidth: 8,
      headWidth: 16,
      headPrecision: 'binary',
      anchorSizes: [16, 24, 32, 48, 64],
      trainingProposals: { before: 60, after: 30 },
      proposals: { before: 40, after: 20 },
    },
  },
  compensator: { eta: 0.3, lambda: { movingAverage: 0.5 } },
  optimizer: { name: 'adam', learningRate: 0.003 },
  clip: { globalNorm: 10 },
  epochs: 3,
  batchSize: 2,
  seed: 4,
  engine: { backend: 'wasm' },
  detection: { size: { width: 96, height: 64 } },
};

/** @param folder of the pictures. @param set values of the recipe's keys. */
export function shapesRecipe(folder: string, set: Readonly<Record<string, unknown>> = {}): Recipe {
  return applyOverrides(parseRecipe(shapesInput), { 'data.directory': folder, ...set });
}
