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
  /** Bytes of the heap that former runs in this process hold and this one cannot use. */
  readonly former: number;
  readonly stages: readonly TracedStage[];
  readonly images: Images;
  /** Where the heap would end with these stages. */
  end(stages: readonly TracedStage[]): number;
}

/** The sentence. */
export function refusal(run: TooLarge): string {
  const { backend, need } = run;
  return (
    `the run needs ${bytesText(need.bytes)} of memory${formerText(run)} and ${backend}, with addresses of 32 bits, has ${bytesText(need.limit)}: ` +
    `each of ${count(need.images)} images that are trained on at once takes ${bytesText(need.perImage)}, ` +
    `weights and optimizer states ${bytesText(need.kept)}, ` +
    `the rest are blocks of other sizes and the kernels' own memory; ${advice(run)}`
  );
}

/** Nothing where it makes no difference that can be seen. */
function formerText({ need, former }: TooLarge): string {
  const fits = need.bytes <= need.limit;
  if (!fits && bytesText(need.bytes + former) === bytesText(need.bytes)) return '';
  const alone = fits ? ' (in a process of its own it fits)' : '';
  return ` beside the ${bytesText(former)} that former runs in this process hold${alone},`;
}

function advice(run: TooLarge): string {
  const { recipe, stages, images } = run;
  const batch = Math.max(...stages.map((stage) => batchOf(stage, images)));
  const batchSize = largestBatch(run, batch);
  if (batchSize === undefined) {
    const least = bytesText(run.end(withBatchSize(stages, 1)));
    const evaluated = Math.min(evaluationBatch, images.evaluation);
    return (
      `with batches of one image it still comes to ${least}, evaluations of ${count(evaluated)} images at once included: ` +
      'take a smaller network, smaller images or surge-native, which has all of the machine'
    );
  }
  const fewer = setting(recipe, stages, withBatchSize(stages, batchSize), 'batchSize');
  const first = `the largest batch size that fits is ${batchSize} (${fewer})`;
  const split = leastAccumulation(run, batch, batchSize);
  if (split === undefined) return first;
  const more = setting(recipe, stages, withAccumulation(stages, split), 'accumulate');
  return `${first}, and ${more} makes the same step in ${split} pieces, which batch norm sees one by one`;
}

/** By bisection. Sizes of last batches make steps of the need, so a larger one may fit, too; this one does. */
function largestBatch(run: TooLarge, batch: number): number | undefined {
  let [fits, tooLarge] = [0, batch];
  while (tooLarge - fits > 1) {
    const middle = Math.floor((fits + tooLarge) / 2);
    if (run.end(withBatchSize(run.stages, middle)) <= run.need.limit) fits = middle;
    else tooLarge = middle;
  }
  return fits === 0 ? undefined : fits;
}

/** The fewest pieces that make the batch fit; undefined where few do not. @param batchSize one that fits as it is. */
function leastAccumulation(run: TooLarge, batch: number, batchSize: number): number | undefined {
  const least = Math.ceil(batch / batchSize) * Math.max(...run.stages.map(accumulateOf));
  for (let pieces = least; pieces <= Math.min(batch, 2 * least); pieces++) {
    if (run.end(withAccumulation(run.stages, pieces)) <= run.need.limit) return pieces;
  }
  return undefined;
}

/** No stage with a larger batch. */
function withBatchSize(stages: readonly TracedStage[], most: number): TracedStage[] {
  return stages.map((stage) => {
    const { batchSize, accumulate } = stage.recipe;
    const changed = {
      batchSize: Math.min(batchSize, most),
      accumulate: Math.min(accumulate, most),
    };
    return { ...stage, recipe: { ...stage.recipe, ...changed } };
  });
}

/** No stage with fewer pieces, where its batch has so many images. */
function withAccumulation(stages: readonly TracedStage[], pieces: number): TracedStage[] {
  return stages.map((stage) => {
    const { batchSize } = stage.recipe;
    const accumulate = Math.max(accumulateOf(stage), Math.min(pieces, batchSize));
    return { ...stage, recipe: { ...stage.recipe, accumulate } };
  });
}

/** "--set batchSize=52", or the stages' own keys where they name it themselves. */
function setting(
  { stages: own }: Recipe,
  before: readonly TracedStage[],
  after: readonly TracedStage[],
  key: 'batchSize' | 'accumulate',
): string {
  const settings = after.flatMap(({ recipe }, i) => {
    if (recipe[key] === before[i].recipe[key]) return [];
    const path = own?.[i]?.[key] === undefined ? key : `stages.${i}.${key}`;
    return [`--set ${path}=${recipe[key]}`];
  });
  return [...new Set(settings)].join(' ');
}

function batchOf({ recipe }: TracedStage, images: Images): number {
  return batchSizes(recipe.batchSize, images.training)[0];
}

function accumulateOf({ recipe }: TracedStage): number {
  return recipe.accumulate;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
