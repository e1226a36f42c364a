/** `runTraining`: a recipe and a folder in, a trained network and its receipts out. */
import { availableParallelism, cpus } from 'node:os';
import { InputError } from '@surge-bnn/contract';
import { methodName } from '@surge-bnn/core';
import { loadCheckpoint } from './checkpoint/checkpoint.js';
import type { CheckpointState } from './checkpoint/checkpoint.js';
import { Clock } from './clock.js';
import { checkSameEngine, engineRecord } from './engine-record.js';
import { canonical, hashRecipe } from './hash.js';
import { checkpoint } from './loop.js';
import { planMemory } from './memory/plan.js';
import { openStage, trainStage } from './open-stage.js';
import type { OpenStage, RunContext } from './open-stage.js';
import { defaultParts } from './parts.js';
import type { Parts } from './parts.js';
import type { Recipe } from './recipe/schema.js';
import { finalStage } from './recipe/stages.js';
import {
  RunLogs,
  claim,
  holdsRun,
  isFalseStart,
  readSeconds,
  removeRun,
  writeConfig,
  writeSummary,
} from './run-folder.js';
import type { Session } from './session.js';
import { dataHashOf } from './source.js';
import { planStages, totalSteps } from './stage-plan.js';
import { openTask } from './task/open-task.js';
import type { TaskData } from './task/task.js';
import type { MemoryNeed, MemoryPlan, RunOptions, RunSummary, StopReason } from './types.js';

/**
 * Trains a recipe into a run folder. Deterministic: the same recipe, engine, threads and CPU give the same bits;
 * stopped (`stopAfter`, the signal, a crash) and resumed it gives those of an uninterrupted run.
 *
 * @throws InputError for everything a user can mend: a run that is already there, a resume that does not fit,
 * missing data, a diverging loss, a full disk.
 */
export async function runTraining(
  recipe: Recipe,
  options: RunOptions,
  parts: Parts = defaultParts,
): Promise<RunSummary> {
  checkOptions(options);
  await checkFolder(options);
  const release = await claim(options.out);
  try {
    // Again under the lock: another process may have been faster.
    await checkFolder(options);
    return await run(recipe, options, parts);
  } finally {
    await release();
  }
}

async function run(recipe: Recipe, options: RunOptions, parts: Parts): Promise<RunSummary> {
  // Everything that can be refused is refused before a file is touched.
  const found = options.resume ? await loadCheckpoint(options.out, 'last') : undefined;
  if (found !== undefined) checkSameRecipe(recipe, found.state.recipe, options.out);
  const start = await parts.engine(recipe.engine);
  const engine = engineRecord(start);
  if (found !== undefined) checkSameEngine(engine, found.state.engine, options.out);
  const task = await openTask(recipe, parts, (done, of) => {
    options.onEvent?.({ type: 'decode', done, of });
  });
  const dataHash = dataHashOf(task.data);
  if (found !== undefined && found.state.hashes.data !== dataHash) {
    throw new InputError(
      `cannot resume ${options.out}: the ${task.unit === 'texts' ? 'texts, or their vocabulary,' : 'images'} are not those it was trained on`,
    );
  }
  const common = {
    recipe,
    options,
    parts,
    start,
    engine,
    task,
    dataHash,
    plan: planStages(recipe, task.data.train.count),
  };
  const memory = await planMemory(common);
  let stage = await openStage(common, found ?? 'fresh');
  let logs: RunLogs | undefined;
  try {
    logs = await openLogs(recipe, options, found?.state.logs);
    const clock = new Clock(stage.session.step);
    // A run that breaks off in its first epoch can be resumed, too.
    if (found === undefined) await checkpoint({ options, session: stage.session, logs });
    announce(common, stage, memory);
    let status = await trainStage(common, stage, logs, clock);
    while (status === 'finished' && stage.planned.index + 1 < common.plan.length) {
      const before = stage;
      stage = await openStage(common, before);
      await before.close();
      announceStage(options, stage);
      status = await trainStage(common, stage, logs, clock);
    }
    const summary = await summarizeRun(common, stage.session, status, memory);
    await writeSummary(options.out, summary);
    options.onEvent?.({ type: 'stop', reason: status, summary });
    return summary;
  } finally {
    await logs?.close();
    await stage.close();
  }
}

function announce(
  { recipe, options, task, start, plan }: RunContext,
  stage: OpenStage,
  memory: MemoryPlan | undefined,
): void {
  const { data, measure, unit } = task;
  options.onEvent?.({
    type: 'start',
    out: options.out,
    epochs: recipe.epochs,
    stepsPerEpoch: stage.planned.stepsPerEpoch,
    step: stage.session.step,
    totalSteps: totalSteps(plan),
    trainImages: data.train.count,
    testImages: data.evaluation.count,
    evaluatedOn: data.evaluatedOn,
    ...(measure === undefined ? {} : { measure }),
    ...(unit === undefined ? {} : { unit }),
    engine: start,
    ...(memory === undefined ? {} : { memory }),
    dataTitle: data.train.title,
    dataRemarks: remarksOf(data),
  });
  announceStage(options, stage);
}

function announceStage({ onEvent }: RunOptions, { planned: { title } }: OpenStage): void {
  if (title !== undefined) onEvent?.({ type: 'stage', title });
}

async function openLogs(
  recipe: Recipe,
  options: RunOptions,
  lengths: CheckpointState['logs'] | undefined,
): Promise<RunLogs> {
  if (lengths !== undefined) return RunLogs.open(options.out, lengths);
  // Replaced by force, or one that broke off before its first checkpoint.
  if (!options.resume && (await holdsRun(options.out))) await removeRun(options.out);
  await writeConfig(options.out, recipe);
  return RunLogs.open(options.out, { metrics: 0, events: 0 });
}

async function summarizeRun(
  { recipe, options, task, dataHash, engine }: RunContext,
  session: Session,
  status: StopReason,
  memory: MemoryPlan | undefined,
): Promise<RunSummary> {
  const [cpu] = cpus();
  const { data, measure, unit } = task;
  const { stage, sources } = session;
  const last = finalStage(recipe);
  const stages =
    stage &&
    [...stage.before, session.result].map((result, i) => ({
      name: recipe.stages?.[i]?.name ?? `stage ${i + 1}`,
      ...result,
    }));
  return {
    status,
    name: recipe.name,
    seed: recipe.seed,
    binarizer: methodName(last.binarizer),
    compensator: last.compensator === 'none' ? 'none' : 'surge',
    epochs: recipe.epochs,
    epochsDone: session.epoch,
    steps: session.step,
    ...(measure === undefined ? {} : { measure }),
    ...(unit === undefined ? {} : { unit }),
    last: session.last,
    best: session.best,
    ...(session.averaged === undefined ? {} : { averaged: session.averaged }),
    ...(stages === undefined ? {} : { stages }),
    ...(session.last?.confusion === undefined ? {} : { classes: data.evaluation.classes }),
    // The halves of texts are files with names of their own; it is the second one that the numbers are of.
    dataTitle: (unit === 'texts' ? data.evaluation : data.train).title,
    ...(remarksOf(data).length > 0 ? { dataRemarks: remarksOf(data) } : {}),
    evaluationImages: session.last?.images ?? data.evaluation.count,
    evaluatedOn: data.evaluatedOn,
    seconds: await readSeconds(options.out),
    engine,
    ...(memory === undefined ? {} : { memory: withoutMachine(memory) }),
    cpu: `${cpu?.model.trim() ?? 'unknown'} x ${availableParallelism()}`,
    node: process.version,
    hashes: {
      weights: session.weightsHash(),
      initialWeights: session.initialWeightsHash,
      config: hashRecipe(recipe),
      data: dataHash,
      ...sources,
    },
  };
}

/** What equal runs have in common. */
function withoutMachine({ there: _, ...need }: MemoryPlan): MemoryNeed {
  return need;
}

/** Of both halves; parts of one set say the same. */
function remarksOf({ train, evaluation }: TaskData): readonly string[] {
  return [...new Set([...(train.remarks ?? []), ...(evaluation.remarks ?? [])])];
}

function checkOptions({ stopAfter, resume, force }: RunOptions): void {
  if (stopAfter !== undefined && (!Number.isInteger(stopAfter) || stopAfter < 1)) {
    throw new InputError(`stopAfter must be a whole number of epochs >= 1, got ${stopAfter}`);
  }
  if (resume && force) {
    throw new InputError('resume and force exclude each other: one keeps the run, one replaces it');
  }
}

async function checkFolder({ out, resume, force }: RunOptions): Promise<void> {
  const present = await holdsRun(out);
  if (present && !resume && !force && !(await isFalseStart(out))) {
    throw new InputError(
      `${out} already holds a run: resume it (--resume), choose another folder, or replace it (--force)`,
    );
  }
  if (!present && resume) throw new InputError(`there is no run to resume in ${out}`);
}

/** The engine has its own check, on what 'auto' became; name and description change nothing. */
function checkSameRecipe(now: Recipe, before: Recipe, out: string): void {
  const differences = differing(comparable(now), comparable(before), []);
  if (differences.length === 0) return;
  throw new InputError(
    `cannot resume ${out} with another recipe: ${differences.join('; ')}; resume with the run's own values or start a new run`,
  );
}

function comparable(recipe: Recipe): unknown {
  return { ...recipe, engine: null, name: '', description: '' };
}

/** "optimizer.learningRate is 0.1, the run has 0.01" for every leaf that differs. */
function differing(now: unknown, before: unknown, path: readonly string[]): string[] {
  if (canonical(now) === canonical(before)) return [];
  if (isRecord(now) && isRecord(before)) {
    const keys = new Set([...Object.keys(now), ...Object.keys(before)]);
    return [...keys].flatMap((key) => differing(now[key], before[key], [...path, key]));
  }
  const show = (value: unknown) => (value === undefined ? 'absent' : JSON.stringify(value));
  return [`${path.join('.')} is ${show(now)}, the run has ${show(before)}`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
