/**
 * Fetches a GLUE task: its published files with their checksums compared, archives unpacked beside each other into `glue/<task>/`. The mark of an
 * archive is written last and holds its checksum: it tells one that was unpacked whole, and the archive may be removed then.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { InputError } from '@surge-bnn/contract';
import { errorCode, hashOfFile } from '../checked-file.js';
import { folderOf } from '../directory.js';
import { download, prepareFolder, type Patience } from '../download.js';
import type { DirectoryOption, FetchOptions, FetchResult } from '../types.js';
import { writeWhole } from '../write-file.js';
import { readZip, zipContent } from '../zip.js';
import type { TextFile } from './catalogue.js';

/** The folder of all tasks. */
export function glueFolder(options: DirectoryOption): string {
  return folderOf('glue', options);
}

/** Brings the files of one task (the tests bring their own files). */
export async function fetchTextFiles(
  task: { readonly folder: string; readonly files: readonly TextFile[] },
  options: FetchOptions,
  patience?: Patience,
): Promise<FetchResult> {
  const where = path.join(glueFolder(options), task.folder);
  await prepareFolder(where);
  const downloaded: string[] = [];
  const kept: string[] = [];
  for (const file of task.files) {
    const { name } = file;
    const isDone = isUnpacked(where, file);
    const isKept = await fetchFile(file, where, options, { isDone, patience });
    (isKept ? kept : downloaded).push(name);
    if (name.endsWith('.zip') && !isDone) await unpack(file, task.folder, where);
  }
  return { where, downloaded, kept };
}

/** Brings one file, unless it is there and right, or `isDone` with. Returns whether it was. */
export async function fetchFile(
  { name, address, bytes, sha256, mirrors }: TextFile,
  where: string,
  options: FetchOptions,
  { isDone = false, patience }: { readonly isDone?: boolean; readonly patience?: Patience } = {},
): Promise<boolean> {
  const problem = (file: string) => problemOf(file, sha256);
  if (isDone || (await problem(path.join(where, name))) === undefined) {
    options.onProgress?.({ file: name, state: 'present', received: bytes, total: bytes });
    return true;
  }
  const file = { name, address, bytes, resumable: true, problem };
  await download(file, mirrors, where, options, patience);
  return false;
}

/** Was this archive unpacked here to its end, and is all that came out of it still there? */
export function isUnpacked(where: string, { name, sha256 }: TextFile): boolean {
  let mark: string;
  try {
    mark = readFileSync(markOf(where, name), 'utf8');
  } catch {
    return false;
  }
  const [sum, ...files] = mark.trimEnd().split('\n');
  return sum === sha256 && files.every((file) => existsSync(path.join(where, file)));
}

/** The checksum of the archive, then the names of the files, a line each. */
function markOf(where: string, name: string): string {
  return path.join(where, `${name}.unpacked`);
}

/** The task's own TSV files: not those of its origins, which lie in a folder deeper, nor what macOS left in the archives. */
async function unpack({ name, sha256 }: TextFile, folder: string, where: string): Promise<void> {
  const archive = path.join(where, name);
  const unpacked: string[] = [];
  for (const entry of await readZip(archive)) {
    const [top, file, ...deeper] = entry.name.split('/');
    if (top !== folder || deeper.length > 0 || !/^[^.].*\.(tsv|txt)$/.test(file ?? '')) continue;
    const content = await buffer(await zipContent(archive, entry));
    await writeWhole(path.join(where, path.basename(file)), [content]);
    unpacked.push(path.basename(file));
  }
  if (unpacked.length === 0) throw new InputError(`${archive} holds no ${folder}/*.tsv`);
  await writeWhole(markOf(where, name), [Buffer.from([sha256, ...unpacked, ''].join('\n'))]);
}

/** What is wrong with a file whose SHA-256 should be this, or undefined. */
export async function problemOf(file: string, sum: string): Promise<string | undefined> {
  try {
    const actual = await hashOfFile(file, 'sha256');
    return actual === sum ? undefined : `wrong checksum: SHA-256 ${actual}, published ${sum}`;
  } catch (error) {
    return `it cannot be read (${errorCode(error)})`;
  }
}
