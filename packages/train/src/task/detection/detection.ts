/** Object detection: annotated pictures of any size, batches of them, and mean average precision. */
import type { DetectionSet } from '@surge-bnn/data';
import type { Parts } from '../../parts.js';
import type { DetectionSpec } from '../../recipe/detection.js';
import type { Recipe } from '../../recipe/schema.js';
import type { Task, TaskData, TaskNetwork } from '../task.js';
import { adoptBackbone } from './backbone.js';
import { detectorBatches } from './batches.js';
import { recipeDetector } from './build.js';
import { evaluateDetector, metricName } from './evaluate.js';

export interface DetectionData extends TaskData {
  readonly train: DetectionSet;
  readonly evaluation: DetectionSet;
}

export interface Detection extends Task {
  readonly kind: 'detection';
  readonly data: DetectionData;
}

export function detection(data: DetectionData, spec: DetectionSpec, parts: Parts): Detection {
  return {
    kind: 'detection',
    data,
    measure: metricName(spec),
    network: (recipe) => detectorNetwork(recipe, spec, data, parts),
  };
}

function detectorNetwork(
  recipe: Recipe,
  spec: DetectionSpec,
  { train, evaluation }: DetectionData,
  { workers }: Parts,
): TaskNetwork {
  const detector = recipeDetector(recipe, spec, train.classes.length);
  return {
    model: detector.model,
    async begin() {
      const backbone = await adoptBackbone(detector, recipe, spec);
      return backbone === undefined ? {} : { backbone };
    },
    batches: () => detectorBatches(detector, train, recipe, spec, workers),
    evaluate: ({ signal, onProgress }) => {
      const atOnce = recipe.batchSize;
      return evaluateDetector(detector, evaluation, { spec, atOnce, workers, signal, onProgress });
    },
    reestimate({ count }) {
      if (count === 0) return Promise.resolve();
      // The recipe's check refuses it.
      throw new Error('statistics of a detector are not taken anew');
    },
    dispose: () => {
      detector.dispose();
    },
  };
}
