/**
 * The sets of annotated pictures by name: what a recipe, and `surge-bnn data`, ask for.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InputError, unknownName } from '@surge-bnn/contract';
import { folderOf } from '../directory.js';
import type { DirectoryOption, FetchOptions, FetchResult } from '../types.js';
import { detectionCatalogue, type PublishedDetectionName } from './catalogue.js';
import { readCoco } from './coco.js';
import { concatDetection } from './columns.js';
import { fetchDetectionEntry } from './fetch.js';
import { fetchRepositorySet } from './repository-fetch.js';
import { openRepositorySet, placesOf } from './repository-open.js';
import { repositorySets, type RepositorySet, type RepositorySetName } from './repository-sets.js';
import type { DetectionSet, FlawOptions } from './types.js';
import { readVoc } from './voc.js';

/** `voc` and `coco` are folders of the user's own, in these layouts. */
export type DetectionName = PublicDetectionName | 'voc' | 'coco';

/** The sets that can be fetched. */
export type PublicDetectionName = PublishedDetectionName | RepositorySetName;

const published = Object.keys(detectionCatalogue) as readonly PublishedDetectionName[];
const small: readonly RepositorySet[] = Object.values(repositorySets);

/** The names that `openDetection` knows. */
export const detectionNames: readonly DetectionName[] = [
  ...published,
  ...small.map(({ name }) => name),
  'voc',
  'coco',
];

export interface OpenDetectionOptions extends DirectoryOption, FlawOptions {
  /** Which pictures: VOC's train, val, trainval, test or another list; COCO's train2017, val2017. */
  readonly list: string;
  /** Of `voc`: the classes in their order; default all that are there, sorted. */
  readonly classes?: readonly string[];
}

/** One set for `surge-bnn data list`. */
export interface DetectionDescription {
  readonly name: PublicDetectionName;
  readonly title: string;
  /** Pictures by list. */
  readonly lists: Readonly<Record<string, number>>;
  readonly classes: number;
  /** Bytes to download; 0: GitHub does not tell. */
  readonly bytes: number;
  readonly how: string;
  readonly licence: string;
  readonly origin: string;
  readonly where: string;
  readonly present: boolean;
  /** Archives that were not unpacked. */
  readonly missing: readonly string[];
}

/**
 * Opens a list of a set, one of `detectionNames`.
 *
 * `voc`: `directory` is a folder or tar archive in VOC's layout. `coco`: `directory` has `annotations/instances_<list>.json` and a
 * folder `<list>` of pictures. The published ones lie in the folder `voc` or `coco` of the data directory; `bccd`, `raccoon` and
 * `indoor` in its folder `detection`, as a folder or tar archive of that name.
 *
 * @throws InputError for an unknown name or list, a set that is not there (with the command that gets it), and as
 * `readVoc` and `readCoco`.
 */
export async function openDetection(
  name: string,
  options: OpenDetectionOptions,
): Promise<DetectionSet> {
  const known = checkName(name);
  const { list, strict, directory, classes } = options;
  if (known === 'voc' || known === 'coco') {
    if (directory === undefined) {
      throw new InputError(
        `the set "${known}" needs a directory: a folder in the layout of its name`,
      );
    }
    const where = path.resolve(directory);
    if (known === 'voc') return readVoc(where, { list, classes, strict });
    if (classes !== undefined)
      throw new InputError('the set "coco" takes no classes: it names its own');
    return readCocoFolder(where, list, { strict });
  }
  if (classes !== undefined) {
    throw new InputError(`the set "${known}" takes no classes: it has its own; leave them out`);
  }
  const { lists } = isSmall(known) ? repositorySets[known] : detectionCatalogue[known];
  if (!Object.hasOwn(lists, list))
    throw unknownName(`list of "${known}"`, list, Object.keys(lists));
  if (isSmall(known)) return openRepositorySet(repositorySets[known], { list, strict, directory });
  const { title, folder, origin, classes: own } = detectionCatalogue[known];
  const where = folderOf(folder, { directory });
  const facts = { name: known, title, origin, strict };
  if (typeof own === 'number') {
    checkThere(known, title, path.join(where, list));
    return readCocoFolder(where, list, facts);
  }
  const years = known === 'voc0712' && list === 'trainval' ? ['2007', '2012'] : [yearOf(known)];
  const parts: DetectionSet[] = [];
  for (const year of years) {
    checkThere(known, title, path.join(where, 'VOCdevkit', `VOC${year}`));
    parts.push(await readVoc(where, { ...facts, list, classes: own, year }));
  }
  return parts.length === 1 ? parts[0] : concatDetection(parts);
}

/**
 * Downloads what is missing of a published set, verifies and unpacks it.
 *
 * @throws InputError when it cannot (no network, no mirror has the file, wrong checksum, full disk, stopped by the signal), and
 * for a set that is the user's own.
 */
export async function fetchDetection(
  name: DetectionName,
  options: FetchOptions = {},
): Promise<FetchResult> {
  const known = checkName(name);
  if (known === 'voc' || known === 'coco') {
    throw new InputError(`data set "${known}" is not downloaded: it is a folder of your own`);
  }
  if (isSmall(known)) return fetchRepositorySet(repositorySets[known], options);
  return fetchDetectionEntry(detectionCatalogue[known], options);
}

/**
 * The published sets with sizes, licence, place, and whether they are there: by the marks of their archives only, the small ones by
 * the names of folder or archive.
 */
export function describeDetection(options: DirectoryOption = {}): DetectionDescription[] {
  return [...describePublished(options), ...small.map((set) => describeSmall(set, options))];
}

function describePublished(options: DirectoryOption): DetectionDescription[] {
  return published.map((name) => {
    const { title, folder, archives, lists, classes, licence, origin } = detectionCatalogue[name];
    const where = folderOf(folder, options);
    const missing = archives
      .map((archive) => archive.name)
      .filter((archive) => !existsSync(path.join(where, `${archive}.unpacked`)));
    return {
      name,
      title,
      lists,
      classes: typeof classes === 'number' ? classes : classes.length,
      bytes: archives.reduce((sum, archive) => sum + archive.bytes, 0),
      how: `surge-bnn data fetch ${name}`,
      licence,
      origin,
      where,
      present: missing.length === 0,
      missing,
    };
  });
}

function describeSmall(set: RepositorySet, options: DirectoryOption): DetectionDescription {
  const { name, title, archive, lists, classes, licence, origin } = set;
  const { folder, tar } = placesOf(set, options);
  const where = !existsSync(folder) && existsSync(tar) ? tar : folder;
  const present = existsSync(where);
  return {
    name,
    title,
    lists,
    classes: classes.length,
    bytes: 0,
    how: `surge-bnn data fetch ${name}`,
    licence,
    origin,
    where,
    present,
    missing: present ? [] : [archive.name],
  };
}

function isSmall(name: DetectionName): name is RepositorySetName {
  return Object.hasOwn(repositorySets, name);
}

function readCocoFolder(
  where: string,
  list: string,
  facts: {
    readonly name?: string;
    readonly title?: string;
    readonly origin?: string;
  } & FlawOptions,
): Promise<DetectionSet> {
  const annotations = path.join(where, 'annotations', `instances_${list}.json`);
  return readCoco({ ...facts, annotations, pictures: path.join(where, list), list });
}

function yearOf(name: PublishedDetectionName): string {
  return name === 'voc2012' ? '2012' : '2007';
}

function checkThere(name: PublishedDetectionName, title: string, where: string): void {
  if (existsSync(where)) return;
  throw new InputError(`${title} is not there: no ${where}; run: surge-bnn data fetch ${name}`);
}

/** Names come from recipes and command lines, whatever the types say. */
function checkName(name: string): DetectionName {
  const known = detectionNames.find((candidate) => candidate === name);
  if (known === undefined) throw unknownName('set of annotated pictures', name, detectionNames);
  return known;
}
