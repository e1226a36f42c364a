/** The optimizers and parameter groups that a recipe describes. */
import type { OptimizerSpec, Recipe } from '../recipe/schema.js';
import { adam, adamw } from './adam.js';
import { bop } from './bop.js';
import type { ParameterGroup } from './groups.js';
import type { Optimizer } from './optimizer.js';
import { sgd } from './sgd.js';

/** One optimizer; `weightDecay` replaces the spec's. */
export function makeOptimizer(spec: OptimizerSpec, weightDecay?: number): Optimizer {
  if (spec.name === 'bop') return bop(spec);
  const options = { ...spec, weightDecay: weightDecay ?? spec.weightDecay };
  switch (options.name) {
    case 'sgd':
      return sgd(options);
    case 'adam':
      return adam(options);
    case 'adamw':
      return adamw(options);
  }
}

/** The four groups of a recipe, by role. */
export function recipeGroups(recipe: Recipe): ParameterGroup[] {
  const roles = ['binary', 'auxiliary', 'normBias', 'other'] as const;
  return roles.map((role) => {
    const { optimizer = recipe.optimizer, weightDecay, learningRateFactor } = recipe.groups[role];
    return {
      name: role,
      matches: (parameter) => parameter.role === role,
      optimizer: makeOptimizer(optimizer, weightDecay),
      learningRateFactor,
      clip: role === 'binary' ? recipe.groups.binary.clip : 'none',
    };
  });
}
