/** Recipes from files: the one part of reading them that needs Node. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { parseJson, parseRecipe } from './recipe.js';
import type { Recipe } from './schema.js';

/**
 * Reads and checks a recipe file. With the key "extends" it says only what differs from another one, which lies beside it: "bit-sst2", or a path from
 * where the file is.
 *
 * @throws InputError when it, or one that it extends, is missing, no JSON, or wrong.
 */
export async function loadRecipe(path: string): Promise<Recipe> {
  return parseRecipe(await readJson(path, []), path);
}

/** @param from files that extend this one. */
async function readJson(path: string, from: readonly string[]): Promise<unknown> {
  if (from.includes(path)) {
    throw new InputError(`${path} extends itself: ${[...from, path].join(' extends ')}`);
  }
  const by = from.length === 0 ? '' : `, which ${from[from.length - 1]} extends`;
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new InputError(`there is no recipe file ${path}${by}`);
    throw new InputError(`cannot read the recipe ${path}${by}: ${error.message}`);
  });
  const json = parseJson(text, path);
  if (!isObject(json) || json.extends === undefined) return json;
  const { extends: base, ...own } = json;
  if (typeof base !== 'string' || base === '') {
    throw new InputError(
      `${path}: extends must be the name of a recipe beside this one or a path, got ${JSON.stringify(base)}`,
    );
  }
  const file = base.endsWith('.json') ? base : `${base}.json`;
  return merged(await readJson(join(dirname(path), file), [...from, path]), own);
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Objects key by key, everything else as the second has it. */
function merged(base: unknown, own: unknown): unknown {
  if (!isObject(base) || !isObject(own)) return own;
  const keys = new Set([...Object.keys(base), ...Object.keys(own)]);
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      Object.hasOwn(own, key) ? mergedKind(base[key], own[key]) : base[key],
    ]),
  );
}

/** An object of another kind (another optimizer, another schedule) comes whole: the keys of the one mean nothing to the other. */
function mergedKind(base: unknown, own: unknown): unknown {
  const isOther =
    isObject(base) &&
    isObject(own) &&
    ['name', 'type'].some((kind) => own[kind] !== undefined && own[kind] !== base[kind]);
  return isOther ? own : merged(base, own);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
