/**
 * From finished runs to rows and paired gains. A pair has one seed: the same images in the same batches, and, where both
 * arms have the same network, the same initial weights; what a pair does not share is said.
 */
import { confidenceInterval, spreadOf } from './spread.js';
import { measures } from './types.js';
import type { Arm, ComparedRun, ComparisonRow, CurvePoint, Measure, PairedGain } from './types.js';

/** An arm's runs as a row of the table. */
export function rowOf({ name, set }: Arm, runs: readonly ComparedRun[]): ComparisonRow {
  const spread = (value: (run: ComparedRun) => number) => spreadOf(runs.map(value));
  return {
    arm: name,
    set,
    last: spread((run) => end(run).last),
    best: spread((run) => end(run).best),
    seconds: spread((run) => trainingSeconds(run)),
    clipped: spread((run) => run.clipped),
    runs,
  };
}

/** Mean, deviation and interval of one arm's gains over another, by every measure that all pairs have. */
export function gainsOf(row: ComparisonRow, baseline: ComparisonRow): PairedGain[] {
  const pairs = row.runs.flatMap((run) => {
    const partner = baseline.runs.find(({ seed }) => seed === run.seed);
    return partner === undefined ? [] : [{ run, partner }];
  });
  return measures.flatMap((measure) => {
    const gains = pairs.map(({ run, partner }) => {
      const [mine, its] = measured(run, partner, measure);
      return {
        seed: run.seed,
        gain: mine === undefined || its === undefined ? undefined : mine - its,
      };
    });
    if (!gains.every((one): one is { seed: number; gain: number } => one.gain !== undefined)) {
      return [];
    }
    const spread = spreadOf(gains.map(({ gain }) => gain));
    return {
      arm: row.arm,
      baseline: baseline.arm,
      measure,
      gains,
      mean: spread.mean,
      deviation: spread.deviation,
      interval: confidenceInterval(spread),
    };
  });
}

/** Accuracies of both runs of a pair; undefined for one that was not evaluated within the budget. */
function measured(run: ComparedRun, partner: ComparedRun, measure: Measure) {
  const budget = measure.endsWith('seconds')
    ? Math.min(trainingSeconds(run), trainingSeconds(partner))
    : Infinity;
  const kind = measure.startsWith('last') ? 'last' : 'best';
  return [run, partner].map((one) => within(one.curve, budget)?.[kind]);
}

/** Last and best accuracy of the evaluations within so many seconds of training. */
export function within(curve: readonly CurvePoint[], budget: number) {
  const inside = curve.filter(({ seconds }) => seconds <= budget);
  const last = inside.at(-1)?.accuracy;
  if (last === undefined) return undefined;
  return { last, best: Math.max(...inside.map(({ accuracy }) => accuracy)) };
}

/** Until the last evaluation: that is the last epoch's. */
function trainingSeconds({ curve }: ComparedRun): number {
  return curve.at(-1)?.seconds ?? 0;
}

function end(run: ComparedRun) {
  const result = within(run.curve, Infinity);
  if (result === undefined) throw new Error(`${run.folder}: a finished run was never evaluated`);
  return result;
}

/** What must be known of these pairs before their gains are believed. */
export function pairRemarks(row: ComparisonRow, baseline: ComparisonRow): string[] {
  const who = `${row.arm} and ${baseline.arm}`;
  const different = (what: 'initialWeights' | 'data') =>
    row.runs.some(({ seed, summary }) => {
      const partner = baseline.runs.find((one) => one.seed === seed);
      return partner !== undefined && partner.summary.hashes[what] !== summary.hashes[what];
    });
  const remarks: string[] = [];
  if (different('data')) remarks.push(`${who} were trained on different images: no pairs`);
  if (different('initialWeights')) {
    remarks.push(`${who} do not begin with the same weights: the seed pairs their batches alone`);
  }
  if (!gainsOf(row, baseline).some(({ measure }) => measure === 'last, equal seconds')) {
    remarks.push(
      `one of ${who} had not been evaluated when the other had finished: no gain at equal seconds`,
    );
  }
  const last = (one: ComparisonRow) => one.runs[0]?.summary.epochs;
  if (last(row) !== last(baseline)) {
    remarks.push(`${who} have ${last(row)} and ${last(baseline)} epochs`);
  }
  return remarks;
}

/** METHOD.md's trap: where nothing is clipped, surrogates that differ beyond the window alone are the same. */
export function clippingRemarks(rows: readonly ComparisonRow[]): string[] {
  return rows
    .filter(({ clipped }) => clipped.mean === 0)
    .map(
      ({ arm }) =>
        `${arm}: no input was clipped in the last epoch, so its window never closed: a box is the identity there`,
    );
}
