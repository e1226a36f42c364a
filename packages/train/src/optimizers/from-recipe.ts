/** The optimizers and parameter groups that a recipe describes. */
import { resolveMethod } from '@surge-bnn/core';
import { bertDefaults } from '@surge-bnn/language';
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

/** The factor of a parameter by the depth of its layer; undefined for all recipes but those of texts that ask for it. */
function layerDecay({ language: spec, network }: Recipe): ParameterGroup['factorOf'] {
  if (spec === undefined || spec.layerDecay === 1) return undefined;
  const layers = Number(network.options.layers ?? bertDefaults.layers);
  return ({ layer }) => spec.layerDecay ** (layers - depthOf(layer, layers));
}

/** 0 for the embeddings, l for the l-th layer of the encoder, which begins with 1, and that of the last one for what stands behind. */
function depthOf(layer: string, layers: number): number {
  if (layer.startsWith('bert.embeddings')) return 0;
  const [, index] = /^bert\.encoder\.layer\.(\d+)\./.exec(layer) ?? [];
  return index === undefined ? layers : Number(index) + 1;
}

/** The groups of a recipe, by role; the first that matches a parameter has it. */
export function recipeGroups(recipe: Recipe): ParameterGroup[] {
  const roles = ['scales', 'binary', 'auxiliary', 'normBias', 'other'] as const;
  return roles.flatMap((role) => {
    const group = recipe.groups[role];
    if (group === undefined) return [];
    const { weightDecay, learningRateFactor } = group;
    const optimizer = group.optimizer ?? ofMethod(recipe, role) ?? recipe.optimizer;
    return {
      name: role,
      matches: (parameter) =>
        role === 'scales' ? parameter.isScale === true : parameter.role === role,
      optimizer: makeOptimizer(optimizer, weightDecay),
      learningRateFactor,
      factorOf: layerDecay(recipe),
      clip: role === 'binary' ? recipe.groups.binary.clip : 'none',
    };
  });
}

/** What a method without latent weights asks for, with the numbers of its paper's ImageNet training. */
function ofMethod(recipe: Recipe, role: string): OptimizerSpec | undefined {
  const needed = role === 'binary' ? resolveMethod(recipe.binarizer).optimizer : undefined;
  return needed === undefined ? undefined : { name: needed, gamma: 1e-4, threshold: 1e-8 };
}
