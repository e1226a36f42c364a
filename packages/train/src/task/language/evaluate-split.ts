/** A trained network for texts on another file of its task than the one it was evaluated on: a labelled test set, say. */
import { openText } from '@surge-bnn/data';
import { InputError } from '@surge-bnn/contract';
import { loadTextRun } from '../../load-run.js';
import type { LoadRunOptions, RunEvaluation } from '../../load-run.js';
import { defaultParts } from '../../parts.js';
import type { Parts } from '../../parts.js';
import type { TaskEvaluateOptions } from '../task.js';
import { encodeSet } from './data.js';
import { evaluateTexts, textMeasure } from './evaluate.js';

/**
 * @param split as `openText` has it: "dev", "test-labelled".
 * @throws InputError as `loadTextRun`, for pre-training, and for a split that is not there or has no labels.
 */
export async function evaluateSplit(
  folder: string,
  split: string,
  options: LoadRunOptions & TaskEvaluateOptions = {},
  parts: Parts = defaultParts,
): Promise<RunEvaluation> {
  const { network, data, spec, recipe, engine, epoch, batch } = await loadTextRun(
    folder,
    options,
    parts,
  );
  try {
    const { task, tokenizer } = data;
    if (task === undefined) {
      throw new InputError(
        `the run in ${folder} is pre-training, whose texts have no labels; a split is for the run of a task`,
      );
    }
    const set = await openText(task, { split, directory: recipe.data.directory });
    const half = encodeSet(set, tokenizer, spec);
    const evaluation = await evaluateTexts(network, half, data, spec, options);
    const measure = textMeasure({ task });
    return {
      ...evaluation,
      ...{ recipe, engine, epoch, batch },
      ...(measure === undefined ? {} : { measure }),
      unit: 'texts',
      evaluatedOn: 'test',
      dataTitle: set.title,
    };
  } finally {
    network.dispose();
  }
}
