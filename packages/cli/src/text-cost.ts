/** The network of a recipe for texts, built only to be counted. */
import type { Recipe } from '@surge-bnn/train';
import type { RecipeCost } from './network-cost.js';

/** Layer by layer, for one text of the greatest length. @throws InputError for a vocabulary that is not there, and as the network itself. */
export async function textCost(
  recipe: Recipe & { readonly language: NonNullable<Recipe['language']> },
): Promise<RecipeCost> {
  const [core, data, engine, train] = await Promise.all([
    import('@surge-bnn/core'),
    import('@surge-bnn/data'),
    import('@surge-bnn/engine'),
    import('@surge-bnn/train'),
  ]);
  const { language: spec, seed } = recipe;
  const isBert = recipe.network.name === 'bert';
  const pieces =
    spec.vocabulary !== undefined
      ? (await train.openTokenizer(recipe, spec)).size
      : isBert
        ? data.vocabularyPieces
        : 0;
  await engine.useEngine({ backend: 'cpu' });
  const { maxLength: length } = spec;
  const network = train.recipeTextNetwork(recipe, { size: pieces }, { length });
  try {
    core.setProgress(network.model, 1);
    const compensator = train.surgeOptions(recipe);
    if (compensator !== undefined) {
      core.attachCompensator(network.model, core.surge(compensator), { seed });
    }
    return {
      ...core.summarize(network.model),
      remark: `counted for a text of ${length} pieces, the most that the recipe allows`,
    };
  } finally {
    network.dispose();
  }
}
