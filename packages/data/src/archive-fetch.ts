/**
 * Fetches a set that is published as one archive: downloads it (a stopped download goes on where it was),
 * compares its checksum, unpacks its files beside it, and leaves a list of their checksums with them, so that
 * a file damaged later is told from a right one.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { recordBytes, type ArchiveEntry, type ArchiveFile } from './archives.js';
import { errorCode, hashOfFile, md5, readUnpacked } from './checked-file.js';
import { folderOf } from './directory.js';
import { download, prepareFolder, type Patience, type RemoteFile } from './download.js';
import { memorySource, readTar } from './tar.js';
import type { FetchOptions, FetchResult } from './types.js';
import { writeWhole } from './write-file.js';

/** The list of checksums, in the folder of the unpacked files: md5sum's format. */
export const CHECKSUMS = 'checksums.md5';

/** `fetchDataset` for one archive (the tests bring their own). */
export async function fetchArchive(
  entry: ArchiveEntry,
  options: FetchOptions,
  patience?: Patience,
): Promise<FetchResult> {
  const where = folderOf(entry.folder, options);
  await prepareFolder(where);
  const files = filesOfArchive(entry);
  if (await areUnpacked(path.join(where, entry.inside), files)) {
    return { where, downloaded: [], kept: files.map((file) => file.name) };
  }
  const { name, bytes } = entry.archive;
  const archive = path.join(where, name);
  const remote: RemoteFile = {
    name,
    bytes,
    resumable: true,
    problem: (file) => problemOf(file, entry.archive.md5),
  };
  const isThere = (await problemOf(archive, entry.archive.md5)) === undefined;
  if (isThere)
    options.onProgress?.({ file: name, state: 'present', received: bytes, total: bytes });
  else await download(remote, entry.mirrors, where, options, patience);
  await unpack(entry, archive);
  return { where, downloaded: isThere ? [] : [name], kept: isThere ? [name] : [] };
}

/** All record files of an archive. */
export function filesOfArchive({ splits }: ArchiveEntry): readonly ArchiveFile[] {
  return [...splits.train, ...splits.test];
}

/** The list of checksums in `folder` by file name; undefined when there is none. */
export async function readChecksums(folder: string): Promise<Map<string, string> | undefined> {
  const text = await readFile(path.join(folder, CHECKSUMS), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n').map((line) => /^([0-9a-f]{32}) [ *](.+)$/.exec(line));
  return new Map(lines.flatMap((line) => (line === null ? [] : [[line[2], line[1]]])));
}

/** Are all files there, with the checksums of the list? */
async function areUnpacked(folder: string, files: readonly ArchiveFile[]): Promise<boolean> {
  const sums = await readChecksums(folder);
  if (sums === undefined) return false;
  for (const { name } of files) {
    const sum = sums.get(name);
    if (sum === undefined || (await problemOf(path.join(folder, name), sum)) !== undefined) {
      return false;
    }
  }
  return true;
}

/** Unpacks an archive whose checksum was right; the list of checksums comes last. */
async function unpack(entry: ArchiveEntry, archive: string): Promise<void> {
  const { content } = await readUnpacked(archive, 'remove it and fetch it again');
  const source = memorySource(content);
  const folder = path.join(path.dirname(archive), entry.inside);
  const wanted = new Map(filesOfArchive(entry).map((file) => [file.name, file]));
  const sums: string[] = [];
  for await (const { name, offset, size } of readTar(source, archive)) {
    const file = wanted.get(path.posix.basename(name));
    if (file === undefined) continue;
    if (size !== file.count * recordBytes(entry)) {
      throw new InputError(
        `${archive} holds ${name} with ${size} bytes, which is not ${entry.title}`,
      );
    }
    const bytes = content.subarray(offset, offset + size);
    await writeWhole(path.join(folder, file.name), [bytes]);
    sums.push(`${md5(bytes)}  ${file.name}\n`);
    wanted.delete(file.name);
  }
  const [missing] = wanted.keys();
  if (missing !== undefined) throw new InputError(`${archive} holds no ${missing}`);
  await writeWhole(path.join(folder, CHECKSUMS), [Buffer.from(sums.join(''))]);
}

async function problemOf(file: string, sum: string): Promise<string | undefined> {
  try {
    const actual = await hashOfFile(file, 'md5');
    return actual === sum ? undefined : `wrong checksum: MD5 ${actual}, published ${sum}`;
  } catch (error) {
    return `it cannot be read (${errorCode(error)})`;
  }
}
