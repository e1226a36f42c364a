/** Recipes from files: the one part of reading them that needs Node. */
import { readFile } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import { parseJson, parseRecipe } from './recipe.js';
import type { Recipe } from './schema.js';

/** Reads and checks a recipe file. @throws InputError when it is missing, no JSON, or wrong. */
export async function loadRecipe(path: string): Promise<Recipe> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new InputError(`there is no recipe file ${path}`);
    throw new InputError(`cannot read the recipe ${path}: ${error.message}`);
  });
  return parseRecipe(parseJson(text, path), path);
}
