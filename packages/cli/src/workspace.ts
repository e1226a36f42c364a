/** Where the command finds what came with it: its version, the recipes. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError, nearest } from '@surge-bnn/contract';

const packageFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const recipeFolder = path.resolve(packageFolder, '../../recipes');

/** The version of this package. */
export function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(path.join(packageFolder, 'package.json'), 'utf8'),
  );
  const found: unknown =
    typeof manifest === 'object' && manifest !== null
      ? Reflect.get(manifest, 'version')
      : undefined;
  return typeof found === 'string' ? found : 'unknown';
}

/** Names of the recipes that come with the project. */
export function recipeNames(): string[] {
  if (!existsSync(recipeFolder)) return [];
  return readdirSync(recipeFolder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length));
}

/** Whether there is such a file or folder, or a recipe of that name. */
export function namesRecipe(given: string): boolean {
  return existsSync(given) || recipeNames().includes(given);
}

/**
 * The file that a user means by RECIPE: a path, or the name of a recipe that comes with the project.
 *
 * @throws InputError when there is neither.
 */
export function findRecipe(given: string): string {
  if (existsSync(given)) return given;
  const named = path.join(recipeFolder, `${given}.json`);
  if (!given.includes(path.sep) && existsSync(named)) return named;
  const names = recipeNames();
  const near = nearest(path.basename(given, '.json'), names);
  const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
  throw new InputError(
    `there is no recipe "${given}"${hint}; give the path of a recipe file or one of: ${names.join(', ')}`,
  );
}
