/**
 * Image sets from a pair of IDX files: pictures and labels.
 */
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import type { CatalogueEntry, CatalogueFile } from './catalogue.js';
import { isPublished, md5, readUnpacked } from './checked-file.js';
import { findFile, folderOf } from './directory.js';
import { parseIdx, type IdxArray } from './idx.js';
import { allocateBytes } from './image-set.js';
import { makeImageSet } from './make-image-set.js';
import type { DirectoryOption, ImageSet, PublishedSplit } from './types.js';

/** Two IDX files of the user's own. */
export interface IdxSetOptions {
  /** File of the pictures: [count, height, width] or [count, height, width, channels]. */
  readonly images: string;
  /** File of the labels: [count]. */
  readonly labels: string;
  /** Names of the classes; labels must be below their number. */
  readonly classes: readonly string[];
  /** Default: the name of the pictures' file. */
  readonly name?: string;
  /** Default 'train'. */
  readonly split?: PublishedSplit;
}

/**
 * Reads any pair of IDX files (packed with gzip or plain); nothing is known about their checksums.
 *
 * @throws InputError for a missing or broken file, or files that do not belong together.
 */
export async function readIdxSet(options: IdxSetOptions): Promise<ImageSet> {
  const { images, labels, classes, split = 'train' } = options;
  const advice = 'give a file in the IDX format of MNIST';
  const pictures = await readUnpacked(images, advice);
  const answers = await readUnpacked(labels, advice);
  return joinIdx({
    name: options.name ?? path.basename(images),
    split,
    classes,
    origin: `${images}, ${labels}`,
    advice,
    images: { where: images, array: parseIdx(pictures.content, images, advice) },
    labels: { where: labels, array: parseIdx(answers.content, labels, advice) },
  });
}

/**
 * Reads one half of a published set from its folder and verifies the checksums.
 *
 * @throws InputError saying what is wrong with which file, and how to get a right one.
 */
export async function loadPublished(
  entry: CatalogueEntry,
  split: PublishedSplit,
  options: DirectoryOption,
): Promise<ImageSet> {
  const folder = folderOf(entry.name, options);
  const advice = `run: surge-bnn data fetch ${entry.name}`;
  const files = entry.splits[split];
  const images = await readPublished(entry, files.images, folder, advice);
  const labels = await readPublished(entry, files.labels, folder, advice);
  // What the numbers say is checked before the sums: it tells more about what went wrong.
  const set = joinIdx({
    name: entry.name,
    title: entry.title,
    split,
    classes: entry.classes,
    origin: entry.origin,
    advice,
    images,
    labels,
  });
  for (const { where, verify } of [images, labels]) {
    const actual = verify();
    if (actual !== undefined) {
      throw new InputError(
        `${where} is not the published file of ${entry.title} (MD5 of its content ${actual}); ` +
          `remove it and ${advice}`,
      );
    }
  }
  return set;
}

interface Part {
  readonly where: string;
  readonly array: IdxArray;
}

interface PublishedPart extends Part {
  /** Undefined when the checksum is right, else the wrong sum. */
  readonly verify: () => string | undefined;
}

async function readPublished(
  entry: CatalogueEntry,
  file: CatalogueFile,
  folder: string,
  advice: string,
): Promise<PublishedPart> {
  const where = findFile(folder, file);
  if (where === undefined) {
    throw new InputError(
      `${entry.title} is not there: no ${file.name}.gz (or ${file.name}) in ${folder}; ${advice}`,
    );
  }
  const { raw, content } = await readUnpacked(where, advice);
  const verify = () => (isPublished(raw, content, file) ? undefined : md5(content));
  return { where, array: parseIdx(content, where, advice), verify };
}

interface IdxPair {
  readonly name: string;
  readonly title?: string;
  readonly split: PublishedSplit;
  readonly classes: readonly string[];
  readonly origin: string;
  readonly advice: string;
  readonly images: Part;
  readonly labels: Part;
}

function joinIdx({
  name,
  title,
  split,
  classes,
  origin,
  advice,
  images,
  labels,
}: IdxPair): ImageSet {
  const shape = images.array.dimensions;
  if (shape.length !== 3 && shape.length !== 4) {
    throw new InputError(
      `${images.where} holds ${shape.length} dimension(s) (${shape.join(' x ')}), but pictures have 3 ` +
        `(count, height, width) or 4 (and channels); ${advice}`,
    );
  }
  if (labels.array.dimensions.length !== 1) {
    throw new InputError(
      `${labels.where} holds ${labels.array.dimensions.length} dimensions, but labels have 1; ${advice}`,
    );
  }
  const [count, height, width, channels = 1] = shape;
  const answers = labels.array.values;
  if (answers.length !== count) {
    throw new InputError(
      `${labels.where} holds ${answers.length} labels for the ${count} pictures of ${images.where}; ${advice}`,
    );
  }
  const wrong = answers.findIndex((label) => label >= classes.length);
  if (wrong >= 0) {
    throw new InputError(
      `${labels.where} holds the label ${answers[wrong]} at position ${wrong}; ` +
        `allowed: 0 to ${classes.length - 1}; ${advice}`,
    );
  }
  return makeImageSet({
    name,
    ...(title === undefined ? {} : { title }),
    split,
    images: inSharedMemory(images.array.values),
    labels: inSharedMemory(answers),
    count,
    height,
    width,
    channels,
    classes,
    origin,
  });
}

function inSharedMemory(bytes: Uint8Array): Uint8Array {
  const copy = allocateBytes(bytes.length);
  copy.set(bytes);
  return copy;
}
