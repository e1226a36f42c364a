/** What is said of a run that does not fit: the need, the limit, what takes most, and what would fit. */
import { bytesText } from '@surge-bnn/contract';
import { evaluationBatch } from '../evaluate.js';
import type { Recipe } from '../recipe/schema.js';
import type { MemoryNeed } from '../types.js';
import { batchSizes } from './need.js';
import type { Images, TracedStage } from './need.js';

export interface TooLarge {
  readonly backend: string;
  /** The whole run's; a stage may name its batch size itself. */
  readonly recipe: Recipe;
  readonly need: MemoryNeed;
  readonly stages: readonly TracedStage[];
  /** Which of them keeps most for its images. */
  readonly largest: number;
  readonly images: Images;
  fits(stages: readonly TracedStage[]): boolean;
}

/** The sentence. */
export function refusal(run: TooLarge): string {
  const { backend, need } = run;
  return (
    `the run needs ${bytesText(need.bytes)} of memory and ${backend}, with addresses of 32 bits, has ${bytesText(need.limit)}: ` +
    `each of ${count(need.images)} images that are trained on at once takes ${bytesText(need.perImage)}, ` +
    `weights and optimizer states ${bytesText(need.kept)}, ` +
    `the rest are blocks of other sizes and the kernels' own memory; ${advice(run)}`
  );
}

function advice(run: TooLarge): string {
  const { stages, largest, images } = run;
  const { recipe } = stages[largest];
  const [batch] = batchSizes(recipe.batchSize, images.training);
  const batchSize = largestBatch(run, batch);
  if (batchSize === undefined) {
    return (
      `no batch size makes it fit, and its evaluations take up to ${evaluationBatch} images at once: ` +
      'take a smaller network, smaller images or surge-native, which has all of the machine'
    );
  }
  const fewer = `the largest batch size that fits is ${batchSize} (--set ${keyOf(run, 'batchSize')}=${batchSize})`;
  const accumulate = leastAccumulation(run, batch, batchSize);
  if (accumulate === undefined) return fewer;
  return `${fewer}, and --set ${keyOf(run, 'accumulate')}=${accumulate} makes the same step of a batch in ${accumulate} pieces`;
}

/** By bisection: the sizes of the last batch make steps of it, so this is one that fits, and the largest but for those. */
function largestBatch(run: TooLarge, batch: number): number | undefined {
  let [fits, tooLarge] = [0, batch];
  while (tooLarge - fits > 1) {
    const middle = Math.floor((fits + tooLarge) / 2);
    if (run.fits(changed(run, 'batchSize', middle))) fits = middle;
    else tooLarge = middle;
  }
  return fits === 0 ? undefined : fits;
}

/** The fewest pieces that make the batch fit; undefined where none does. @param batchSize a batch that fits as it is. */
function leastAccumulation(run: TooLarge, batch: number, batchSize: number): number | undefined {
  const { accumulate } = run.stages[run.largest].recipe;
  const least = Math.ceil((accumulate * batch) / batchSize);
  for (let pieces = least; pieces <= Math.min(batch, 2 * least); pieces++) {
    if (run.fits(changed(run, 'accumulate', pieces))) return pieces;
  }
  return undefined;
}

type Key = 'batchSize' | 'accumulate';

/** The stages with another value of the key that `keyOf` names. */
function changed(run: TooLarge, key: Key, value: number): TracedStage[] {
  const own = hasOwn(run, run.largest, key);
  return run.stages.map((stage, i) => {
    const reached = own ? i === run.largest : !hasOwn(run, i, key);
    return reached ? { ...stage, recipe: { ...stage.recipe, [key]: value } } : stage;
  });
}

function keyOf(run: TooLarge, key: Key): string {
  return hasOwn(run, run.largest, key) ? `stages.${run.largest}.${key}` : key;
}

/** Whether the stage names the key itself. */
function hasOwn({ recipe }: TooLarge, stage: number, key: Key): boolean {
  return recipe.stages?.[stage]?.[key] !== undefined;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
