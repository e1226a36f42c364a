/**
 * Downloads a published set. A file gets its name only after its checksum was right, by one atomic
 * rename from a part file that belongs to this process alone: an interrupted or doubled download can
 * leave a whole file or none, never a broken one.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InputError } from '@surge-bnn/contract';
import { filesOf, type CatalogueEntry, type CatalogueFile } from './catalogue.js';
import { isPublished, md5, readUnpacked } from './checked-file.js';
import { findFile, folderOf } from './directory.js';
import { diskError, transfer, TransferError } from './transfer.js';
import type { FetchOptions, FetchResult } from './types.js';

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

/** Part files older than this were left by a process that is gone. */
const STALE_AFTER = 24 * 60 * 60 * 1000;

/** `fetchDataset` for one entry of the catalogue (the tests bring their own). */
export async function fetchEntry(
  entry: CatalogueEntry,
  options: FetchOptions,
  patience: Patience = PATIENCE,
): Promise<FetchResult> {
  const where = folderOf(entry.name, options);
  try {
    await mkdir(where, { recursive: true });
    await removeStaleParts(where);
  } catch (error) {
    throw diskError(error, where) ?? error;
  }
  const bases = options.baseUrl === undefined ? entry.mirrors : [options.baseUrl];
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
    const urls = bases.map((base) => addressOf(base, packed));
    await new FileDownload(file, urls, where, options, patience).run();
    downloaded.push(packed);
  }
  return { where, downloaded, kept };
}

class FileDownload {
  private readonly packed: string;
  private readonly part: string;
  private received = 0;
  private total: number;

  constructor(
    private readonly file: CatalogueFile,
    private readonly urls: readonly string[],
    private readonly folder: string,
    private readonly options: FetchOptions,
    private readonly patience: Patience,
  ) {
    this.packed = `${file.name}.gz`;
    // A name of our own: two processes never write into one part file.
    const own = `${process.pid}-${randomBytes(4).toString('hex')}`;
    this.part = path.join(folder, `.${this.packed}.${own}.part`);
    this.total = file.bytes;
  }

  async run(): Promise<void> {
    const failures: string[] = [];
    try {
      for (const url of this.urls) {
        const failure = await this.from(url);
        if (failure === undefined) {
          this.report('done');
          return;
        }
        failures.push(`${url}: ${failure}`);
        await rm(this.part, { force: true }); // another mirror starts afresh
      }
    } finally {
      await rm(this.part, { force: true });
    }
    throw new InputError(
      `${this.packed} could not be downloaded (${failures.join('; ')}); ` +
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
    const problem = await problemOf(this.part, this.file);
    if (problem !== undefined) {
      await rm(this.part, { force: true });
      // A file pieced together may be wrong where its pieces meet: worth one whole download.
      throw new TransferError(problem, continued);
    }
    try {
      await rename(this.part, path.join(this.folder, this.packed));
    } catch (error) {
      throw diskError(error, path.join(this.folder, this.packed)) ?? error;
    }
  }

  private async wait(milliseconds: number): Promise<void> {
    try {
      await sleep(milliseconds, undefined, { signal: this.options.signal });
    } catch (cause) {
      throw new InputError(`the download of ${this.packed} was stopped before its end`, { cause });
    }
  }

  private report(state: 'downloading' | 'retrying' | 'done', reason?: string): void {
    this.options.onProgress?.({
      file: this.packed,
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

async function removeStaleParts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!(name.startsWith('.') && name.endsWith('.part'))) continue;
    const part = path.join(folder, name);
    // Another process may remove it first.
    const age = Date.now() - ((await stat(part).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > STALE_AFTER) await rm(part, { force: true });
  }
}
