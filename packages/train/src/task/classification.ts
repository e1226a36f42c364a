/** Classification: pictures of one size, each with its class. */
import type { Model } from '@surge-bnn/core';
import { channelStatistics } from '@surge-bnn/data';
import type { ChannelStatistics } from '@surge-bnn/data';
import { BatchLoader } from '@surge-bnn/data';
import { evaluateModel } from '../evaluate.js';
import { reestimateOn } from '../evaluation/reestimate.js';
import { imageBatches } from '../gradients.js';
import { distillation } from '../objective/distillation.js';
import type { Objective } from '../objective/objective.js';
import { loadTeacher } from '../objective/teacher.js';
import type { Parts, RunData } from '../parts.js';
import type { DistillationSpec } from '../recipe/additions.js';
import type { Recipe } from '../recipe/schema.js';
import { dataHashOf } from '../source.js';
import type { Task, TaskNetwork, TrainingBatches } from './task.js';

export interface Classification extends Task {
  readonly kind: 'classification';
  readonly data: RunData;
  /** Mean and deviation of the training images, which every input is normalised with. */
  readonly normalization: ChannelStatistics;
}

export function classification(data: RunData, parts: Parts): Classification {
  const normalization = channelStatistics(data.train);
  return {
    kind: 'classification',
    data,
    normalization,
    network: (recipe) => classifier(recipe, data, normalization, parts),
  };
}

function classifier(
  recipe: Recipe,
  data: RunData,
  normalization: ChannelStatistics,
  parts: Parts,
): TaskNetwork {
  const { train, evaluation } = data;
  const { workers } = parts;
  const { batchSize, seed, augmentation } = recipe;
  const model = parts.model(recipe, train);
  let taught: Taught | undefined;
  const shape = {
    inputShape: [train.height, train.width, train.channels] as const,
    classes: train.classes.length,
  };
  return {
    model,
    async learnFrom(distillation) {
      taught = await teachClassifier(model, distillation, { data, normalization }, parts);
      return taught.hash;
    },
    batches({ onSkip }): TrainingBatches {
      const options = { batchSize, seed, normalization, augmentation, workers, onSkip };
      const loader = new BatchLoader(train, options);
      const trainingBatch = imageBatches(model, recipe, {
        ...shape,
        objective: taught?.objective,
      });
      return {
        async *epoch(epoch, firstBatch) {
          for await (const batch of loader.epoch(epoch, firstBatch)) yield trainingBatch(batch);
        },
        close: () => loader.close(),
      };
    },
    evaluate: (options) => evaluateModel(model, evaluation, { normalization, workers, ...options }),
    reestimate: (options) =>
      reestimateOn(model, train, { batchSize, seed, normalization, ...options }),
    dispose() {
      model.dispose();
      taught?.teacher.dispose();
    },
  };
}

export interface Taught {
  readonly objective: Objective;
  readonly teacher: Model;
  /** Of the teacher's weights. */
  readonly hash: string;
}

/** The teacher of a classifier, with the objective that it makes of the training. The caller disposes the teacher. */
export async function teachClassifier(
  model: Model,
  spec: DistillationSpec,
  { data, normalization }: Pick<Classification, 'data' | 'normalization'>,
  parts: Parts,
): Promise<Taught> {
  const teacher = await loadTeacher(
    spec.teacher,
    data.train,
    normalization,
    dataHashOf(data),
    parts,
  );
  try {
    const objective = distillation(model, teacher, spec);
    return { objective, teacher: teacher.model, hash: teacher.hash };
  } catch (error) {
    teacher.model.dispose();
    throw error;
  }
}
