/** Which task a recipe is of, and its data. */
import { InputError, unknownName } from '@surge-bnn/contract';
import type { DecodeProgress } from '@surge-bnn/data';
import { detectorNames, takesOneSize } from '@surge-bnn/detection';
import type { Parts } from '../parts.js';
import type { Recipe } from '../recipe/schema.js';
import { stageRecipes } from '../recipe/stages.js';
import { classification } from './classification.js';
import type { Classification } from './classification.js';
import { detection } from './detection/detection.js';
import type { Detection } from './detection/detection.js';

/**
 * @param onDecode is told of pictures that are decoded now, to be kept.
 * @throws InputError for a network of another task, and for data that are not there.
 */
export async function openTask(
  recipe: Recipe,
  parts: Parts,
  onDecode?: DecodeProgress,
): Promise<Classification | Detection> {
  for (const { network } of stageRecipes(recipe)) checkNetwork(network.name, recipe);
  return recipe.detection === undefined
    ? classification(await parts.data(recipe, onDecode), parts)
    : detection(await parts.annotated(recipe), recipe.detection, parts);
}

/** Before anything is read. */
function checkNetwork(name: string, { detection: spec }: Recipe): void {
  const isDetector = detectorNames.includes(name);
  if (spec === undefined && isDetector) {
    throw new InputError(
      `the network ${name} is a detector, and the recipe does not say on what it is trained; add the key "detection" (recipes/README.md)`,
    );
  }
  if (spec === undefined) return;
  if (!isDetector) throw unknownName('detector', name, detectorNames);
  const { size, testSize } = spec;
  if (
    takesOneSize(name) &&
    [size, testSize].some((one) => one !== undefined && 'shortSide' in one)
  ) {
    throw new InputError(
      `the network ${name} takes pictures of one size: detection.size must be {"width", "height"}`,
    );
  }
}
