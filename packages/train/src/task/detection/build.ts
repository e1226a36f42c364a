/** The detector of a recipe, with its initial weights. */
import { seedFor } from '@surge-bnn/contract';
import { resolveMethod } from '@surge-bnn/core';
import { buildDetector, detectorMultiple } from '@surge-bnn/detection';
import type { Detector } from '@surge-bnn/detection';
import type { DetectionSize } from '@surge-bnn/data';
import type { DetectionSpec } from '../../recipe/detection.js';
import type { Recipe } from '../../recipe/schema.js';

/** The plain detector. Its initial weights depend on the recipe's seed alone. @param classes without the background. */
export function recipeDetector(recipe: Recipe, spec: DetectionSpec, classes: number): Detector {
  const method = resolveMethod(recipe.binarizer);
  const { name, options } = recipe.network;
  const multiple = detectorMultiple(name);
  const largest = largestSides(testSize(spec));
  const [height, width] = [largest.height, largest.width].map(
    (side) => multiple * Math.ceil(side / multiple),
  );
  return buildDetector(
    { network: name, options },
    {
      inputBinarizer: method.input,
      weightBinarizer: method.weight,
      seed: seedFor(recipe.seed, 'weights'),
      inputShape: [height, width, 3],
      classes,
    },
  );
}

/** One size for every picture, or one rule without a choice. */
export type TestSize =
  | Exclude<DetectionSize, { shortSide: unknown }>
  | { readonly shortSide: number; readonly longSide: number };

/** To which size pictures are brought for evaluation. */
export function testSize({ size, testSize: own }: DetectionSpec): TestSize {
  const given = own ?? size;
  if (!('shortSide' in given)) return given;
  const { shortSide, longSide } = given;
  if (typeof shortSide === 'number') return { shortSide, longSide };
  return { shortSide: 'to' in shortSide ? shortSide.to : Math.max(...shortSide), longSide };
}

function largestSides(size: TestSize): { height: number; width: number } {
  return 'shortSide' in size ? { height: size.longSide, width: size.longSide } : size;
}
