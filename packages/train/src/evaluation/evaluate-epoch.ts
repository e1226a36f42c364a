/**
 * The evaluations that are due after an epoch: of the weights as they are, and of their average where the recipe has one.
 * Neither leaves a trace in the training: what they change (batch norm's statistics) is put back or plays no part in it.
 */
import { join } from 'node:path';
import { saveCheckpoint } from '../checkpoint/checkpoint.js';
import type { LoopContext } from '../loop.js';
import { confusionFile } from '../run-folder.js';
import type { Evaluation } from '../types.js';
import { writeConfusion } from './confusion.js';

export interface EpochEvaluations {
  /** Absent in epochs without evaluation. */
  readonly weights?: Evaluation;
  /** Absent as long as nothing has been averaged. */
  readonly averaged?: Evaluation;
}

/** Evaluates what is due; 'aborted' when the signal came: the epoch stays open, and this is done after resuming. */
export async function evaluateEpoch(context: LoopContext): Promise<EpochEvaluations | 'aborted'> {
  const { recipe, options, session, data } = context;
  const epoch = session.epoch + 1;
  if (epoch % recipe.evaluateEvery !== 0 && epoch !== session.lastEpoch) return {};
  try {
    await reestimate(context, recipe.reestimateNorm);
    const weights = await evaluate(context);
    if (weights.confusion !== undefined) {
      const { classes } = data.evaluation;
      await writeConfusion(join(options.out, confusionFile), weights.confusion, classes);
    }
    return { weights, averaged: await evaluateAverage(context) };
  } catch (error) {
    if (options.signal?.aborted) return 'aborted';
    throw error;
  }
}

async function evaluateAverage(context: LoopContext): Promise<Evaluation | undefined> {
  const { recipe, options, session, logs } = context;
  const { average } = session;
  if (average === undefined || !average.started || recipe.averaging === undefined) return undefined;
  const { reestimateNorm } = recipe.averaging;
  return average.using(async () => {
    await reestimate(context, reestimateNorm);
    const evaluation = await evaluate(context);
    const { state } = session.save(logs.lengths);
    const done = { ...state, epoch: session.epoch + 1, batch: 0 };
    await saveCheckpoint(options.out, 'averaged', { state: done, tensors: session.weights() });
    return evaluation;
  });
}

async function evaluate({ options, network }: LoopContext) {
  return network.evaluate({
    signal: options.signal,
    onSkip: (picture) => options.onEvent?.({ type: 'skipped', picture }),
    onProgress: (done, of) => options.onEvent?.({ type: 'evaluation', done, of }),
  });
}

/** Batch norm's statistics anew over `count` batches of the epoch that is ending. */
async function reestimate(context: LoopContext, count: number): Promise<void> {
  const { options, session, network } = context;
  await network.reestimate({ count, epoch: session.epoch, signal: options.signal });
}
