/** The recipes of the two networks: that of the demo on the command line, with what a person has set. */
/// <reference types="vite/client" />
import { applyOverrides, parseRecipe } from '@surge-bnn/train/browser';
import type { Recipe } from '@surge-bnn/train/browser';
import recipeText from '../../../recipes/digits-small.json?raw';
import type { Settings } from './settings.js';

/** As few as bring both networks over 95 %. */
const defaultEpochs = 4;

function demoRecipe(): Recipe {
  return parseRecipe(JSON.parse(recipeText), 'digits-small.json');
}

/** What the form begins with. */
export function defaultSettings(): Pick<Settings, 'epochs' | 'batchSize' | 'eta' | 'seed'> {
  const { batchSize, seed, compensator } = demoRecipe();
  const eta = compensator === 'none' ? undefined : compensator.eta;
  if (typeof eta !== 'number') throw new Error('digits-small.json has no eta that is a number');
  return { epochs: defaultEpochs, batchSize, eta, seed };
}

/**
 * With the straight-through estimator alone, and with SURGE: they differ in the compensator and in nothing else.
 *
 * @throws InputError for a value that the recipe does not take.
 */
export function recipesOf({ epochs, batchSize, eta, seed }: Settings): readonly [Recipe, Recipe] {
  const base = applyOverrides(demoRecipe(), { epochs, batchSize, seed }, 'settings');
  return [
    applyOverrides(base, { compensator: 'none' }, 'settings'),
    applyOverrides(base, { 'compensator.eta': eta }, 'settings'),
  ];
}
