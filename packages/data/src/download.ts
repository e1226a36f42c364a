/**
 * Downloads a published set. A file gets its name only after its checksum was right, by one atomic
 * rename from a part file that belongs to this process alone: an interrupted or doubled download can
 * leave a whole file or none, never a broken one.
 */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InputError } from '@surge-bnn/contract';
import { filesOf, type CatalogueEntry, type CatalogueFile } from './catalogue.js';
import { errorCode, isPublished, md5, readUnpacked } from './checked-file.js';
import { findFile, folderOf } from './directory.js';
import { makeFolder } from './make-folder.js';
import { diskError, transfer, TransferError } from './transfer.js';
import type { FetchOptions, FetchResult } from './types.js';
import { partOf, removeStaleParts } from './write-file.js';

/** How patient a download is; the tests are less so. */
export interface Patience {
  /** Attempts per address. */
  readonly attempts: number;
  /** Pause before the second attempt, milliseconds; doubles each time. */
  readonly pause: number;
  /** Silence after which an attempt is given up, milliseconds. */
  readonly stallAfter: number;
}

const PATIENCE: Patience = { attempts: 4, pause: 500, stallAfter: 30_000 };

/** One file to bring: its name in the folder, and how to know it. */
export interface RemoteFile {
  readonly name: string;
  /** Its name at the mirrors, where that is another one. */
  readonly address?: string;
  /** Size as published, 0 where it is not; for progress only. */
  readonly bytes: number;
  /** Where no size is published: what is longer is not it, and is not fetched to its end. */
  readonly mostBytes?: number;
  /** What is wrong with the file at this path, or undefined. */
  problem(file: string): Promise<string | undefined>;
  /** Keep what a stopped download has got, for the next one to go on from: for large files. */
  readonly resumable?: boolean;
}

/** `fetchDataset` for one entry of the catalogue (the tests bring their own). */
export async function fetchEntry(
  entry: CatalogueEntry,
  options: FetchOptions,
  patience: Patience = PATIENCE,
): Promise<FetchResult> {
  const where = folderOf(entry.name, options);
  await prepareFolder(where);
  const downloaded: string[] = [];
  const kept: string[] = [];
  for (const file of filesOf(entry)) {
    const packed = `${file.name}.gz`;
    const found = findFile(where, file);
    if (found !== undefined && (await hasRightSum(found, file))) {
      const { size } = await stat(found);
      options.onProgress?.({ file: packed, state: 'present', received: size, total: size });
      kept.push(path.basename(found));
      continue;
    }
    const remote = {
      name: packed,
      bytes: file.bytes,
      problem: (at: string) => problemOf(at, file),
    };
    await download(remote, entry.mirrors, where, options, patience);
    downloaded.push(packed);
  }
  return { where, downloaded, kept };
}

/** Makes the folder of a set, and clears it of what killed processes left. */
export async function prepareFolder(where: string): Promise<void> {
  try {
    await makeFolder(where);
    await removeStaleParts(where);
  } catch (error) {
    throw diskError(error, where) ?? error;
  }
}

/**
 * Brings one file into `folder`, from `options.baseUrl` or the first mirror that has it.
 *
 * @throws InputError when no address has the right file, the disk refuses, or the signal stops it.
 */
export async function download(
  file: RemoteFile,
  mirrors: readonly string[],
  folder: string,
  options: FetchOptions,
  patience: Patience = PATIENCE,
): Promise<void> {
  const { name, address = name } = file;
  const urls =
    options.baseUrl === undefined
      ? mirrors.map((base) => addressOf(base, address))
      : [addressOf(options.baseUrl, name)];
  await new FileDownload(file, urls, folder, options, patience).run();
}

class FileDownload {
  private readonly part: string;
  private received = 0;
  private total: number;

  constructor(
    private readonly file: RemoteFile,
    private readonly urls: readonly string[],
    private readonly folder: string,
    private readonly options: FetchOptions,
    private readonly patience: Patience,
  ) {
    // A name of our own: two processes never write into one part file.
    this.part = partOf(path.join(folder, file.name));
    this.total = file.bytes;
  }

  async run(): Promise<void> {
    const failures: string[] = [];
    inTheMaking.add(path.basename(this.part));
    try {
      if (this.file.resumable === true) await adoptPart(this.part, this.file.name);
      for (const [i, url] of this.urls.entries()) {
        // Another mirror starts afresh.
        if (i > 0) await rm(this.part, { force: true });
        const failure = await this.from(url);
        if (failure === undefined) {
          this.report('done');
          return;
        }
        failures.push(`${url}: ${failure}`);
      }
    } finally {
      if (this.file.resumable !== true) await rm(this.part, { force: true });
      inTheMaking.delete(path.basename(this.part));
    }
    throw new InputError(
      `${this.file.name} could not be downloaded (${failures.join('; ')}); ` +
        `check the network, or put the file into ${this.folder} yourself`,
    );
  }

  /** Tries one address until it is hopeless; returns why, or undefined on success. */
  private async from(url: string): Promise<string | undefined> {
    const { attempts, pause, stallAfter } = this.patience;
    for (let attempt = 1; ; attempt++) {
      try {
        const { continued } = await transfer({
          url,
          part: this.part,
          signal: this.options.signal,
          stallAfter,
          mostBytes: this.file.mostBytes,
          onBytes: (received, total) => {
            this.received = received;
            this.total = total || this.file.bytes;
            this.report('downloading');
          },
        });
        await this.keepIfRight(continued);
        return undefined;
      } catch (error) {
        if (!(error instanceof TransferError)) throw error;
        if (!error.again || attempt >= attempts) return error.message;
        this.report('retrying', error.message);
        await this.wait(pause * 2 ** (attempt - 1));
      }
    }
  }

  /** The last step: only a file with the published checksum gets its name. */
  private async keepIfRight(continued: boolean): Promise<void> {
    const problem = await this.file.problem(this.part);
    if (problem !== undefined) {
      await rm(this.part, { force: true });
      // A file pieced together may be wrong where its pieces meet: worth one whole download.
      throw new TransferError(problem, continued);
    }
    try {
      await rename(this.part, path.join(this.folder, this.file.name));
    } catch (error) {
      throw diskError(error, path.join(this.folder, this.file.name)) ?? error;
    }
  }

  private async wait(milliseconds: number): Promise<void> {
    try {
      await sleep(milliseconds, undefined, { signal: this.options.signal });
    } catch (cause) {
      throw new InputError(`the download of ${this.file.name} was stopped before its end`, {
        cause,
      });
    }
  }

  private report(state: 'downloading' | 'retrying' | 'done', reason?: string): void {
    this.options.onProgress?.({
      file: this.file.name,
      state,
      received: this.received,
      total: this.total,
      ...(reason === undefined ? {} : { reason }),
    });
  }
}

/** What is wrong with a downloaded file, or undefined. */
async function problemOf(part: string, file: CatalogueFile): Promise<string | undefined> {
  try {
    const { raw, content } = await readUnpacked(part, '');
    if (isPublished(raw, content, file)) return undefined;
    return `wrong checksum: MD5 ${md5(raw)}, published ${file.packedMd5}`;
  } catch (error) {
    // Neither gzip nor anything: an error page, say.
    if (error instanceof InputError) return 'wrong checksum: it is no whole gzip file';
    throw error;
  }
}

async function hasRightSum(found: string, file: CatalogueFile): Promise<boolean> {
  return (await problemOf(found, file)) === undefined;
}

function addressOf(base: string, name: string): string {
  try {
    return new URL(name, base.endsWith('/') ? base : `${base}/`).href;
  } catch (cause) {
    throw new InputError(
      `"${base}" is not an address to download from; give one such as https://example.org/mnist/`,
      { cause },
    );
  }
}

/** Names of the part files that downloads of this process are writing now. */
const inTheMaking = new Set<string>();

/**
 * Takes over what a stopped download of the same file left, if there is such: the largest part whose process
 * is gone. Renaming is atomic: of two processes one gets it, the other finds it gone and begins anew.
 */
async function adoptPart(part: string, name: string): Promise<void> {
  const folder = path.dirname(part);
  const left: { readonly file: string; readonly size: number }[] = [];
  for (const candidate of await readdir(folder)) {
    if (!candidate.startsWith(`.${name}.`) || !candidate.endsWith('.part')) continue;
    const owner = Number(/\.(\d+)-[0-9a-f]+\.part$/.exec(candidate)?.[1]);
    if (inTheMaking.has(candidate) || (owner !== process.pid && isAlive(owner))) continue;
    const file = path.join(folder, candidate);
    const size = (await stat(file).catch(() => undefined))?.size ?? 0;
    left.push({ file, size });
  }
  left.sort((x, y) => y.size - x.size);
  for (const { file } of left) {
    const adopted = await rename(file, part).then(
      () => true,
      () => false,
    );
    if (adopted) return;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 asks only
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}
