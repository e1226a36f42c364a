/**
 * Fetches a small set from its repository: the archive of one commit, of which the set's files are made, compared with what is published, and
 * put into their folder all at once. A stopped download is gone on with.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { errorCode, LargeFileError, readUnpacked } from '../checked-file.js';
import { download, prepareFolder, type Patience } from '../download.js';
import { verifyArchive } from '../pictures/verified-archive.js';
import { memorySource, readTar } from '../tar.js';
import { diskError } from '../transfer.js';
import type { FetchOptions, FetchResult } from '../types.js';
import { partOf } from '../write-file.js';
import { contentProblem } from './repository-content.js';
import type { NamedFiles } from './repository-layout.js';
import { checkSetFolder, placesOf } from './repository-open.js';
import type { RepositorySet } from './repository-sets.js';

/**
 * `fetchDetection` for one of the small sets (the tests bring their own).
 *
 * @throws InputError as `fetchDetection`, and where the set's folder holds something else.
 */
export async function fetchRepositorySet(
  set: RepositorySet,
  options: FetchOptions,
  patience?: Patience,
): Promise<FetchResult> {
  const { folder, tar } = placesOf(set, options);
  const report = (file: string) =>
    options.onProgress?.({ file, state: 'present', received: 0, total: 0 });
  const there = await presentFile(set, folder, tar);
  if (there !== undefined) {
    report(path.basename(there));
    const where = there === folder ? folder : path.dirname(tar);
    return { where, downloaded: [], kept: [path.basename(there)] };
  }
  const around = path.dirname(folder);
  await prepareFolder(around);
  const { name, address, mirrors, mostBytes } = set.archive;
  let files: NamedFiles = new Map();
  const problem = async (file: string) => {
    try {
      files = await readRepository(file, set);
      return undefined;
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
  };
  const archive = path.join(around, name);
  const isThere = existsSync(archive) && (await problem(archive)) === undefined;
  if (isThere) report(name);
  else {
    const remote = { name, address, bytes: 0, mostBytes, resumable: true, problem };
    await download(remote, mirrors, around, options, patience);
  }
  await putFolder(files, set, folder, options.signal);
  return { where: folder, downloaded: isThere ? [] : [name], kept: isThere ? [name] : [] };
}

/** The set's folder or archive where it is there already. An archive of another content does not count: a folder goes before it. */
async function presentFile(
  set: RepositorySet,
  folder: string,
  tar: string,
): Promise<string | undefined> {
  if (await checkSetFolder(set, folder)) return folder;
  if (!existsSync(tar)) return undefined;
  try {
    await verifyArchive(tar, set.tarSha256, set.title);
    return tar;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The set's files out of the repository's archive, and its licence. @throws InputError for any other content, with the reason. */
async function readRepository(file: string, set: RepositorySet): Promise<NamedFiles> {
  const { name: archive, mostBytes } = set.archive;
  const { content } = await readUnpacked(file, '', mostBytes).catch((cause: unknown) => {
    // Its message would name the part file.
    const what =
      cause instanceof LargeFileError
        ? `unpacks to more than ${mostBytes} bytes, which ${set.title} does not`
        : 'is no whole gzip file';
    throw new InputError(`${archive} ${what}`, { cause });
  });
  const repository = new Map<string, Uint8Array>();
  for await (const { name, offset, size } of readTar(memorySource(content), archive)) {
    // GitHub packs everything into one folder, which is called after the commit.
    repository.set(name.slice(name.indexOf('/') + 1), content.subarray(offset, offset + size));
  }
  const files = set.layout(repository);
  const problem = contentProblem(files, set);
  if (problem !== undefined) {
    throw new InputError(`the archive does not hold ${set.title}: ${problem}`);
  }
  // What its terms ask for; no part of the content.
  const licence = [...repository].filter(([name]) => /^LICENSE(\.\w+)?$/.test(name));
  return new Map([...files, ...licence]);
}

/** Writes the folder under another name and renames it: it is whole or not there. */
async function putFolder(
  files: NamedFiles,
  set: RepositorySet,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const part = partOf(folder);
  try {
    for (const [name, bytes] of files) {
      if (signal?.aborted === true) {
        throw new InputError(`unpacking into ${folder} was stopped before its end`);
      }
      const target = path.join(part, ...name.split('/'));
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(target, bytes);
    }
    await rename(part, folder).catch(async (error: unknown) => {
      const isTaken = ['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(errorCode(error));
      // Another process may have been faster.
      if (!isTaken || !(await checkSetFolder(set, folder))) throw error;
    });
  } catch (error) {
    throw diskError(error, folder) ?? error;
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}
