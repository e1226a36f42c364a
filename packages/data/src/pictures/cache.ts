/**
 * What is expensive to make and can be made again: decoded pictures, statistics, lists of large archives.
 * One file each: a line of JSON (what it is of, its length, its SHA-256), then the bytes. A file that does not
 * fit its own line, or is of something else, counts as not there. Written whole or not at all, so that two
 * processes at once cost work and nothing else.
 */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { sha256 } from '../checked-file.js';
import { userCache } from '../directory.js';
import { allocateBytes } from '../image-set.js';
import { writeWhole } from '../write-file.js';

/** The folder: the environment variable SURGE_BNN_CACHE, else a folder in the user's cache. */
export function cacheDirectory(): string {
  const chosen = process.env.SURGE_BNN_CACHE;
  return chosen !== undefined && chosen !== ''
    ? path.resolve(chosen)
    : path.join(userCache(), 'surge-bnn', 'decoded');
}

/** A thing in the cache. */
export interface Cached {
  /** What its maker wrote beside the bytes. */
  readonly facts: unknown;
  /** In shared memory. */
  readonly bytes: Uint8Array;
}

/**
 * The bytes of `key`, from the cache or made now and kept there.
 *
 * @param key everything that decides about the bytes; a change of any part makes them anew.
 * @throws InputError when the cache cannot be written.
 */
export async function cached(
  name: string,
  key: string,
  make: () => Promise<{ readonly facts: unknown; readonly bytes: Uint8Array }>,
): Promise<Cached> {
  const of = sha256(key);
  const file = path.join(cacheDirectory(), `${name}-${of.slice(0, 16)}.bin`);
  const found = await read(file, of);
  if (found !== undefined) return found;
  const made = await make();
  const line: Line = {
    of,
    facts: made.facts,
    length: made.bytes.length,
    sha256: sha256(made.bytes),
  };
  const pieces = [Buffer.from(`${JSON.stringify(line)}\n`), made.bytes];
  await writeWhole(file, pieces, 'with SURGE_BNN_CACHE');
  return made;
}

interface Line {
  readonly of: string;
  readonly facts: unknown;
  readonly length: number;
  readonly sha256: string;
}

/** The file's content, or undefined when it is missing, of something else, or damaged in any way. */
async function read(file: string, of: string): Promise<Cached | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    const start = Buffer.alloc(Math.min(size, LONGEST_LINE));
    await handle.read(start, 0, start.length, 0);
    const end = start.indexOf(0x0a);
    const line = end < 0 ? undefined : parseLine(start.toString('utf8', 0, end));
    if (line === undefined || line.of !== of || size !== end + 1 + line.length) return undefined;
    const bytes = allocateBytes(line.length);
    for (let done = 0; done < bytes.length;) {
      const length = Math.min(bytes.length - done, 1 << 30);
      const { bytesRead } = await handle.read(bytes, done, length, end + 1 + done);
      if (bytesRead === 0) return undefined;
      done += bytesRead;
    }
    const sum = sha256(bytes);
    return sum === line.sha256 ? { facts: line.facts, bytes } : undefined;
  } catch {
    return undefined; // a disk that cannot read it: made anew
  } finally {
    await handle.close();
  }
}

const LONGEST_LINE = 1 << 24;

function parseLine(text: string): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('of' in value && 'facts' in value && 'length' in value && 'sha256' in value))
    return undefined;
  const { of, facts, length, sha256 } = value;
  return typeof of === 'string' && typeof length === 'number' && typeof sha256 === 'string'
    ? { of, facts, length, sha256 }
    : undefined;
}
