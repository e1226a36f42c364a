/**
 * The loop over epochs and batches: steps, evaluation, metrics, checkpoints, progress. It gives way to the event
 * loop between steps, so that Ctrl-C and progress bars work, and every way out of it leaves a checkpoint.
 */
import { reestimateBatchNorm } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { BatchLoader } from '@surge-bnn/data';
import type { ChannelStatistics } from '@surge-bnn/data';
import { saveCheckpoint } from './checkpoint/checkpoint.js';
import { evaluateModel, nextTurn } from './evaluate.js';
import { imageTensor } from './gradients.js';
import type { Parts, RunData } from './parts.js';
import type { Recipe } from './recipe/schema.js';
import type { RunLogs } from './run-folder.js';
import type { Session } from './session.js';
import type { Evaluation, RunOptions, StopReason } from './types.js';

export interface LoopContext {
  readonly recipe: Recipe;
  readonly options: RunOptions;
  readonly session: Session;
  readonly model: Model;
  readonly data: RunData;
  readonly normalization: ChannelStatistics;
  readonly loader: BatchLoader;
  readonly logs: RunLogs;
  readonly workers: Parts['workers'];
}

/** The training batches of a recipe. The order depends on the seed and the epoch only. */
export function trainLoader(
  recipe: Recipe,
  data: RunData,
  normalization: ChannelStatistics,
  workers: Parts['workers'],
  onSkip?: (picture: string) => void,
): BatchLoader {
  const { batchSize, seed, augmentation } = recipe;
  const options = { batchSize, seed, normalization, augmentation, workers, onSkip };
  return new BatchLoader(data.train, options);
}

/** Trains from where the session stands to the end, to `stopAfter`, or until the signal. */
export async function runLoop(context: LoopContext): Promise<StopReason> {
  const { recipe, options, session, logs } = context;
  const clock = new Clock(session.step);
  while (session.epoch < recipe.epochs) {
    if (options.stopAfter !== undefined && session.epoch >= options.stopAfter) return 'stop-after';
    const evaluation = (await trainEpoch(context, clock)) ? await evaluate(context) : 'aborted';
    if (evaluation === 'aborted') {
      await logs.time(session.epoch + 1, clock.lap(), false);
      await checkpoint(context);
      return 'aborted';
    }
    const bestBefore = session.best;
    const metrics = session.endEpoch(evaluation);
    logs.epoch(metrics);
    const seconds = clock.lap();
    await logs.time(metrics.epoch, seconds, true);
    await checkpoint(context, session.best !== bestBefore);
    options.onEvent?.({ type: 'epoch', metrics, seconds });
  }
  return 'finished';
}

/** Writes what the logs hold, then the checkpoint that counts on it. */
export async function checkpoint(
  { options, session, logs }: Pick<LoopContext, 'options' | 'session' | 'logs'>,
  best = false,
): Promise<void> {
  await logs.flush();
  const state = session.save(logs.lengths);
  if (best) await saveCheckpoint(options.out, 'best', state);
  await saveCheckpoint(options.out, 'last', state);
  options.onEvent?.({ type: 'checkpoint', epoch: session.epoch, step: session.step });
}

/** The rest of the running epoch; false when it was aborted. */
async function trainEpoch(context: LoopContext, clock: Clock): Promise<boolean> {
  const { recipe, options, session, loader, logs } = context;
  for await (const batch of loader.epoch(session.epoch, session.batch)) {
    if (options.signal?.aborted) return false;
    const batchLoss = session.trainStep(batch);
    logs.step(session.step, batchLoss);
    const { loss, accuracy } = session.running;
    options.onEvent?.({
      type: 'step',
      epoch: session.epoch + 1,
      epochs: recipe.epochs,
      step: session.step,
      of: session.totalSteps,
      loss,
      accuracy,
      secondsLeft: clock.secondsLeft(session.step, session.totalSteps),
    });
    await nextTurn();
  }
  return options.signal?.aborted !== true;
}

/** The evaluation that is due after the running epoch. */
async function evaluate(context: LoopContext): Promise<Evaluation | undefined | 'aborted'> {
  const { recipe, options, session, model, data, normalization, workers } = context;
  const epoch = session.epoch + 1;
  if (epoch % recipe.evaluateEvery !== 0 && epoch !== recipe.epochs) return undefined;
  try {
    await reestimate(context);
    return await evaluateModel(model, data.evaluation, {
      normalization,
      workers,
      signal: options.signal,
      onSkip: (picture) => options.onEvent?.({ type: 'skipped', picture }),
      onProgress: (done, of) => options.onEvent?.({ type: 'evaluation', done, of }),
    });
  } catch (error) {
    // Ctrl-C during the evaluation: the epoch stays open and the evaluation is done after resuming.
    if (options.signal?.aborted) return 'aborted';
    throw error;
  }
}

/** The recipe's `reestimateNorm`: the moving averages that it replaces play no part in training. */
async function reestimate(context: LoopContext): Promise<void> {
  const { recipe, options, session, model, data, normalization } = context;
  const count = recipe.reestimateNorm;
  if (count === 0) return;
  const { batchSize, seed } = recipe;
  const loader = new BatchLoader(data.train, { batchSize, seed, normalization, workers: 0 });
  async function* inputs() {
    let done = 0;
    for await (const batch of loader.epoch(session.epoch)) {
      options.signal?.throwIfAborted();
      const x = imageTensor(batch, session.inputShape);
      try {
        yield x;
      } finally {
        x.dispose();
      }
      done += 1;
      if (done === count) return;
      await nextTurn();
    }
  }
  try {
    await reestimateBatchNorm(model, inputs());
  } finally {
    await loader.close();
  }
}

/** Seconds of this process: per epoch, and an estimate of those left. */
class Clock {
  private readonly start = performance.now();
  private lapStart = this.start;

  constructor(private readonly firstStep: number) {}

  /** Seconds since the last call. */
  lap(): number {
    const now = performance.now();
    const seconds = (now - this.lapStart) / 1000;
    this.lapStart = now;
    return seconds;
  }

  secondsLeft(step: number, of: number): number {
    const perStep = (performance.now() - this.start) / 1000 / (step - this.firstStep);
    return perStep * (of - step);
  }
}
