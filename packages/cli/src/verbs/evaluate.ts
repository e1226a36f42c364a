/** `surge-bnn evaluate`: the accuracy of a trained run, on all test images. */
import type { Evaluation } from '@surge-bnn/train';
import { InputError, unknownName } from '@surge-bnn/contract';
import { configOf, isFolder } from '../network-cost.js';
import { count, figures, percent } from '../terminal/format.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import type { AddVerb } from '../verb.js';

interface EvaluateFlags extends OutputFlags {
  readonly checkpoint: string;
}

export const addEvaluate: AddVerb = (program) => {
  program
    .command('evaluate')
    .description('accuracy and loss of a trained run on its evaluation images')
    .argument('<run>', 'a run folder')
    .option('--checkpoint <which>', 'last or best', 'last')
    .option('--json', 'print JSON and nothing else')
    .addHelpText(
      'after',
      `
Example:
  $ surge-bnn evaluate runs/demo/surge --checkpoint best`,
    )
    .action(async (run: string, flags: EvaluateFlags) => {
      const { checkpoint } = flags;
      if (checkpoint !== 'last' && checkpoint !== 'best') {
        throw unknownName('checkpoint', checkpoint, ['last', 'best']);
      }
      if (!isFolder(run)) throw new InputError(`there is no run folder ${run}`);
      configOf(run);
      const { evaluateRun } = await import('@surge-bnn/train');
      print(processOutput(flags), await evaluateRun(run, { checkpoint }), formatEvaluation);
    });
};

function formatEvaluation(evaluation: Evaluation): string {
  const { correct, images, accuracy, loss } = evaluation;
  return `accuracy ${percent(accuracy)} (${count(correct)} of ${count(images)} images), loss ${figures(loss)}`;
}
