/**
 * One stage of a run (a run without stages is one): its network with the weights that it begins with, its teacher, its
 * batches, its session; and how it is trained. Every stage has an optimizer and a p of its own.
 */
import { InputError } from '@surge-bnn/contract';
import type { Checkpoint, CheckpointState } from './checkpoint/checkpoint.js';
import { adoptWeights } from './checkpoint/weights.js';
import type { Clock } from './clock.js';
import { runLoop } from './loop.js';
import { parametersOf } from './parameters.js';
import { compensate } from './build-network.js';
import type { Parts } from './parts.js';
import type { Recipe } from './recipe/schema.js';
import type { RunLogs } from './run-folder.js';
import { Session } from './session.js';
import { readSource } from './source.js';
import { totalSteps } from './stage-plan.js';
import type { PlannedStage } from './stage-plan.js';
import type { Classification } from './task/classification.js';
import type { Detection } from './task/detection/detection.js';
import type { Language } from './task/language/language.js';
import type { TaskNetwork, TrainingBatches } from './task/task.js';
import type { EngineRecord, EngineStart, RunOptions, StageResult, StopReason } from './types.js';

/** What all stages of a run have in common. */
export interface RunContext {
  readonly recipe: Recipe;
  readonly options: RunOptions;
  readonly parts: Parts;
  readonly start: EngineStart;
  readonly engine: EngineRecord;
  readonly task: Classification | Detection | Language;
  readonly dataHash: string;
  readonly plan: readonly PlannedStage[];
}

export interface OpenStage {
  readonly planned: PlannedStage;
  readonly network: TaskNetwork;
  readonly session: Session;
  readonly loader: TrainingBatches;
  close(): Promise<void>;
}

/**
 * Opens the first stage, the one after a finished stage, or the one that a checkpoint was written in.
 *
 * @throws InputError for a teacher or a source of weights that is not there or does not fit.
 */
export async function openStage(
  context: RunContext,
  from: 'fresh' | Checkpoint | OpenStage,
): Promise<OpenStage> {
  const { recipe: whole, task, engine, dataHash, plan } = context;
  const planned = plan[indexAfter(from)];
  const { recipe, stepsPerEpoch } = planned;
  const found = from !== 'fresh' && 'state' in from ? from : undefined;
  const before = from !== 'fresh' && 'session' in from ? from : undefined;
  const network = task.network(recipe);
  const { model } = network;
  const opened: { dispose(): void }[] = [network];
  let loader: TrainingBatches | undefined;
  try {
    const { distillation, initialFrom: from } = recipe;
    const teacher = distillation && (await network.learnFrom?.(distillation));
    const begins = found === undefined && before === undefined;
    const beginning =
      begins && from !== undefined ? await readSource(from, 'initialFrom') : undefined;
    // Before the session: an optimizer may turn what it finds into what it works on (Bop: signs).
    const parameters = parametersOf(model);
    if (beginning !== undefined) {
      adoptWeights(parameters, beginning.tensors, `the run in ${recipe.initialFrom?.run ?? ''}`);
    }
    if (before !== undefined) {
      const from = before.planned.title ?? 'the stage before';
      adoptWeights(parameters, before.session.weights(), from);
    }
    const begun = begins ? await network.begin?.() : undefined;
    // Behind all of them: W_a may begin as a copy of W.
    compensate(model, recipe);
    if (found === undefined) network.startInputs?.();
    const former = found?.state.sources ?? before?.session.sources;
    const initialFrom = beginning?.hash ?? former?.initialFrom;
    const backbone = begun?.backbone ?? former?.backbone;
    const encoder = begun?.encoder ?? former?.encoder;
    const sources = given({ initialFrom, backbone, encoder, teacher });
    checkSameTeacher(found?.state, teacher, context.options.out);
    const session = new Session({
      recipe,
      engine,
      model,
      dispose: () => network.dispose(),
      stepsPerEpoch,
      dataHash,
      sources,
      stage:
        whole.stages === undefined
          ? undefined
          : {
              index: planned.index,
              recipe: whole,
              epochs: planned.epochs,
              steps: planned.steps,
              before: resultsBefore(found, before),
              initialWeights: before?.session.initialWeightsHash,
            },
    });
    opened[0] = session;
    if (found !== undefined) session.restore(found);
    const batches = network.batches({
      onSkip: (picture) => context.options.onEvent?.({ type: 'skipped', picture }),
    });
    loader = batches;
    return { planned, network, session, loader, close: () => closeAll(batches, opened) };
  } catch (error) {
    await closeAll(loader, opened);
    throw error;
  }
}

/** Trains a stage to its end, to `stopAfter`, or until the signal. */
export function trainStage(
  context: RunContext,
  { planned, network, session, loader }: OpenStage,
  logs: RunLogs,
  clock: Clock,
): Promise<StopReason> {
  const { recipe, options, task, plan } = context;
  return runLoop({
    recipe: planned.recipe,
    whole: { epochs: recipe.epochs, steps: totalSteps(plan) },
    clock,
    options,
    session,
    network,
    data: task.data,
    loader,
    logs,
  });
}

function indexAfter(from: 'fresh' | Checkpoint | OpenStage): number {
  if (from === 'fresh') return 0;
  return 'state' in from ? (from.state.stage ?? 0) : from.planned.index + 1;
}

function resultsBefore(found?: Checkpoint, before?: OpenStage): readonly StageResult[] {
  if (found !== undefined) return found.state.stagesBefore ?? [];
  if (before === undefined) return [];
  return [...(before.session.stage?.before ?? []), before.session.result];
}

function checkSameTeacher(
  state: CheckpointState | undefined,
  hash: string | undefined,
  out: string,
): void {
  if (state === undefined || state.sources?.teacher === hash) return;
  throw new InputError(
    `cannot resume ${out} with another teacher: its weights are ${String(hash).slice(0, 12)}.., they were ${String(state.sources?.teacher).slice(0, 12)}..`,
  );
}

/** Without what is not there; nothing when nothing is. */
function given(sources: NonNullable<CheckpointState['sources']>): CheckpointState['sources'] {
  const entries = Object.entries(sources).filter(([, hash]) => hash !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

async function closeAll(
  loader: TrainingBatches | undefined,
  opened: readonly { dispose(): void }[],
) {
  await loader?.close();
  for (const one of opened) one.dispose();
}
