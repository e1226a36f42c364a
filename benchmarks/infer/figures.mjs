/** What the tables show, from what was measured: one row for each contender of a network. */
import { yardsticks } from './contenders.mjs';
import { limitOf, stageRows } from './layers.mjs';

/**
 * @typedef {{label: string, kind: string, threads: number, milliseconds: number, faster: (number | undefined)[],
 *   picturesPerSecond: number | undefined, fileBytes: number, first: number, again: number, disturbed: boolean}} Row
 *   faster: how often it is as fast as each yardstick; first, again: milliseconds of loading
 * @returns {Row[]}
 */
export function rowsOf({ records, options }, network) {
  const of = (batch) =>
    records.filter((r) => r.network === network && r.batch === batch && r.missing === undefined);
  const singles = of(1);
  const [, largest] = options.batches;
  return singles.map((record) => {
    const { id, name, threads, median, start, fileBytes, label, kind, disturbed } = record;
    const batch = largest === undefined ? undefined : of(largest).find((one) => one.id === id);
    return {
      label,
      kind,
      threads,
      milliseconds: 1000 * median,
      // Against a yardstick with as many threads; itself says nothing.
      faster: yardsticks.map((yardstick) => {
        const other = singles.find((one) => one.name === yardstick && one.threads === threads);
        return other === undefined || name === yardstick ? undefined : other.median / median;
      }),
      picturesPerSecond: batch === undefined ? undefined : batch.batch / batch.median,
      fileBytes,
      ...start,
      disturbed: disturbed > 0 || batch?.disturbed > 0,
    };
  });
}

/**
 * Of each contender with a profile the rows of stageRows.
 *
 * @returns {{label: string, rows: object[]}[]}
 */
export function layersOf({ records, multiplying, bareLoops }, network) {
  return records
    .filter((record) => record.network === network && record.profile !== undefined)
    .map((record) => ({
      label: record.label,
      rows: stageRows(record.profile.kernels, multiplying[network], limitOf(record, bareLoops)),
    }));
}

/** Reasons why somebody is not in the tables, each once. */
export function missingOf({ records, bareLoops }) {
  const reasons = records
    .filter(({ missing }) => missing !== undefined)
    .map(({ network, label, missing }) => `${network}, ${label}: not measured, ${missing}`);
  return [...new Set([...reasons, ...bareLoops.missing])];
}
