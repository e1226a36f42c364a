/**
 * One run after the other, in a folder that one process at a time may use. A finished run of the same config and engine
 * is used again; one that was stopped, or killed, goes on from its checkpoint; one that was killed before its first begins
 * again. So whatever stops a comparison, the same command goes on.
 */
import { join } from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { makeFolder } from '@surge-bnn/data';
import { diskError } from '../checkpoint/atomic.js';
import { lockFolder } from '../checkpoint/lock.js';
import { engineRecord, sameEngine } from '../engine-record.js';
import { hashRecipe } from '../hash.js';
import type { Parts } from '../parts.js';
import type { Recipe } from '../recipe/schema.js';
import { canResume, readSummary } from '../run-folder.js';
import { runTraining } from '../run.js';
import type { EngineRecord, RunSummary } from '../types.js';
import type { CompareEvent } from './types.js';

/** One run of a comparison. */
export interface Job {
  readonly phase: 'tuning' | 'final';
  readonly arm: string;
  readonly recipe: Recipe;
  /** Within the comparison's folder. */
  readonly folder: string;
}

export interface QueueOptions {
  /** The comparison's folder. */
  readonly out: string;
  readonly signal?: AbortSignal;
  readonly onEvent: (event: CompareEvent) => void;
  readonly parts: Parts;
}

/** Runs jobs; counts them for progress. */
export class Queue {
  private done = 0;

  constructor(
    private readonly options: QueueOptions,
    /** How many there will be in all. */
    private readonly of: number,
  ) {}

  /**
   * Trains it, unless that is done.
   *
   * @throws InputError when it was interrupted, or its folder holds another run.
   */
  async run(job: Job): Promise<RunSummary> {
    const { out, signal, onEvent, parts } = this.options;
    const folder = join(out, job.folder);
    this.done += 1;
    const engine = engineRecord(await parts.engine(job.recipe.engine));
    const known = await finished(folder, job.recipe, engine);
    const { phase, arm, recipe } = job;
    const place = { index: this.done, of: this.of };
    onEvent({ type: 'run', ...place, phase, arm, seed: recipe.seed, reused: known !== undefined });
    if (known !== undefined) return known;
    const summary = await runTraining(
      recipe,
      {
        out: folder,
        resume: await canResume(folder),
        signal,
        onEvent: (event) => {
          onEvent({ type: 'train', event });
        },
      },
      parts,
    );
    if (summary.status !== 'finished') {
      throw new InputError(
        `the comparison was interrupted in run ${this.done} of ${this.of}; start it again to go on from there`,
      );
    }
    return summary;
  }
}

/**
 * Runs the work with the folder locked for this process.
 *
 * @throws InputError when another process is at it, naming it.
 */
export async function inLockedFolder<T>(out: string, work: () => Promise<T>): Promise<T> {
  await makeFolder(out).catch((error: unknown) => {
    const taken = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (taken) throw new InputError(`cannot use ${out} as a comparison's folder: it is a file`);
    throw diskError(out, error);
  });
  const release = await lockFolder(out);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** The summary of a finished run of this recipe on this engine. summary.json is put in place in one move, at the end. */
export async function finished(folder: string, recipe: Recipe, engine: EngineRecord) {
  const summary = await readSummary(folder);
  const same =
    summary?.status === 'finished' &&
    summary.hashes.config === hashRecipe(recipe) &&
    sameEngine(summary.engine, engine);
  return same ? summary : undefined;
}
