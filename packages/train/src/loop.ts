/**
 * The loop over epochs and batches: steps, evaluation, metrics, checkpoints, progress. It gives way to the event
 * loop between steps, so that Ctrl-C and progress bars work, and every way out of it leaves a checkpoint.
 */
import { saveCheckpoint } from './checkpoint/checkpoint.js';
import type { Clock } from './clock.js';
import { evaluateEpoch } from './evaluation/evaluate-epoch.js';
import type { Recipe } from './recipe/schema.js';
import type { RunLogs } from './run-folder.js';
import type { Session } from './session.js';
import type { TaskData, TaskNetwork, TrainingBatches } from './task/task.js';
import { nextTurn } from './turn.js';
import type { RunOptions, StopReason } from './types.js';

export interface LoopContext {
  /** Of a run with stages: the stage's. */
  readonly recipe: Recipe;
  /** Epochs and steps of the whole run. */
  readonly whole: { readonly epochs: number; readonly steps: number };
  readonly clock: Clock;
  readonly options: RunOptions;
  readonly session: Session;
  readonly network: TaskNetwork;
  readonly data: TaskData;
  readonly loader: TrainingBatches;
  readonly logs: RunLogs;
}

/** Trains from where the session stands to the end of its stage, to `stopAfter`, or until the signal. */
export async function runLoop(context: LoopContext): Promise<StopReason> {
  const { options, session, logs, clock } = context;
  while (session.epoch < session.lastEpoch) {
    if (options.stopAfter !== undefined && session.epoch >= options.stopAfter) return 'stop-after';
    const evaluations = (await trainEpoch(context))
      ? await clock.evaluating(() => evaluateEpoch(context))
      : 'aborted';
    if (evaluations === 'aborted') {
      await logs.time(session.epoch + 1, clock.lap(), false);
      await checkpoint(context);
      return 'aborted';
    }
    const bestBefore = session.best;
    const metrics = session.endEpoch(evaluations.weights, evaluations.averaged);
    logs.epoch(metrics);
    const lap = clock.lap();
    await logs.time(metrics.epoch, lap, true);
    await checkpoint(context, session.best !== bestBefore);
    options.onEvent?.({ type: 'epoch', metrics, seconds: lap.seconds });
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
async function trainEpoch(context: LoopContext): Promise<boolean> {
  const { whole, options, session, loader, logs, clock } = context;
  for await (const batch of loader.epoch(session.epoch, session.batch)) {
    if (options.signal?.aborted) return false;
    const batchLoss = session.trainStep(batch);
    logs.step(session.step, batchLoss);
    const { loss, accuracy } = session.running;
    options.onEvent?.({
      type: 'step',
      epoch: session.epoch + 1,
      epochs: whole.epochs,
      step: session.step,
      of: whole.steps,
      loss,
      ...(accuracy === undefined ? {} : { accuracy }),
      secondsLeft: clock.secondsLeft(session.step, whole.steps),
    });
    await nextTurn();
  }
  return options.signal?.aborted !== true;
}
