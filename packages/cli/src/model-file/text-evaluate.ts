/** How good a text model's file is on the texts of a GLUE task, by the task's own measure as a run's evaluation. */
import { setImmediate } from 'node:timers/promises';
import { InputError, unknownName } from '@surge-bnn/contract';
import { openText, textTaskNames } from '@surge-bnn/data';
import type { TextSet } from '@surge-bnn/data';
import { evaluationTexts, parseRecipe, textMeasure, textScores } from '@surge-bnn/train';
import type { Evaluation } from '@surge-bnn/train';
import { evaluationText } from '../evaluation-text.js';
import type { PackedEvaluationOptions } from './evaluate.js';
import type { OpenedText } from './open.js';
import { logitLoss } from './probabilities.js';

export interface TextEvaluation extends Evaluation {
  /** What `accuracy` is, where that is not the share of texts with the right class. */
  readonly measure?: string;
  readonly unit: 'texts';
  /** Median over the texts, tokenizer and network, on this machine. */
  readonly millisecondsPerText: number;
}

export interface WantedTexts {
  readonly data?: string;
  readonly directory?: string;
  readonly split?: string;
}

/**
 * The texts that are asked for, or those that the recipe in the file is judged on.
 *
 * @throws InputError for a task or split that is not there or has no labels, and where neither names any.
 */
export async function labelledTexts(
  { file, text }: OpenedText,
  { data, directory, split }: WantedTexts,
): Promise<TextSet> {
  if (data !== undefined) {
    const task = textTaskNames.find((name) => name === data);
    if (task === undefined) throw unknownName('text task', data, textTaskNames);
    const set = await openText(task, { split: split ?? 'dev', directory });
    if (!set.labelled)
      throw new InputError(`${set.file} has no labels to judge by; take another --split`);
    return set;
  }
  if (split !== undefined) throw new InputError('--split is of --data; name the task, too');
  const { training } = text.metadata;
  const recipe = training && parseRecipe(training, `the recipe in ${file}`);
  if (recipe?.language === undefined) {
    throw new InputError(
      `${file} does not say what it was trained on; name a task with --data (and --split, --directory)`,
    );
  }
  return evaluationTexts({
    ...recipe,
    data: { ...recipe.data, directory },
    language: recipe.language,
  });
}

/** @throws InputError when texts and model do not fit; the signal's reason when it is aborted. */
export async function evaluateTextFile(
  { text }: OpenedText,
  set: TextSet,
  { signal, onProgress }: Omit<PackedEvaluationOptions, 'onSkip'>,
): Promise<TextEvaluation> {
  checkFit(text, set);
  const { examples, task } = set;
  const said: number[] = [];
  const times: number[] = [];
  let lossSum = 0;
  for (const [i, { sentence, second, label = 0 }] of examples.entries()) {
    const start = performance.now();
    const prediction = text.predict(sentence, second);
    times.push(performance.now() - start);
    const { logits } = prediction;
    const isClass = 'class' in prediction;
    // As training has it: of scores the logit itself, not limited to their range.
    said.push(isClass ? prediction.index : logits[0]);
    lossSum += isClass ? logitLoss(logits, label) : (logits[0] - label) ** 2;
    if ((i + 1) % 50 > 0 && i + 1 < examples.length) continue;
    onProgress?.(i + 1, examples.length);
    await setImmediate(); // Ctrl-C and the bar
    signal?.throwIfAborted();
  }
  const labels = examples.map(({ label = 0 }) => label);
  const measure = textMeasure({ task });
  const correct = said.filter((one, i) => one === labels[i]).length;
  times.sort((a, b) => a - b);
  return {
    loss: lossSum / examples.length,
    images: examples.length,
    ...textScores(task, said, labels),
    ...(text.classes === undefined ? {} : { correct }),
    ...(measure === undefined ? {} : { measure }),
    unit: 'texts',
    millisecondsPerText: times[times.length >> 1],
  };
}

function checkFit({ classes, pairs }: OpenedText['text'], set: TextSet): void {
  const own = classes ?? [];
  if (own.join('\n') !== set.classes.join('\n')) {
    const named = (names: readonly string[]) => names.join(', ') || 'scores';
    throw new InputError(`the model says ${named(own)}, ${set.title} has ${named(set.classes)}`);
  }
  if (pairs === set.pairs) return;
  const what = (isPair: boolean) => (isPair ? 'pairs of sentences' : 'single sentences');
  throw new InputError(`the model reads ${what(pairs)}, ${set.title} has ${what(set.pairs)}`);
}

export function formatTextEvaluation(evaluation: TextEvaluation, set: TextSet): string {
  const time = `${evaluation.millisecondsPerText.toFixed(2)} ms for a text`;
  return `${evaluationText(evaluation, set.title)}\n${time}`;
}
