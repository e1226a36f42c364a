/**
 * A run's folder: config.json, metrics.jsonl, timing.jsonl, summary.json, the TensorBoard event file and
 * checkpoint/. Says whether one is already there, opens the logs, and removes a run when it is told to.
 */
import { appendFile, readFile, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { makeFolder } from '@surge-bnn/data';
import { diskError, writeAtomic } from './checkpoint/atomic.js';
import { lockFolder } from './checkpoint/lock.js';
import type { Lap } from './clock.js';
import { AppendFile } from './metrics/append-file.js';
import { scalarRecord, versionRecord } from './metrics/tensorboard.js';
import { loadRecipe } from './recipe/load-recipe.js';
import type { Recipe } from './recipe/schema.js';
import type { EpochMetrics, RunSummary } from './types.js';

const files = {
  config: 'config.json',
  metrics: 'metrics.jsonl',
  timing: 'timing.jsonl',
  summary: 'summary.json',
  // TensorBoard looks for "tfevents"; no time or host in the name, so equal runs have equal folders.
  events: 'events.out.tfevents.surge-bnn',
  checkpoint: 'checkpoint',
  confusion: 'confusion.csv',
} as const;

/** Of the last evaluation. */
export const confusionFile = files.confusion;

/** True when the folder holds a run, finished or not. */
export async function holdsRun(folder: string): Promise<boolean> {
  return (await exists(join(folder, files.config))) || exists(join(folder, files.checkpoint));
}

/**
 * Makes the folder if need be and locks it for this process; returns how to release it. An empty folder that
 * was made for nothing is removed again.
 *
 * @throws InputError when another process uses it, or it cannot be made.
 */
export async function claim(folder: string): Promise<() => Promise<void>> {
  try {
    await makeFolder(folder);
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (taken) throw new InputError(`cannot use ${folder} as a run folder: it is a file`);
    throw diskError(folder, error);
  }
  const unlock = await lockFolder(folder);
  return async () => {
    await unlock();
    await rmdir(folder).catch(() => undefined);
  };
}

/** True when there is a checkpoint to go on from: a run that was killed at its very beginning has none. */
export async function canResume(folder: string): Promise<boolean> {
  return exists(join(folder, files.checkpoint, 'last.json'));
}

/** What is made from a run afterwards, in its folder: of a new run it would be a stranger's. */
const madeFromRun = ['model.bnn', 'report.html'] as const;

/**
 * True for what a run leaves that broke off before its first checkpoint, as on a full disk: a recipe, empty logs, at most
 * the beginnings of that checkpoint. There is nothing in it to lose. Whatever else has a config.json is somebody's.
 */
export async function isFalseStart(folder: string): Promise<boolean> {
  for (const name of [files.summary, files.confusion, ...madeFromRun]) {
    if (await exists(join(folder, name))) return false;
  }
  const metrics = await stat(join(folder, files.metrics)).catch(() => undefined);
  if (metrics !== undefined && metrics.size > 0) return false;
  const saved = await readdir(join(folder, files.checkpoint)).catch(missing);
  if (!saved?.every((name) => firstCheckpoint.test(name))) return false;
  return loadRecipe(join(folder, files.config)).then(
    () => true,
    () => false,
  );
}

/** Of the checkpoint before the first step: its tensors, and files that were not in their place yet. */
const firstCheckpoint = /^last(-0\.safetensors|(-0\.safetensors|\.json)\.tmp-\d+)$/;

/** An absent folder is an empty one; one that cannot be read is undefined. */
function missing(error: NodeJS.ErrnoException): string[] | undefined {
  return error.code === 'ENOENT' ? [] : undefined;
}

/** Removes what a former run wrote and what was made from it, and nothing else. */
export async function removeRun(folder: string): Promise<void> {
  for (const name of [...Object.values(files), ...madeFromRun]) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** config.json is the complete recipe. */
export async function writeConfig(folder: string, recipe: Recipe): Promise<void> {
  await writeAtomic(join(folder, files.config), `${JSON.stringify(recipe, undefined, 2)}\n`);
}

export async function writeSummary(folder: string, summary: RunSummary): Promise<void> {
  await writeAtomic(join(folder, files.summary), `${JSON.stringify(summary, undefined, 2)}\n`);
}

/** summary.json, or undefined when there is none that can be read. */
export async function readSummary(folder: string): Promise<RunSummary | undefined> {
  const text = await readFile(join(folder, files.summary), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as RunSummary;
  } catch {
    return undefined;
  }
}

/** The lines of metrics.jsonl. @throws InputError when the folder has none. */
export async function readMetrics(folder: string): Promise<EpochMetrics[]> {
  const path = join(folder, files.metrics);
  const text = await readFile(path, 'utf8').catch(() => {
    throw new InputError(`${folder} is no run folder: ${path} is missing`);
  });
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as EpochMetrics);
}

/** One line of timing.jsonl: a part of an epoch, or what was left of it. */
export interface TimingLine extends Lap {
  readonly epoch: number;
  /** Whether the epoch was done at its end. */
  readonly complete: boolean;
}

/** timing.jsonl; nothing without one. An epoch that a crash made the run do twice is there once. */
export async function readTiming(folder: string): Promise<TimingLine[]> {
  const text = await readFile(join(folder, files.timing), 'utf8').catch(() => '');
  let lines: TimingLine[] = [];
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const timing = timingLine(line);
    if (timing === undefined) continue;
    const again = lines.some((one) => one.complete && one.epoch >= timing.epoch);
    if (again) lines = lines.filter((one) => one.epoch < timing.epoch);
    lines.push(timing);
  }
  return lines;
}

/** The seconds of all parts of a run, evaluations included. */
export async function readSeconds(folder: string): Promise<number> {
  return (await readTiming(folder)).reduce((sum, { seconds }) => sum + seconds, 0);
}

function timingLine(text: string): TimingLine | undefined {
  try {
    const line = JSON.parse(text) as Omit<TimingLine, 'training'> & { training?: number };
    // Runs of former versions told training and evaluation not apart.
    return { ...line, training: line.training ?? line.seconds };
  } catch {
    // A line that a crash cut off: its seconds are lost, the run is not.
    return undefined;
  }
}

/** The growing files of a run. Wall-clock times go to timing.jsonl only (and into the event file). */
export class RunLogs {
  private constructor(
    private readonly folder: string,
    private readonly metrics: AppendFile,
    private readonly events: AppendFile,
  ) {}

  /** Opens the logs at the lengths that a checkpoint names; {0, 0} starts them. */
  static async open(folder: string, keep: { metrics: number; events: number }): Promise<RunLogs> {
    const metrics = await AppendFile.open(join(folder, files.metrics), keep.metrics);
    const events = await AppendFile.open(join(folder, files.events), keep.events);
    if (keep.events === 0) events.append(versionRecord(now()));
    return new RunLogs(folder, metrics, events);
  }

  /** Lengths for the checkpoint; call `flush` before. */
  get lengths(): { metrics: number; events: number } {
    return { metrics: this.metrics.length, events: this.events.length };
  }

  step(step: number, loss: number): void {
    this.events.append(scalarRecord(now(), step, { 'step/loss': loss }));
  }

  epoch(metrics: EpochMetrics): void {
    this.metrics.appendJson(metrics);
    this.events.append(scalarRecord(now(), metrics.step, scalarsOf(metrics)));
  }

  async time(epoch: number, lap: Lap, complete: boolean): Promise<void> {
    const [seconds, training] = [lap.seconds, lap.training].map((s) => Math.round(s * 1000) / 1000);
    const line = `${JSON.stringify({ epoch, seconds, training, complete })}\n`;
    const path = join(this.folder, files.timing);
    await appendFile(path, line).catch((error: unknown) => {
      throw diskError(path, error);
    });
  }

  async flush(): Promise<void> {
    await this.metrics.flush();
    await this.events.flush();
  }

  async close(): Promise<void> {
    await this.metrics.close();
    await this.events.close();
  }
}

/** TensorBoard tags of an epoch. */
function scalarsOf(metrics: EpochMetrics): Record<string, number> {
  const scalars: Record<string, number | undefined> = {
    'epoch/train loss': metrics.trainLoss,
    'epoch/train accuracy': metrics.trainAccuracy,
    'epoch/test loss': metrics.testLoss,
    'epoch/test accuracy': metrics.testAccuracy,
    'epoch/test top-5 accuracy': metrics.testTop5,
    'epoch/averaged loss': metrics.averagedLoss,
    'epoch/averaged accuracy': metrics.averagedAccuracy,
    'epoch/learning rate': metrics.learningRate,
    'epoch/eta': metrics.eta,
  };
  for (const [name, value] of Object.entries(metrics.trainParts ?? {})) {
    scalars[`epoch/train loss: ${name}`] = value;
  }
  for (const [name, value] of Object.entries(metrics.testDetails ?? {})) {
    scalars[`epoch/test ${name}`] = value;
  }
  for (const [name, value] of Object.entries(metrics.testPerClass ?? {})) {
    scalars[`epoch/test of ${name}`] = value ?? undefined;
  }
  for (const layer of metrics.layers) {
    for (const measure of ['lambda', 'cosine', 'normB', 'normA', 'clipped', 'flipped'] as const) {
      scalars[`${measure}/${layer.name}`] = layer[measure];
    }
  }
  return Object.fromEntries(
    Object.entries(scalars).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

function now(): number {
  return Date.now() / 1000;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
