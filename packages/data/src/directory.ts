/**
 * Where data sets live on this computer.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { CatalogueFile } from './catalogue.js';
import type { DirectoryOption } from './types.js';

/**
 * The folder that holds a folder per data set: the option, else the environment variable
 * SURGE_BNN_DATA, else the user's cache folder. An absolute path; it need not exist.
 */
export function dataDirectory({ directory }: DirectoryOption = {}): string {
  const chosen = directory ?? process.env.SURGE_BNN_DATA;
  // An empty variable means unset, as shells have it.
  if (chosen !== undefined && chosen !== '') return path.resolve(chosen);
  return path.join(userCache(), 'surge-bnn');
}

/**
 * The folder of one set's files: `<data directory>/<name>`. A directory that bears the name of the set
 * already is taken as it is, so that pointing at the files themselves works too.
 */
export function folderOf(name: string, options: DirectoryOption): string {
  const directory = dataDirectory(options);
  return path.basename(directory) === name ? directory : path.join(directory, name);
}

/** The file in `folder`, packed or plain (packed first), or undefined when there is none. */
export function findFile(folder: string, file: CatalogueFile): string | undefined {
  return [`${file.name}.gz`, file.name]
    .map((name) => path.join(folder, name))
    .find((candidate) => existsSync(candidate));
}

/** The folder in which programs of this user keep what can be made again. */
export function userCache(): string {
  switch (process.platform) {
    case 'win32':
      return process.env.LOCALAPPDATA ?? path.join(homedir(), 'AppData', 'Local');
    case 'darwin':
      return path.join(homedir(), 'Library', 'Caches');
    default:
      return process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  }
}
