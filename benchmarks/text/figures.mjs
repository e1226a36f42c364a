/** What the tables show, from what was measured: one row for each contender of a network. */

/**
 * @typedef {{label: string, kind: string, milliseconds: number, faster: number | undefined, fileBytes: number, tableBytes: number | undefined,
 *   first: number, peakBytes: number, disturbed: boolean}} Row
 *   faster: how often it is as fast as the float twin with as many threads; tableBytes: of the file's bytes those of embeddings and vocabulary;
 *   first: milliseconds of the first load
 * @returns {Row[]}
 */
export function rowsOf({ records }, network) {
  const own = records.filter((one) => one.network === network && one.missing === undefined);
  return own.map((record) => {
    const { label, kind, median, bytes, tableBytes, start, peakBytes, disturbed } = record;
    const peer = own.find(({ id }) => id === record.against);
    return {
      label,
      kind,
      milliseconds: 1000 * median,
      faster: peer === undefined ? undefined : peer.median / median,
      fileBytes: bytes,
      tableBytes,
      first: start.first,
      peakBytes,
      disturbed: disturbed > 0,
    };
  });
}

/** Reasons why somebody is not in the tables, each once. */
export function missingOf({ records }) {
  const reasons = records
    .filter(({ missing }) => missing !== undefined)
    .map(
      ({ network, label, kind, missing }) =>
        `${network}, ${kind}, ${label}: not measured, ${missing}`,
    );
  return [...new Set(reasons)];
}
