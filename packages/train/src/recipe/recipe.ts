/**
 * Reading recipes: from JSON, and with single values replaced (`--set key=value`); load-recipe.ts reads them from files. All three
 * ways go through the same schema and give the same messages.
 */
import { InputError } from '@surge-bnn/contract';
import { resolveMethod } from '@surge-bnn/core';
import { leastValue, schedule } from '../schedules.js';
import type { Schedule, ScheduleSpec } from '../schedules.js';
import { checkDetection } from './detection.js';
import { checkLanguage } from './language.js';
import { explain } from './explain.js';
import { recipeSchema } from './schema.js';
import type { Recipe } from './schema.js';
import { stageRecipes, stageTitle } from './stages.js';

/**
 * Checks a recipe and fills in the defaults.
 *
 * @param json the parsed JSON.
 * @param where names its source in errors, e.g. the file.
 * @throws InputError: what is wrong, where, what is allowed.
 */
export function parseRecipe(json: unknown, where = 'recipe'): Recipe {
  const result = recipeSchema.safeParse(json);
  if (!result.success) {
    throw new InputError(explain(result.error.issues, recipeSchema, json, where));
  }
  const stages = stageRecipes(result.data);
  stages.forEach((stage, i) => {
    const place = stages.length === 1 ? where : `${where}: stage ${i + 1}`;
    checkTogether(stage, place);
    checkDetection(stage, place);
    checkLanguage(stage, place);
  });
  checkAveraging(result.data, where);
  return result.data;
}

/**
 * A copy of the recipe with the values at dotted keys replaced, checked anew. 'optimizer.name' drops what
 * only the former optimizer knew.
 *
 * @throws InputError for what the recipe does not take; for 'compensator.eta' without a compensator; for a key that
 * would change nothing, because every stage names it.
 */
export function applyOverrides(
  recipe: Recipe,
  overrides: Readonly<Record<string, unknown>>,
  where = 'recipe',
): Recipe {
  let json: JsonObject = structuredClone(recipe);
  for (const [key, value] of Object.entries(overrides)) {
    json = replace(json, key.split('.'), value, key, where);
  }
  refuseHidden(json.stages, Object.keys(overrides), where);
  // The sum of the stages follows from them.
  if (json.stages !== undefined && overrides.epochs === undefined) delete json.epochs;
  return parseRecipe(json, where);
}

/** What every stage names, the recipe's own value of it reaches none. */
function refuseHidden(stages: unknown, keys: readonly string[], where: string): void {
  if (!Array.isArray(stages) || stages.length === 0) return;
  const list: unknown[] = stages;
  for (const key of keys) {
    const [first] = key.split('.');
    // Of a stage these two are its own; the sum of the epochs has its own check.
    if (first === 'name' || first === 'epochs') continue;
    if (!list.every((stage) => isObject(stage) && stage[first] !== undefined)) continue;
    const own = list.map((_, i) => `stages.${i}.${key}`).join(' or ');
    throw new InputError(
      `${where}: ${key} would change nothing, because every stage names its own ${first}; set ${own}`,
    );
  }
}

/**
 * 'a.b=0.5' as a pair of key and value. The value is JSON where it is valid JSON (numbers, true, [..], {..}),
 * otherwise the text itself.
 */
export function parseOverride(text: string): [key: string, value: unknown] {
  const split = text.indexOf('=');
  if (split < 1) throw new InputError(`--set needs key=value, got "${text}"`);
  const value = text.slice(split + 1);
  try {
    const parsed: unknown = JSON.parse(value);
    return [text.slice(0, split), parsed];
  } catch {
    return [text.slice(0, split), value];
  }
}

/** eta of a recipe as a function of p; undefined without compensator or with a fixed lam. */
export function etaSchedule(recipe: Recipe): Schedule | undefined {
  if (recipe.compensator === 'none') return undefined;
  const eta: ScheduleSpec | undefined = recipe.compensator.eta;
  return eta === undefined ? undefined : schedule(eta);
}

type JsonObject = Record<string, unknown>;

function replace(
  json: JsonObject,
  path: readonly string[],
  value: unknown,
  whole: string,
  where: string,
): JsonObject {
  const [key, ...rest] = path;
  if (rest.length === 0) {
    const switched = /(^|\.)optimizer\.name$/.test(whole) && json.name !== value;
    const kept = switched ? pick(json, ['learningRate', 'weightDecay']) : json;
    return { ...kept, [key]: value };
  }
  const inner = json[key];
  if (inner === 'none' && key === 'compensator') {
    throw new InputError(
      `${where}: ${whole} has nothing to act on, the compensator is "none"; set compensator to "surge" first`,
    );
  }
  if (inner === undefined || typeof inner === 'string' || typeof inner === 'number') {
    // A short form ('surge', a constant schedule) makes way for the long one; the check decides if it fits.
    const named = (key === 'network' || key === 'binarizer') && typeof inner === 'string';
    const long = named ? { name: inner } : {};
    return { ...json, [key]: replace(long, rest, value, whole, where) };
  }
  if (Array.isArray(inner)) {
    const list: unknown[] = inner;
    const at: unknown = list[Number(rest[0])];
    if (rest.length > 1 && isObject(at)) {
      const changed = replace(at, rest.slice(1), value, whole, where);
      return { ...json, [key]: list.with(Number(rest[0]), changed) };
    }
    const to = list.length - 1;
    throw new InputError(
      `${where}: ${whole} does not exist: ${key} is a list; name a key of ${key}.0 to ${key}.${to}`,
    );
  }
  if (!isObject(inner)) {
    throw new InputError(`${where}: ${whole} does not exist: ${key} is ${JSON.stringify(inner)}`);
  }
  return { ...json, [key]: replace(inner, rest, value, whole, where) };
}

function pick(json: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([key]) => keys.includes(key)));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON.parse with the file named in the message. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path} is not valid JSON: ${(error as Error).message}`);
  }
}

/** The checkpoint "averaged" is the run's: that of an early stage would pass for it. */
function checkAveraging(recipe: Recipe, where: string): void {
  const stages = stageRecipes(recipe);
  if (stages.at(-1)?.averaging !== undefined) return;
  const early = stages.findIndex(({ averaging }) => averaging !== undefined);
  if (early < 0) return;
  throw new InputError(
    `${where}: ${stageTitle(recipe, early) ?? ''} averages its weights and the last stage does not, so what is called "averaged" would be no part of what ships; name averaging in stages.${stages.length - 1}, or leave it out of stages.${early}`,
  );
}

/** What no single field can know. */
function checkTogether(recipe: Recipe, where: string): void {
  const { compensator, optimizer, groups } = recipe;
  checkBinarizer(recipe.binarizer, where);
  if (compensator !== 'none') {
    const { lambda, eta, auxiliary, initial } = compensator;
    if (typeof lambda === 'object' && 'fixed' in lambda && eta !== undefined) {
      throw new InputError(
        `${where}: compensator.eta has no meaning beside lambda {"fixed": ${lambda.fixed}}; leave one of them out`,
      );
    }
    if (eta !== undefined) checkSchedule(eta, `${where}: compensator.eta`);
    if (initial === 'copy' && auxiliary !== 'full' && auxiliary !== 'frozen') {
      const why = auxiliary === 'shared' ? 'which is W itself' : "which has not W's shape";
      throw new InputError(
        `${where}: compensator.initial "copy" has no meaning beside auxiliary ${JSON.stringify(auxiliary)}, ${why}; leave one of them out`,
      );
    }
    if (compensator.normScope !== 'layer' && lambda !== 'adaptive') {
      throw new InputError(
        `${where}: compensator.normScope "${compensator.normScope}" has no meaning beside lambda ${JSON.stringify(lambda)}; allowed there: layer`,
      );
    }
  }
  const { labelSmoothing, distillation } = recipe;
  if (labelSmoothing > 0 && distillation?.logits?.weight === 1) {
    throw new InputError(
      `${where}: labelSmoothing ${labelSmoothing} has no meaning beside distillation.logits.weight 1, where the labels play no part in the loss; leave one of them out, or take a smaller weight`,
    );
  }
  // Now, and not in the middle of the run, when the schedule gets there.
  checkSchedule(recipe.schedule, `${where}: schedule`);
  const { clip } = groups.binary;
  if (typeof clip === 'object' && !(clip[0] < clip[1])) {
    throw new InputError(
      `${where}: groups.binary.clip must be [low, high] with low < high, got [${clip.join(', ')}]`,
    );
  }
  const bop = 'Bop flips binary weights and nothing else; name it in groups.binary.optimizer';
  if (optimizer.name === 'bop') throw new InputError(`${where}: optimizer.name: ${bop}`);
  for (const role of ['auxiliary', 'normBias', 'other'] as const) {
    if (groups[role].optimizer?.name === 'bop') {
      throw new InputError(`${where}: groups.${role}.optimizer: ${bop}`);
    }
  }
  if (recipe.accumulate > recipe.batchSize) {
    throw new InputError(
      `${where}: accumulate ${recipe.accumulate} cannot split a batch of ${recipe.batchSize} images; allowed: 1 to ${recipe.batchSize}`,
    );
  }
}

function checkSchedule(spec: ScheduleSpec, what: string): void {
  const least = leastValue(spec);
  if (!(least >= 0)) throw new InputError(`${what} must stay >= 0, but it comes to ${least}`);
}

function checkBinarizer(given: Recipe['binarizer'], where: string): void {
  try {
    resolveMethod(given);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${where}: ${error.message}`);
  }
}
