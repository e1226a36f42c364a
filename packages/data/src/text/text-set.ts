/** Sets of texts with their receipt, and parts of them. */
import { InputError } from '@surge-bnn/contract';
import { sha256 } from '../checked-file.js';
import { stratify } from '../stratify.js';
import type { TextExample, TextSet } from './types.js';

/** What follows from the examples is added: their number, whether they have labels, and their hash. */
export function makeTextSet(parts: Omit<TextSet, 'count' | 'labelled' | 'sha256'>): TextSet {
  const { examples } = parts;
  if (examples.length === 0) throw new InputError(`${parts.file} has no examples`);
  const labelled = examples[0].label !== undefined;
  return { ...parts, count: examples.length, labelled, sha256: hashTexts(examples) };
}

/**
 * The examples at `indices`, in that order, as a set of its own.
 *
 * @param split how the part is called.
 * @throws InputError for no indices, and for one that is not in 0 .. set.count - 1.
 */
export function pickTexts(set: TextSet, indices: ArrayLike<number>, split: string): TextSet {
  const examples = Array.from(indices, (index) => {
    if (!Number.isInteger(index) || index < 0 || index >= set.count) {
      throw new InputError(`${set.title} has no example ${index}; allowed: 0 to ${set.count - 1}`);
    }
    return set.examples[index];
  });
  const title = `${set.title}: ${split}, ${examples.length} of ${set.count} examples`;
  return makeTextSet({ ...set, title, split, examples });
}

/**
 * Cuts a validation part off: `fraction` of the examples, of every class its share, chosen by `seed`; both parts keep the order of the set.
 *
 * @throws InputError unless 0 < fraction < 1 and both parts get an example.
 */
export function splitTexts(
  set: TextSet,
  fraction: number,
  seed: number,
): { readonly train: TextSet; readonly validation: TextSet } {
  // Scores, and texts without labels, are one class.
  const isByClass = set.labelled && set.classes.length > 0;
  const labels = Uint8Array.from(set.examples, ({ label = 0 }) => (isByClass ? label : 0));
  const { kept, held } = stratify(labels, Math.max(1, set.classes.length), fraction, seed);
  if (kept.length === 0 || held.length === 0) {
    throw new InputError(
      `a held-out fraction of ${fraction} leaves one part of ${set.title} (${set.count} examples) empty`,
    );
  }
  return {
    train: pickTexts(set, kept, `${set.split} without validation`),
    validation: pickTexts(set, held, `validation of ${set.split}`),
  };
}

/** Hex SHA-256 of sentences and labels as JSON, an array a line. */
function hashTexts(examples: readonly TextExample[]): string {
  const lines = examples.map(({ sentence, second = null, label = null }) =>
    JSON.stringify([sentence, second, label]),
  );
  return sha256(lines.join('\n'));
}
