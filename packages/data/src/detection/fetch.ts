/**
 * Fetches a public set of annotated pictures: each archive with its checksum compared, a stopped download gone on with, and what detection needs
 * unpacked beside it. A mark written last tells an archive that was unpacked whole; archives may be removed then.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InputError } from '@surge-bnn/contract';
import { errorCode, hashOfFile } from '../checked-file.js';
import { folderOf } from '../directory.js';
import { download, prepareFolder, type Patience } from '../download.js';
import { OpenFile, readTar } from '../tar.js';
import { diskError } from '../transfer.js';
import type { FetchOptions, FetchResult } from '../types.js';
import { writeWhole } from '../write-file.js';
import { readZip, zipContent } from '../zip.js';
import type { DetectionArchive, DetectionEntry } from './catalogue.js';

/** `fetchDetection` for one entry of the catalogue (the tests bring their own). */
export async function fetchDetectionEntry(
  entry: Pick<DetectionEntry, 'folder' | 'archives'>,
  options: FetchOptions,
  patience?: Patience,
): Promise<FetchResult> {
  const where = folderOf(entry.folder, options);
  await prepareFolder(where);
  const downloaded: string[] = [];
  const kept: string[] = [];
  for (const archive of entry.archives) {
    const { name, bytes, md5, mirrors } = archive;
    const file = path.join(where, name);
    if (await isUnpacked(where, archive)) {
      options.onProgress?.({ file: name, state: 'present', received: bytes, total: bytes });
      kept.push(name);
      continue;
    }
    const problem = (at: string) => problemOf(at, md5);
    if ((await problem(file)) === undefined) {
      options.onProgress?.({ file: name, state: 'present', received: bytes, total: bytes });
      kept.push(name);
    } else {
      await download({ name, bytes, resumable: true, problem }, mirrors, where, options, patience);
      downloaded.push(name);
    }
    await unpack(archive, where, options.signal);
  }
  return { where, downloaded, kept };
}

/** Was this archive unpacked here to its end? */
export async function isUnpacked(where: string, { name, md5 }: DetectionArchive): Promise<boolean> {
  const mark = await readFile(markOf(where, name), 'utf8').catch(() => '');
  return mark.startsWith(`${md5} `);
}

/** The file that says so: the checksum of the archive and how many files came out of it. */
function markOf(where: string, name: string): string {
  return path.join(where, `${name}.unpacked`);
}

async function unpack(
  archive: DetectionArchive,
  where: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = path.join(where, archive.name);
  const folders = new Set<string>();
  let count = 0;
  const put = async (name: string, content: () => Promise<Readable | Uint8Array>) => {
    if (!archive.wanted.test(name)) return;
    if (signal?.aborted === true)
      throw new InputError(`unpacking ${file} was stopped before its end`);
    const target = path.join(where, ...name.split('/'));
    if (!target.startsWith(where + path.sep)) {
      throw new InputError(`${file} holds ${name}, which lies outside of its folder`);
    }
    try {
      if (!folders.has(path.dirname(target)))
        await mkdir(path.dirname(target), { recursive: true });
      folders.add(path.dirname(target));
      const bytes = await content();
      if (bytes instanceof Readable) await pipeline(bytes, createWriteStream(target));
      else await writeFile(target, bytes);
    } catch (error) {
      throw diskError(error, target) ?? error;
    }
    count++;
  };
  if (archive.name.endsWith('.zip')) {
    for (const entry of await readZip(file)) await put(entry.name, () => zipContent(file, entry));
  } else {
    const source = await OpenFile.open(file);
    try {
      for await (const { name, offset, size } of readTar(source, file)) {
        await put(name, () => source.read(offset, size));
      }
    } finally {
      await source.close();
    }
  }
  if (count === 0) throw new InputError(`${file} holds nothing that belongs to the set`);
  await writeWhole(markOf(where, archive.name), [
    Buffer.from(`${archive.md5} ${count} files of ${archive.name}\n`),
  ]);
}

async function problemOf(file: string, sum: string): Promise<string | undefined> {
  try {
    const actual = await hashOfFile(file, 'md5');
    return actual === sum ? undefined : `wrong checksum: MD5 ${actual}, published ${sum}`;
  } catch (error) {
    return `it cannot be read (${errorCode(error)})`;
  }
}
