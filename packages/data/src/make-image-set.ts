/**
 * Image sets with their receipt, and parts of them. (Hashing needs Node; the shape of a set is in
 * types.ts, what browsers can use in image-set.ts.)
 */
import { InputError } from '@surge-bnn/contract';
import { sha256 } from './checked-file.js';
import {
  allocateBytes,
  allocateLabels,
  checkImageSet,
  isImageSet,
  pictureLength,
} from './image-set.js';
import { pickFiles } from './pictures/file-set.js';
import { stratify } from './stratify.js';
import type { ClassLabels, ImageSet, PictureSet, SplitName } from './types.js';

/** Checks the parts of a set against each other and adds the hash of its bytes; the title defaults to the name. */
export function makeImageSet(
  parts: Omit<ImageSet, 'sha256' | 'title'> & Partial<Pick<ImageSet, 'title'>>,
): ImageSet {
  const { title = parts.name } = parts;
  const set = { ...parts, title, sha256: hashImages(parts.images, parts.labels) };
  checkImageSet(set);
  return set;
}

/** Hex SHA-256 of the image bytes followed by the label bytes. */
export function hashImages(images: Uint8Array, labels: ClassLabels): string {
  return sha256(images, labels);
}

/**
 * The pictures at `indices`, in that order, as a set of its own (with its own hash).
 *
 * @throws InputError when an index is not in 0 .. set.count - 1.
 */
export function subset<S extends PictureSet>(
  set: S,
  indices: ArrayLike<number>,
  split: SplitName,
): S;
export function subset(set: PictureSet, indices: ArrayLike<number>, split: SplitName): PictureSet {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    if (!Number.isInteger(index) || index < 0 || index >= set.count) {
      throw new InputError(
        `image set "${set.name}" (${set.split}) has no picture ${index}; allowed: 0 to ${set.count - 1}`,
      );
    }
  }
  return isImageSet(set) ? pickImages(set, indices, split) : pickFiles(set, indices, split);
}

function pickImages(set: ImageSet, indices: ArrayLike<number>, split: SplitName): ImageSet {
  const length = pictureLength(set);
  const images = allocateBytes(indices.length * length);
  const labels = allocateLabels(indices.length, set.classes.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    images.set(set.images.subarray(index * length, (index + 1) * length), i * length);
    labels[i] = set.labels[index];
  }
  return makeImageSet({ ...set, split, images, labels, count: indices.length });
}

/**
 * Cuts a validation set off: `fraction` of every class, chosen by `seed`; both parts keep the order
 * of the set. The same arguments give the same parts on every machine.
 *
 * @throws InputError unless 0 < fraction < 1 and both parts get at least one picture.
 */
export function split<S extends PictureSet>(
  set: S,
  fraction: number,
  seed: number,
): { train: S; validation: S } {
  const { kept, held } = stratify(set.labels, set.classes.length, fraction, seed);
  if (kept.length === 0 || held.length === 0) {
    throw new InputError(
      `a held-out fraction of ${fraction} leaves one part of image set "${set.name}" ` +
        `(${set.count} pictures) empty`,
    );
  }
  return { train: subset(set, kept, set.split), validation: subset(set, held, 'validation') };
}
