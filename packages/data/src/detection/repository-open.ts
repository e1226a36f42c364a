/**
 * The small sets where they lie: in the data directory an unpacked folder `detection/<name>` in VOC's layout, or the archive `detection/<name>.tar`.
 * Both are compared with what is published each time they are opened, so that a number of the set is one of the set.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { dataDirectory, folderOf } from '../directory.js';
import { verifyArchive } from '../pictures/verified-archive.js';
import type { DirectoryOption } from '../types.js';
import { contentProblem, readSetFolder } from './repository-content.js';
import type { RepositorySet } from './repository-sets.js';
import type { DetectionSet, FlawOptions } from './types.js';
import { readVoc } from './voc.js';

/** Where a set may lie. The folder is taken where both are there: it is what a fetch leaves. */
export interface RepositoryPlaces {
  readonly folder: string;
  readonly tar: string;
}

/** A directory that bears the name of the set is the set's folder itself. */
export function placesOf(
  { name }: Pick<RepositorySet, 'name'>,
  options: DirectoryOption,
): RepositoryPlaces {
  const directory = dataDirectory(options);
  const isItself = path.basename(directory) === name;
  const folder = isItself ? directory : path.join(folderOf('detection', options), name);
  return { folder, tar: `${folder}.tar` };
}

/**
 * Opens a list of the set.
 *
 * @throws InputError where the set is not there (with the command that gets it), where what lies there is another, and as
 * `readVoc`.
 */
export async function openRepositorySet(
  set: RepositorySet,
  { list, strict, ...options }: { readonly list: string } & DirectoryOption & FlawOptions,
): Promise<DetectionSet> {
  const { name, title, origin, classes } = set;
  const where = await findRepositorySet(set, options);
  return readVoc(where, { list, strict, name, title, origin, classes });
}

/** Its folder or archive, verified. @throws InputError as `openRepositorySet`. */
async function findRepositorySet(set: RepositorySet, options: DirectoryOption): Promise<string> {
  const { folder, tar } = placesOf(set, options);
  if (await checkSetFolder(set, folder)) return folder;
  if (existsSync(tar)) {
    await verifyArchive(tar, set.tarSha256, set.title);
    return tar;
  }
  throw new InputError(
    `${set.title} is not there: neither the folder ${folder} nor ${tar}; run: surge-bnn data fetch ${set.name}`,
  );
}

/**
 * Is the set in this folder? An empty folder, or none, is not.
 *
 * @throws InputError when something else is in it: a set that was changed is the user's own.
 */
export async function checkSetFolder(set: RepositorySet, folder: string): Promise<boolean> {
  if (!existsSync(folder)) return false;
  const files = await readSetFolder(folder);
  if (files.size === 0) return false;
  const problem = contentProblem(files, set);
  if (problem === undefined) return true;
  throw new InputError(
    `${folder} is not ${set.title}: ${problem}; move it away and run: surge-bnn data fetch ${set.name}, ` +
      'or name it as a set of your own: "voc" with its directory',
  );
}
