/** Which task a recipe is of, and its data. */
import type { DecodeProgress } from '@surge-bnn/data';
import type { Parts } from '../parts.js';
import type { Recipe } from '../recipe/schema.js';
import { classification } from './classification.js';
import type { Classification } from './classification.js';
import { detection } from './detection/detection.js';
import type { Detection } from './detection/detection.js';

/**
 * @param onDecode is told of pictures that are decoded now, to be kept.
 * @throws InputError for data that are not there.
 */
export async function openTask(
  recipe: Recipe,
  parts: Parts,
  onDecode?: DecodeProgress,
): Promise<Classification | Detection> {
  return recipe.detection === undefined
    ? classification(await parts.data(recipe, onDecode), parts)
    : detection(await parts.annotated(recipe), recipe.detection, parts);
}
