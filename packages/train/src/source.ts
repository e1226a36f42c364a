/** Another run as a source: of weights to begin with, or of a teacher. */
import { InputError } from '@surge-bnn/contract';
import { loadCheckpoint } from './checkpoint/checkpoint.js';
import type { CheckpointState } from './checkpoint/checkpoint.js';
import type { StoredTensor } from './checkpoint/safetensors.js';
import { hashStored, sha256 } from './hash.js';
import type { SourceSpec } from './recipe/additions.js';
import type { Recipe } from './recipe/schema.js';
import { stageRecipes } from './recipe/stages.js';
import { holdsRun, readSummary } from './run-folder.js';
import type { TaskData } from './task/task.js';

export interface Source {
  /** Of the stage that the weights come from. */
  readonly recipe: Recipe;
  readonly whole: Recipe;
  readonly state: CheckpointState;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** sha256 of the weights without auxiliaries. */
  readonly hash: string;
}

/**
 * Reads the checkpoint that a recipe names.
 *
 * @param where the recipe's key, for errors.
 * @throws InputError when there is no finished run, its checkpoint is damaged, or its weights are not those named.
 */
export async function readSource(spec: SourceSpec, where: string): Promise<Source> {
  const { run, checkpoint } = spec;
  if (!(await holdsRun(run))) {
    throw new InputError(`${where}: there is no run in ${run}; give the folder of a finished run`);
  }
  const status = (await readSummary(run))?.status;
  if (status !== 'finished') {
    throw new InputError(
      `${where}: the run in ${run} is not finished; finish it first: surge-bnn train ${run} --resume`,
    );
  }
  const { state, tensors } = await loadCheckpoint(run, checkpoint);
  const hash = hashStored(tensors);
  if ('weights' in spec && spec.weights !== undefined && spec.weights !== hash) {
    throw new InputError(
      `${where}: the weights in ${run} (${checkpoint}) are ${hash.slice(0, 12)}.., the recipe names ${spec.weights.slice(0, 12)}..; give the run that it means, or leave "weights" out`,
    );
  }
  const recipe = stageRecipes(state.recipe)[state.stage ?? 0];
  return { recipe, whole: state.recipe, state, tensors, hash };
}

/** Receipt of a run's images. */
export function dataHashOf({ train, evaluation }: TaskData): string {
  return sha256(`${train.sha256}/${evaluation.sha256}`);
}
