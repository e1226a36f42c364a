/**
 * Finds the files in a folder, or the entries of a tar archive. Links are followed.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { errorCode } from '../checked-file.js';
import { OpenFile, readTar } from '../tar.js';
import type { Found } from './layout.js';
import type { FoundPicture } from './list.js';

/**
 * Everything under `where`, a folder or a tar archive.
 *
 * @throws InputError when it is neither, is missing or cannot be read.
 */
export async function findPictures(where: string): Promise<Found & { readonly packed: boolean }> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(where)).isDirectory();
  } catch (error) {
    throw unreadable(where, error);
  }
  return isFolder
    ? { ...(await walk(where)), packed: false }
    : { ...(await list(where)), packed: true };
}

/** What a folder or archive is known by in the cache: it changes when anything in it does. */
export function stampOf(pictures: readonly FoundPicture[]): string {
  return pictures.map(({ name, size, changed = 0 }) => `${name}\0${size}\0${changed}`).join('\n');
}

async function list(archive: string): Promise<Found> {
  const source = await OpenFile.open(archive);
  try {
    const { mtimeMs } = await stat(archive);
    const files: FoundPicture[] = [];
    for await (const entry of readTar(source, archive)) files.push({ ...entry, changed: mtimeMs });
    return { where: archive, files: withoutWrapper(files), folders: [] };
  } finally {
    await source.close();
  }
}

/** Archives are often made of one folder that holds the halves: its name says nothing. */
function withoutWrapper(files: readonly FoundPicture[]): readonly FoundPicture[] {
  const [first] = files;
  const wrapper = first?.name.split('/')[0];
  if (first === undefined || ['train', 'test', 'val'].includes(wrapper)) return files;
  const prefix = `${wrapper}/`;
  if (!files.every(({ name }) => name.startsWith(prefix))) return files;
  return files.map((file) => ({ ...file, name: file.name.slice(prefix.length) }));
}

async function walk(root: string): Promise<Found> {
  const files: FoundPicture[] = [];
  const folders: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    const names = await readdir(path.join(root, folder));
    await inTurns(names.sort(), async (name) => {
      if (name.startsWith('.')) return;
      const inside = folder === '' ? name : `${folder}/${name}`;
      const facts = await stat(path.join(root, inside));
      if (facts.isDirectory()) {
        folders.push(inside);
        await visit(inside);
      } else if (facts.isFile()) {
        files.push({ name: inside, size: facts.size, changed: facts.mtimeMs });
      }
    });
  };
  try {
    await visit('');
  } catch (error) {
    throw unreadable(root, error);
  }
  return { where: root, files, folders };
}

/** So many at a time: enough to keep a disk busy, few enough for the limit on open files. */
const AT_ONCE = 32;

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) {
    await Promise.all(items.slice(at, at + AT_ONCE).map(work));
  }
}

function unreadable(where: string, error: unknown): unknown {
  if (error instanceof InputError) return error;
  const code = errorCode(error);
  const at = error instanceof Error && 'path' in error ? String(error.path) : where;
  const reason = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
  return new InputError(`${at} ${reason}; give a folder of pictures, or a tar archive of them`, {
    cause: error,
  });
}
