/**
 * A mistake of the user's: a wrong option, shape, file or value. The command line prints the message
 * as one sentence and exits with code 2; every other error is a defect of ours and keeps its stack.
 *
 * Write the message as: what is wrong, where, and which values are allowed.
 */
export class InputError extends Error {
  readonly exitCode = 2;
  override readonly name = 'InputError';
}

/**
 * The member of `allowed` closest to `given` (edit distance, a swap of neighbours counted once, case ignored), or undefined when
 * nothing is near enough to be a typing mistake (more than a third of the letters differ).
 */
export function nearest(given: string, allowed: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const candidate of allowed) {
    const distance = editDistance(given.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** "unknown binarizer "stee" (did you mean "ste"?); allowed: ste, identity" as an error to throw. */
export function unknownName(what: string, given: string, allowed: Iterable<string>): InputError {
  const names = [...allowed];
  const near = nearest(given, names);
  const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
  return new InputError(`unknown ${what} "${given}"${hint}; allowed: ${names.join(', ')}`);
}

/**
 * Refuses options that nobody reads: a misspelt one would otherwise be a silent default.
 *
 * @param options what the caller was given; anything but an object is refused, too.
 * @param what names the taker of the options, as in "unknown option of binaryConv2d".
 * @param unlisted keys that may stand there, too, but that nobody should be told of.
 */
export function checkKeys(
  options: unknown,
  allowed: readonly string[],
  what: string,
  unlisted: readonly string[] = [],
): void {
  if (typeof options !== 'object' || options === null) {
    throw new InputError(`${what} takes an object of options with the keys ${allowed.join(', ')}`);
  }
  for (const key of Object.keys(options)) {
    if (allowed.includes(key) || unlisted.includes(key)) continue;
    throw unknownName(`option of ${what}`, key, allowed);
  }
}

/** Insertions, deletions, substitutions and swaps of neighbours that lead from a to b (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, substituted);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}
