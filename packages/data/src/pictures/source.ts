/**
 * Where pictures of a set lie and how they are to be cut: the question that decoding once and decoding batch
 * by batch both start from; and one half of it, listed.
 */
import { realpath, stat } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import { allocateLabels } from '../image-set.js';
import type { ChannelStatistics, ClassLabels, PictureList, PublishedSplit } from '../types.js';
import { cached } from './cache.js';
import { findPictures, stampOf } from './find.js';
import { halfOf, type Found, type Half } from './layout.js';
import { makeList, type FoundPicture } from './list.js';

export interface PictureSource {
  readonly name: string;
  readonly title: string;
  readonly origin: string;
  /** The folder or archive, for messages. */
  readonly where: string;
  /** Lists one half. */
  list(split: PublishedSplit): Promise<ListedHalf>;
  /** Height and width of what a network gets. */
  readonly size: number;
  /** The shorter edge before the centre is cut out, at least `size`. */
  readonly resize: number;
  readonly skipCorrupt: boolean;
  /** How it is decoded when nobody says. */
  readonly decode: 'once' | 'each-batch';
  /** Published mean and deviation, where measuring them would mean decoding everything. */
  readonly statistics?: ChannelStatistics;
}

/** One half of a source. */
export interface ListedHalf {
  readonly pictures: PictureList;
  readonly labels: ClassLabels;
  readonly classes: readonly string[];
  readonly remarks: readonly string[];
  /** Changes when a picture is added, removed or changed. */
  readonly stamp: string;
}

/** Three channels: pictures are read in colour. */
export const CHANNELS = 3;

/** @throws InputError for sizes that make no sense. */
export function checkSizes({ name, size, resize }: PictureSource): void {
  if (!Number.isInteger(size) || size < 1 || size > 4096) {
    throw new InputError(`data.size of "${name}" must be an integer in 1 to 4096, got ${size}`);
  }
  if (!Number.isInteger(resize) || resize < size || resize > 8192) {
    throw new InputError(
      `data.resize of "${name}" must be an integer in ${size} (data.size) to 8192, got ${resize}`,
    );
  }
}

/** Lists one half of a folder or an archive of it. @throws InputError as `findPictures` and `halfOf` do. */
export async function listHalf(where: string, split: PublishedSplit): Promise<ListedHalf> {
  const found = await findAll(where);
  return packHalf(where, found.packed, halfOf(found, split));
}

/** A half as compact lists. @param root the folder or archive that the pictures lie in. */
export async function packHalf(root: string, packed: boolean, half: Half): Promise<ListedHalf> {
  const { pictures, classes, remarks } = half;
  const labels = allocateLabels(half.labels.length, classes.length);
  labels.set(half.labels);
  return {
    pictures: makeList(root, packed, pictures),
    labels,
    classes,
    remarks,
    stamp: `${await realpath(root)}\n${stampOf(pictures)}`,
  };
}

/** `findPictures`; the list of an archive is kept in the cache, because reading it means reading all of it. */
export async function findAll(where: string): Promise<Found & { readonly packed: boolean }> {
  const facts = await stat(where).catch(() => undefined);
  if (facts === undefined || facts.isDirectory()) return findPictures(where);
  const files = await cachedList(where, async () => (await findPictures(where)).files);
  return { where, files, folders: [], packed: true };
}

/** A list of what an archive holds, from the cache while the archive is the same. */
export async function cachedList(
  archive: string,
  make: () => Promise<readonly FoundPicture[]>,
): Promise<readonly FoundPicture[]> {
  const { size, mtimeMs } = await stat(archive);
  const key = `list 1\n${await realpath(archive)}\n${size}\n${mtimeMs}`;
  const { bytes } = await cached('list', key, async () => ({
    facts: null,
    bytes: new TextEncoder().encode(JSON.stringify(await make())),
  }));
  // What the cache holds has the hash that this program wrote.
  return JSON.parse(new TextDecoder().decode(bytes.slice())) as FoundPicture[];
}
