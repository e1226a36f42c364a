/**
 * Tar archives, read where they lie: the entries with their places, the contents only when asked for. Knows
 * ustar with its name prefix, GNU long names and sizes, and pax records of path and size; what is no file
 * (folders, links, devices) is passed over.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import { errorCode } from './checked-file.js';

/** Bytes that can be read from any place: a file, a part of one, or memory. */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `at` on, which the caller keeps within `size`. */
  read(at: number, length: number): Promise<Uint8Array>;
}

/** A regular file in the archive. */
export interface TarEntry {
  /** As stored, without a leading "./". */
  readonly name: string;
  /** Where its content begins, counted from the start of the source. */
  readonly offset: number;
  readonly size: number;
}

const BLOCK = 512;

/**
 * The files of a tar archive in their order.
 *
 * @param where names the archive in messages.
 * @param from, size the part of the source that is the archive: a tar within a tar.
 * @throws InputError for what is no tar, has a broken header, or is cut off.
 */
export async function* readTar(
  source: ByteSource,
  where: string,
  from = 0,
  size = source.size - from,
): AsyncGenerator<TarEntry, void, undefined> {
  const end = from + size;
  let at = from;
  let special: { name?: string; size?: number } = {};
  for (;;) {
    if (at + BLOCK > end) {
      const what = at === from ? 'is no tar archive: it is too short' : 'is cut off: its end mark';
      throw new InputError(`${where} ${what}${at === from ? '' : ' is missing'}`);
    }
    const header = await source.read(at, BLOCK);
    if (header.every((byte) => byte === 0)) return;
    checkHeader(header, where, at - from);
    const length = special.size ?? numberField(header, 124, 12);
    const content = at + BLOCK;
    if (content + length > end) {
      throw new InputError(
        `${where} is cut off: "${special.name ?? nameOf(header)}" needs ${length} bytes, ${Math.max(0, end - content)} are left`,
      );
    }
    at = content + BLOCK * Math.ceil(length / BLOCK);
    const kind = String.fromCharCode(header[156]);
    if (kind === 'L') {
      special.name = textField(await source.read(content, length), 0, length);
    } else if (kind === 'x') {
      special = { ...special, ...paxFields(await source.read(content, length)) };
    } else if (kind === '0' || kind === '\0' || kind === '7') {
      const name = (special.name ?? nameOf(header)).replace(/^(\.\/)+/, '');
      special = {};
      // Before ustar a folder was a file whose name ends in "/".
      if (!name.endsWith('/')) yield { name, offset: content, size: length };
    } else if (kind !== 'g') {
      special = {};
    }
  }
}

/** Reads of one file, neighbouring small ones through a window: the headers of small entries cost few reads. */
export class OpenFile implements ByteSource {
  private window = new Uint8Array(0);
  private windowAt = 0;

  private constructor(
    private readonly file: FileHandle,
    readonly size: number,
    private readonly where: string,
  ) {}

  /** @throws InputError when the file is missing or cannot be read. */
  static async open(where: string): Promise<OpenFile> {
    try {
      const file = await open(where, 'r');
      const facts = await file.stat();
      if (!facts.isFile()) {
        await file.close();
        throw new InputError(`${where} is not a file`);
      }
      return new OpenFile(file, facts.size, where);
    } catch (error) {
      if (error instanceof InputError) throw error;
      const code = errorCode(error);
      const reason = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
      throw new InputError(`${where} ${reason}`, { cause: error });
    }
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    const inside = at - this.windowAt;
    if (inside >= 0 && inside + length <= this.window.length) {
      return this.window.subarray(inside, inside + length);
    }
    // Far from the last read, what lies between is no header: then only what was asked for.
    const isNear = inside >= 0 && inside < 2 * WINDOW;
    const wanted = Math.min(Math.max(length, isNear ? WINDOW : 0), this.size - at);
    const bytes = new Uint8Array(wanted);
    for (let done = 0; done < wanted;) {
      const { bytesRead } = await this.file.read(bytes, done, wanted - done, at + done);
      if (bytesRead === 0) throw new InputError(`${this.where} became shorter while it was read`);
      done += bytesRead;
    }
    if (length <= WINDOW) {
      this.window = bytes;
      this.windowAt = at;
    }
    return bytes.subarray(0, length);
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

const WINDOW = 1 << 16;

/** An archive that lies in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (at, length) => Promise.resolve(bytes.subarray(at, at + length)),
  };
}

/** The header's checksum: the sum of its bytes, its own field read as eight spaces. */
function checkHeader(header: Uint8Array, where: string, at: number): void {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : header[i];
  if (sum === numberField(header, 148, 8)) return;
  throw new InputError(
    at === 0
      ? `${where} is no tar archive (unpack it first if it is compressed)`
      : `${where} is damaged: the header at byte ${at} has a wrong checksum`,
  );
}

function nameOf(header: Uint8Array): string {
  const name = textField(header, 0, 100);
  // The old GNU format uses the place of the prefix for other things.
  const isUstar = textField(header, 257, 6) === 'ustar';
  const prefix = isUstar ? textField(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textField(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return utf8.decode(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits, or with the top bit set a big-endian binary number (GNU, for what octal cannot hold). */
function numberField(header: Uint8Array, at: number, length: number): number {
  if ((header[at] & 0x80) === 0) {
    const digits = textField(header, at, length).trim();
    return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : NaN;
  }
  let value = header[at] & 0x7f;
  for (let i = 1; i < length; i++) value = value * 256 + header[at + i];
  return value;
}

/** Pax records are "length key=value\n", the length in bytes and its own digits counted. */
function paxFields(bytes: Uint8Array): { name?: string; size?: number } {
  const fields: { name?: string; size?: number } = {};
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(utf8.decode(bytes.subarray(at, space)));
    if (space < 0 || !(length > 0)) break;
    const [key, ...value] = utf8.decode(bytes.subarray(space + 1, at + length - 1)).split('=');
    if (key === 'path') fields.name = value.join('=');
    if (key === 'size') fields.size = Number(value.join('='));
    at += length;
  }
  return fields;
}

const utf8 = new TextDecoder();
