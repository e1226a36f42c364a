/**
 * Files of published sets: read, unpacked, compared with their checksums.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, type ZlibOptions } from 'node:zlib';
import { InputError } from '@surge-bnn/contract';
import type { CatalogueFile } from './catalogue.js';

const unpack = promisify<Uint8Array, ZlibOptions, Buffer>(gunzip);

/** A file that unpacks to more bytes than what it should hold. */
export class LargeFileError extends InputError {}

/** Is this a gzip file? The name does not tell: browsers unpack ".gz" files on the way. */
export function isPacked(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The unpacked bytes of a gzip file, or of a plain one.
 *
 * @param most bytes that it may unpack to: a small file may become memory without end.
 * @throws InputError when the file is missing, unreadable or broken gzip, or unpacks to more.
 */
export async function readUnpacked(
  file: string,
  advice: string,
  most?: number,
): Promise<{ raw: Uint8Array; content: Uint8Array }> {
  let raw: Buffer;
  try {
    raw = await readFile(file);
  } catch (cause) {
    const code = errorCode(cause);
    const reason = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
    throw new InputError(`${file} ${reason}; ${advice}`, { cause });
  }
  if (!isPacked(raw)) return { raw, content: raw };
  try {
    return { raw, content: await unpack(raw, { maxOutputLength: most }) };
  } catch (cause) {
    if (most !== undefined && errorCode(cause) === 'ERR_BUFFER_TOO_LARGE') {
      throw new LargeFileError(`${file} unpacks to more than ${most} bytes; ${advice}`, { cause });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`${file} is a broken or truncated gzip file (${reason}); ${advice}`, {
      cause,
    });
  }
}

/** Has the file, as it lies there or unpacked, the published checksum? */
export function isPublished(raw: Uint8Array, content: Uint8Array, file: CatalogueFile): boolean {
  return (isPacked(raw) && md5(raw) === file.packedMd5) || md5(content) === file.md5;
}

/** Hex MD5: the sums are published so; they guard against accidents, not against attacks. */
export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** Hex SHA-256 of pieces one after the other, of any length: Node hashes at most 2 GB at a time. */
export function sha256(...pieces: readonly (Uint8Array | Uint16Array | string)[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      hash.update(piece);
      continue;
    }
    const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let at = 0; at < bytes.length; at += MOST_AT_ONCE) {
      hash.update(bytes.subarray(at, at + MOST_AT_ONCE));
    }
  }
  return hash.digest('hex');
}

const MOST_AT_ONCE = 1 << 30;

/**
 * Hex hash of a file, read piece by piece.
 *
 * @param prefix is hashed before it.
 */
export async function hashOfFile(
  file: string,
  algorithm: 'md5' | 'sha1' | 'sha256',
  prefix = '',
): Promise<string> {
  const hash = createHash(algorithm).update(prefix);
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The system's code of an error ("ENOENT"), or its message. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
