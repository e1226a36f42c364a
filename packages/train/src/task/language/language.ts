/** Language understanding: the tasks of GLUE, and what a network for them is pre-trained on: gaps in texts, or the vectors of a sentence encoder. */
import { startInputs } from '@surge-bnn/core';
import { textInputs } from '@surge-bnn/language';
import type { LanguageSpec } from '../../recipe/language.js';
import type { Recipe } from '../../recipe/schema.js';
import type { Task, TaskNetwork } from '../task.js';
import { labelledBatches, textBatches } from './batches.js';
import type { BatchSource } from './batches.js';
import { recipeTextNetwork } from './build.js';
import type { RecipeNetwork } from './build.js';
import type { TextData } from './data.js';
import type { EncodedHalf } from './half.js';
import { evaluateTexts, textMeasure } from './evaluate.js';
import { matchingObjective } from './match.js';
import { plainObjective, single } from './objective.js';
import { VectorTeacher } from './published.js';
import { adoptEncoder, openTeacher } from './sources.js';

export interface Language extends Task {
  readonly kind: 'language';
  readonly data: TextData;
}

export function language(data: TextData): Language {
  return {
    kind: 'language',
    data,
    measure: textMeasure(data),
    unit: 'texts',
    network(recipe) {
      const { language: spec } = recipe;
      if (spec === undefined) throw new Error('a network for texts is of recipes of language');
      return textNetwork(recipe, spec, data);
    },
  };
}

function textNetwork(recipe: Recipe, spec: LanguageSpec, data: TextData): TaskNetwork {
  const network = recipeTextNetwork(recipe, data.tokenizer);
  const { labelSmoothing: smoothing } = recipe;
  let objective = plainObjective(network.model, {
    countsCorrect: data.task !== undefined,
    smoothing,
  });
  let teacher: RecipeNetwork | undefined;
  const { published } = data;
  const teachers = new Map<EncodedHalf, VectorTeacher>();
  if (published !== undefined) {
    for (const half of [data.train, data.evaluation]) {
      teachers.set(half, new VectorTeacher(published, half.examples ?? []));
    }
  }
  const source: BatchSource = { ...data, teachers };
  return {
    model: network.model,
    async begin() {
      const encoder = await adoptEncoder(network, spec, data, recipe);
      return encoder === undefined ? {} : { encoder };
    },
    async learnFrom(distillation) {
      const opened = await openTeacher(distillation.teacher, data);
      teacher = opened.network;
      objective = matchingObjective(network, opened, distillation, spec.match, smoothing);
      return opened.hash;
    },
    startInputs: () => startFromFirst(network, recipe, spec, data.train, source),
    batches: () => textBatches(network, data.train, source, spec, recipe, objective),
    evaluate: (options) => evaluateTexts(network, data.evaluation, source, spec, options),
    reestimate({ count }) {
      if (count === 0) return Promise.resolve();
      // The recipe's check refuses it.
      throw new Error('a network for texts has no statistics to be taken anew');
    },
    dispose() {
      network.dispose();
      teacher?.dispose();
      for (const one of teachers.values()) one.dispose();
    },
  };
}

/** The scales of a binarizer (BiT's) begin with what a first batch is like. */
function startFromFirst(
  { model }: RecipeNetwork,
  { batchSize, seed }: Recipe,
  spec: LanguageSpec,
  half: EncodedHalf,
  source: BatchSource,
): void {
  const [first] = labelledBatches(half, source, spec, { batchSize, seed }).epoch(0);
  const inputs = textInputs(first.texts);
  try {
    startInputs(model, () => single(model.apply(inputs)));
  } finally {
    for (const input of inputs) input.dispose();
  }
}
