/** What is measured: full precision, STE, and the forms of SURGE's auxiliary weights; the one list of them. */
import { parseRecipe } from '@surge-bnn/train';

/** `compensator` is what a recipe says. */
export const forms = [
  { name: 'full precision', method: 'fp' },
  { name: 'STE', method: 'ste' },
  { name: 'SURGE', method: 'surge', compensator: {} },
  surge('SURGE, grouped in 4', { form: 'grouped', groups: 4 }),
  surge('SURGE, low rank 8', { form: 'lowRank', rank: 8 }),
  surge('SURGE, shared', 'shared'),
  surge('SURGE, frozen', 'frozen'),
];

function surge(name, auxiliary) {
  return { name, method: 'surge', compensator: { auxiliary } };
}

/** Why a form cannot be measured: what the recipe's schema says of it; undefined for one that exists. */
export function whyNot({ compensator = 'none' }) {
  try {
    parseRecipe({
      data: { name: 'random' },
      network: 'random',
      compensator,
      optimizer: { name: 'sgd', learningRate: 1 },
      epochs: 1,
      batchSize: 1,
    });
    return undefined;
  } catch (error) {
    return error.message.replace(/^recipe: /, '');
  }
}
