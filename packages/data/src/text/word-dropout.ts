/**
 * Word dropout (Iyyer et al. 2015, section 3.2): in training each piece of a labelled text is hidden with a probability, anew each epoch, so that no single word
 * decides alone. A hidden piece becomes [MASK], which an encoder of masked language modelling has met, and which keeps the length of the text.
 */
import { InputError } from '@surge-bnn/contract';
import type { WordPiece } from '@surge-bnn/runtime/text';
import { randomStream } from '../random.js';
import type { TextBatch } from './collate.js';

export interface WordDropout {
  /** Probability of each piece, 0 to less than 1. */
  readonly share: number;
  readonly seed: number;
}

/**
 * Hides pieces in `ids` of the batch; [CLS], [SEP] and what else has a meaning of its own stay. What is hidden depends on seed, epoch and the text's index only.
 *
 * @throws InputError for a share out of range.
 */
export function dropWords(
  { ids, mask, indices, length }: Omit<TextBatch, 'labels'>,
  { special }: Pick<WordPiece, 'special'>,
  epoch: number,
  { share, seed }: WordDropout,
): void {
  if (!(share >= 0 && share < 1)) {
    throw new InputError(`word dropout must be a number from 0 to less than 1, got ${share}`);
  }
  if (share === 0) return;
  const kept = new Set(Object.values(special));
  indices.forEach((index, row) => {
    const random = randomStream(seed, 'word dropout', epoch, index);
    for (let at = row * length; at < (row + 1) * length; at++) {
      if (mask[at] === 0 || kept.has(ids[at])) continue;
      if (random.uniform() < share) ids[at] = special.mask;
    }
  });
}
