/** Which task a recipe is of, and its data. */
import { InputError, unknownName } from '@surge-bnn/contract';
import type { DecodeProgress } from '@surge-bnn/data';
import { detectorNames, takesOneSize } from '@surge-bnn/detection';
import { expectVaryingSizes } from '@surge-bnn/engine';
import type { Parts } from '../parts.js';
import type { Recipe } from '../recipe/schema.js';
import { stageRecipes } from '../recipe/stages.js';
import { classification } from './classification.js';
import type { Classification } from './classification.js';
import { detection } from './detection/detection.js';
import type { Detection } from './detection/detection.js';
import { textNetworkNames } from './language/build.js';
import { language } from './language/language.js';
import type { Language } from './language/language.js';

/**
 * The engine is told what to expect of the task's batches.
 *
 * @param onDecode is told of pictures that are decoded now, to be kept.
 * @throws InputError for a network of another task, and for data that are not there.
 */
export async function openTask(
  recipe: Recipe,
  parts: Parts,
  onDecode?: DecodeProgress,
): Promise<Classification | Detection | Language> {
  for (const { network } of stageRecipes(recipe)) checkNetwork(network.name, recipe);
  // Pictures to be classified are all of one size.
  expectVaryingSizes(recipe.language !== undefined || recipe.detection !== undefined);
  if (recipe.language !== undefined) return language(await parts.texts(recipe));
  return recipe.detection === undefined
    ? classification(await parts.data(recipe, onDecode), parts)
    : detection(await parts.annotated(recipe), recipe.detection, parts);
}

/** Before anything is read. */
function checkNetwork(name: string, { detection: spec, language: text }: Recipe): void {
  const isForTexts = textNetworkNames.some((one) => one === name);
  if (text === undefined && isForTexts) {
    throw new InputError(
      `the network ${name} is for texts, and the recipe does not say which; add the key "language" (recipes/README.md)`,
    );
  }
  if (text !== undefined) {
    if (!isForTexts) throw unknownName('network for texts', name, textNetworkNames);
    return;
  }
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
