/**
 * From the traces of a run's stages to what it needs at its batch sizes: the traces are run again, with the sizes of the real batches,
 * through the engine's own bookkeeping. The heap ends where it ends in the real run, because a block that was used once stays, and is
 * used again for its size class alone.
 */
import { PoolReplay } from '@surge-bnn/engine';
import { evaluationBatch } from '../evaluate.js';
import type { Recipe } from '../recipe/schema.js';
import type { StageTraces } from './probe.js';
import { scratchGrowth } from './scratch.js';

/** A stage with what it takes. */
export interface TracedStage {
  readonly recipe: Recipe;
  readonly traces: StageTraces;
}

/** How many images there are, from which the sizes of the last batches follow. */
export interface Images {
  readonly training: number;
  readonly evaluation: number;
}

/** Bytes by which the heap grows. */
export interface HeapNeed {
  /** Blocks of the pool. */
  readonly blocks: number;
  /** Scratch memory of the kernels beyond what the traces' own runs have made them take. */
  readonly scratch: number;
}

/**
 * What the stages take, one after the other.
 *
 * @param free sizes of the blocks that lie free already. Default: those that trying the stages leaves in a heap that was empty, which
 * then count to the need.
 */
export function runNeed(
  stages: readonly TracedStage[],
  images: Images,
  free?: readonly number[],
): HeapNeed {
  const replay = new PoolReplay(free);
  if (free === undefined) {
    for (const { traces } of stages) {
      for (const trace of traces.tried) replay.run(trace);
      for (const bytes of replay.kept) replay.release(bytes);
    }
  }
  for (const stage of stages) {
    // A stage is opened before the one that it takes its weights from is closed.
    const before = replay.kept;
    for (const trace of stage.traces.opening) replay.run(trace);
    for (const bytes of before) replay.release(bytes);
    trainStage(replay, stage, images);
  }
  return {
    blocks: replay.grown,
    scratch: Math.max(...stages.map((stage) => scratchOf(stage, images))),
  };
}

/** Bytes of what stays while a stage trains: weights, auxiliary weights, optimizer states, averages, the teacher's weights. */
export function keptBytes({ traces: { opening } }: TracedStage): number {
  const replay = new PoolReplay();
  for (const trace of opening) replay.run(trace);
  return replay.kept.reduce((sum, bytes) => sum + bytes, 0);
}

/** Bytes of activations and their gradients for each image of a step. */
export function bytesPerImage({ traces }: TracedStage): number {
  return Math.max(...traces.steps.map(({ slopeAtPeak }) => slopeAtPeak));
}

/** Images that go through the network at once in training: of a batch, or of a micro-batch. */
export function imagesAtOnce({ recipe }: TracedStage, images: Images): number {
  const [batch] = batchSizes(recipe.batchSize, images.training);
  return microBatches(batch, recipe.accumulate)[0];
}

/** Batches, the smaller one at the end of an epoch, evaluations. */
function trainStage(replay: PoolReplay, { recipe, traces }: TracedStage, images: Images): void {
  const batches = batchSizes(recipe.batchSize, images.training);
  for (const count of batches.flatMap((batch) => microBatches(batch, recipe.accumulate))) {
    for (const trace of traces.steps) replay.run(trace.at(count));
  }
  for (const count of batches) {
    for (const trace of traces.reestimations) replay.run(trace.at(count));
  }
  for (const count of batchSizes(evaluationBatch, images.evaluation)) {
    for (const trace of traces.evaluations) replay.run(trace.at(count));
  }
}

function scratchOf(stage: TracedStage, images: Images): number {
  const { traces } = stage;
  const [batch] = batchSizes(stage.recipe.batchSize, images.training);
  const evaluated = Math.min(evaluationBatch, images.evaluation);
  const reestimates = traces.reestimations.some(({ empty }) => !empty);
  const inference = reestimates ? Math.max(batch, evaluated) : evaluated;
  const { scratch, largestWeights } = traces;
  return scratchGrowth(scratch, imagesAtOnce(stage, images), inference, largestWeights);
}

/** The sizes of the batches of an epoch: the usual one, and what is left at its end. */
export function batchSizes(batchSize: number, images: number): number[] {
  const usual = Math.min(batchSize, images);
  const rest = images % usual;
  return rest === 0 ? [usual] : [usual, rest];
}

/** The sizes of the pieces that a batch is cut into, the largest first; they differ by one at most. */
export function microBatches(batch: number, accumulate: number): number[] {
  const pieces = Math.min(accumulate, batch);
  const [large, small] = [Math.ceil(batch / pieces), Math.floor(batch / pieces)];
  return large === small ? [large] : [large, small];
}
