/**
 * One recipe with several binarizers, compensators and seeds: a table, and the paired gain of every compensator
 * over 'none'. The two runs of a pair share initial weights and images, and that is checked, not assumed.
 */
import { join } from 'node:path';
import { InputError, unknownName } from '@surge-bnn/contract';
import { resolveMethod } from '@surge-bnn/core';
import { engineRecord, sameEngine } from './engine-record.js';
import { hashRecipe } from './hash.js';
import { defaultParts } from './parts.js';
import type { Parts } from './parts.js';
import { applyOverrides } from './recipe/recipe.js';
import type { Recipe, SurgeSpec } from './recipe/schema.js';
import { holdsRun, readSummary } from './run-folder.js';
import { runTraining } from './run.js';
import { confidenceInterval, spreadOf } from './spread.js';
import type {
  CompareEvent,
  ComparisonRow,
  ComparisonTable,
  PairedGain,
  RunSummary,
} from './types.js';

export interface CompareOptions {
  readonly recipe: Recipe;
  /** Names of methods. */
  readonly binarizers: readonly string[];
  /** 'none', 'surge' (the recipe's own options, if it has some) and the controls: see `compensators`. */
  readonly compensators: readonly string[];
  readonly seeds: readonly number[];
  /** Each run gets a folder BINARIZER-COMPENSATOR-seedN in it. */
  readonly out: string;
  readonly signal?: AbortSignal;
}

/**
 * What a compensator's name changes in the recipe's own options. The controls are METHOD.md's. Each names the form and
 * the start that it stands for: on a recipe with another form it would be no control, or none that runs.
 */
export const compensators: Readonly<Record<string, Partial<SurgeSpec>>> = {
  surge: {},
  'gain-only': { gainOnly: true },
  shared: { auxiliary: 'shared', initial: 'random' },
  frozen: { auxiliary: 'frozen', initial: 'random' },
  copy: { auxiliary: 'full', initial: 'copy' },
  unscaled: { auxiliary: 'full', scaleAuxiliaryGradient: false },
};

/**
 * Trains every combination, one after the other. A finished run of the same config is used again, an unfinished one
 * resumed, so an interrupted comparison just starts again.
 *
 * @throws InputError for unknown names, a folder that holds another run, or when the signal aborts.
 */
export async function compareRuns(
  options: CompareOptions,
  onEvent: (event: CompareEvent) => void = () => undefined,
  parts: Parts = defaultParts,
): Promise<ComparisonTable> {
  const { recipe, binarizers, seeds } = options;
  checkLists(options);
  const engine = engineRecord(await parts.engine(recipe.engine));
  const of = binarizers.length * options.compensators.length * seeds.length;
  let index = 0;
  const runs = new Map<string, ComparisonRow['runs'][number][]>();
  // Seeds outermost: an interrupted comparison has whole pairs.
  for (const seed of seeds) {
    for (const binarizer of binarizers) {
      for (const compensator of options.compensators) {
        index += 1;
        const out = join(options.out, `${binarizer}-${compensator}-seed${seed}`);
        const one = variant(recipe, binarizer, compensator, seed);
        const known = await finished(out, one, engine);
        const reused = known !== undefined;
        onEvent({ type: 'run', index, of, binarizer, compensator, seed, reused });
        const summary =
          known ??
          (await runTraining(
            one,
            {
              out,
              resume: await holdsRun(out),
              signal: options.signal,
              onEvent: (event) => onEvent({ type: 'train', event }),
            },
            parts,
          ));
        if (summary.status !== 'finished') {
          throw new InputError(
            `the comparison was interrupted in run ${index} of ${of}; start it again to go on from there`,
          );
        }
        const key = rowKey(binarizer, compensator);
        runs.set(key, [...(runs.get(key) ?? []), { seed, out, reused, summary }]);
      }
    }
  }
  const rows = binarizers.flatMap((binarizer) =>
    options.compensators.map((compensator) =>
      rowOf(binarizer, compensator, runs.get(rowKey(binarizer, compensator)) ?? []),
    ),
  );
  return { recipe: recipe.name, seeds, rows, gains: gainsOf(rows) };
}

/** The recipe of one run of a comparison. */
export function variant(
  recipe: Recipe,
  binarizer: string,
  compensator: string,
  seed: number,
): Recipe {
  const base = recipe.compensator === 'none' ? {} : recipe.compensator;
  const options = compensator === 'none' ? 'none' : { ...base, ...compensators[compensator] };
  return applyOverrides(recipe, { binarizer, seed, compensator: options });
}

/** Mean, deviation and interval of the gains over 'none', binarizer by binarizer. */
export function gainsOf(rows: readonly ComparisonRow[]): PairedGain[] {
  return rows.flatMap((row) => {
    const plain = rows.find((r) => r.binarizer === row.binarizer && r.compensator === 'none');
    if (plain === undefined || row === plain) return [];
    return (['last', 'best'] as const).map((measure) => {
      const gains = row.runs.map(({ seed, summary }) => {
        const partner = plain.runs.find((run) => run.seed === seed);
        if (partner === undefined) throw new Error(`seed ${seed} has no run without compensator`);
        checkPair(summary, partner.summary, row);
        return { seed, gain: accuracy(summary, measure) - accuracy(partner.summary, measure) };
      });
      const spread = spreadOf(gains.map(({ gain }) => gain));
      return {
        binarizer: row.binarizer,
        compensator: row.compensator,
        measure,
        gains,
        mean: spread.mean,
        deviation: spread.deviation,
        interval: confidenceInterval(spread),
      };
    });
  });
}

function rowOf(binarizer: string, compensator: string, runs: ComparisonRow['runs']): ComparisonRow {
  const spread = (value: (summary: RunSummary) => number) =>
    spreadOf(runs.map(({ summary }) => value(summary)));
  return {
    binarizer,
    compensator,
    last: spread((summary) => accuracy(summary, 'last')),
    best: spread((summary) => accuracy(summary, 'best')),
    seconds: spread((summary) => summary.seconds),
    runs,
  };
}

function accuracy(summary: RunSummary, measure: 'last' | 'best'): number {
  const at = summary[measure];
  if (at === undefined) throw new Error('a finished run was never evaluated');
  return at.accuracy;
}

/** A pair that does not share its start or its images is no pair. */
function checkPair(a: RunSummary, b: RunSummary, { binarizer, compensator }: ComparisonRow): void {
  for (const what of ['initialWeights', 'data'] as const) {
    if (a.hashes[what] !== b.hashes[what]) {
      throw new Error(
        `${binarizer}, seed ${a.seed}: the runs with "${compensator}" and with "none" differ in their ${what}`,
      );
    }
  }
}

/** The summary of a finished run of this recipe on this engine. */
async function finished(out: string, recipe: Recipe, engine: RunSummary['engine']) {
  const summary = await readSummary(out);
  const same =
    summary?.status === 'finished' &&
    summary.hashes.config === hashRecipe(recipe) &&
    sameEngine(summary.engine, engine);
  return same ? summary : undefined;
}

function checkLists({ binarizers, compensators: names, seeds }: CompareOptions): void {
  for (const [what, list] of Object.entries({ binarizers, compensators: names, seeds })) {
    if (list.length === 0) throw new InputError(`a comparison needs at least one of ${what}`);
    if (new Set<string | number>(list).size < list.length) {
      throw new InputError(`${what} of a comparison must differ, got ${list.join(', ')}`);
    }
  }
  for (const binarizer of binarizers) resolveMethod(binarizer);
  const allowed = ['none', ...Object.keys(compensators)];
  for (const name of names) {
    if (!allowed.includes(name)) throw unknownName('compensator', name, allowed);
  }
}

function rowKey(binarizer: string, compensator: string): string {
  return `${binarizer}/${compensator}`;
}
