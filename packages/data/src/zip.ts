/**
 * Zip archives, read where they lie: the entries from the directory at the end, contents as streams. Knows zip64 (COCO's training pictures are
 * 19 GB), stored and deflated entries; what is encrypted or packed otherwise is refused.
 */
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { InputError } from '@surge-bnn/contract';
import { errorCode } from './checked-file.js';

/** A file in the archive. */
export interface ZipEntry {
  readonly name: string;
  /** Unpacked. */
  readonly size: number;
  readonly packedSize: number;
  readonly deflated: boolean;
  /** Where its local header begins. */
  readonly header: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const DIRECTORY = 0x02014b50;
const LOCAL = 0x04034b50;
/** The end record, a comment of at most 64 KiB behind it. */
const END_BYTES = 22;
const LONGEST_TAIL = END_BYTES + 0xffff;

/**
 * The files of a zip archive in the order of its directory; folders are left out.
 *
 * @throws InputError for what is missing, no zip, cut off, or packed in a way that is not known.
 */
export async function readZip(where: string): Promise<ZipEntry[]> {
  const file = await openZip(where);
  try {
    const { size } = await file.stat();
    const { at, length, count } = await findDirectory(file, size, where);
    if (at + length > size) throw new InputError(`${where} is cut off: its directory is missing`);
    const directory = await readAt(file, at, length, where);
    const entries: ZipEntry[] = [];
    for (let i = 0, from = 0; i < count; i++) {
      if (from + 46 > length || directory.readUInt32LE(from) !== DIRECTORY) {
        throw new InputError(`${where} is damaged: entry ${i} of its directory is broken`);
      }
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
        directory.readUInt16LE(from + field),
      );
      const name = directory.toString('utf8', from + 46, from + 46 + nameLength);
      const extra = directory.subarray(
        from + 46 + nameLength,
        from + 46 + nameLength + extraLength,
      );
      const method = directory.readUInt16LE(from + 10);
      const isEncrypted = (directory.readUInt16LE(from + 8) & 1) === 1;
      if (isEncrypted || (method !== 0 && method !== 8)) {
        const what = isEncrypted ? 'encrypted' : `packed by method ${method}`;
        throw new InputError(
          `${where} holds ${name}, which is ${what}; known are stored and deflated`,
        );
      }
      const [packedSize, unpacked, header] = large(
        extra,
        // The order in which the extra field has those that do not fit: size, packed size, header.
        [24, 20, 42].map((field) => directory.readUInt32LE(from + field)),
      );
      if (!name.endsWith('/')) {
        entries.push({ name, size: unpacked, packedSize, deflated: method === 8, header });
      }
      from += 46 + nameLength + extraLength + commentLength;
    }
    return entries;
  } finally {
    await file.close();
  }
}

/**
 * The content of an entry, unpacked.
 *
 * @throws InputError when the archive is cut off or damaged there; the stream fails where the packed bytes are broken.
 */
export async function zipContent(where: string, entry: ZipEntry): Promise<Readable> {
  const file = await openZip(where);
  let start: number;
  try {
    const local = await readAt(file, entry.header, 30, where);
    if (local.readUInt32LE(0) !== LOCAL) {
      throw new InputError(`${where} is damaged: the header of ${entry.name} is broken`);
    }
    start = entry.header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
    const { size } = await file.stat();
    if (start + entry.packedSize > size) {
      throw new InputError(`${where} is cut off within ${entry.name}`);
    }
  } finally {
    await file.close();
  }
  if (entry.packedSize === 0) return Readable.from([]);
  const end = start + entry.packedSize - 1;
  const packed = createReadStream(where, { start, end });
  if (!entry.deflated) return packed;
  const inflate = createInflateRaw();
  packed.on('error', (error) => inflate.destroy(error));
  return packed.pipe(inflate);
}

/** Size, packed size and header with those that do not fit into 32 bits from the zip64 field, as [packed, size, header]. */
function large(extra: Buffer, [size, packed, header]: readonly number[]): number[] {
  const values = [size, packed, header];
  for (let at = 0; at + 4 <= extra.length;) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    let from = at + 4;
    if (id === 1) {
      values.forEach((value, i) => {
        if (value !== 0xffffffff || from + 8 > at + 4 + length) return;
        values[i] = Number(extra.readBigUInt64LE(from));
        from += 8;
      });
    }
    at += 4 + length;
  }
  return [values[1], values[0], values[2]];
}

async function findDirectory(file: FileHandle, size: number, where: string) {
  const from = Math.max(0, size - LONGEST_TAIL);
  const tail = await readAt(file, from, size - from, where);
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (
      tail.readUInt32LE(at) !== END ||
      at + END_BYTES + tail.readUInt16LE(at + 20) !== tail.length
    ) {
      continue;
    }
    const found = {
      count: tail.readUInt16LE(at + 10),
      length: tail.readUInt32LE(at + 12),
      at: tail.readUInt32LE(at + 16),
    };
    const locator = at - 20;
    if (locator < 0 || tail.readUInt32LE(locator) !== LOCATOR64) return found;
    const end = await readAt(file, Number(tail.readBigUInt64LE(locator + 8)), 56, where);
    if (end.readUInt32LE(0) !== END64) {
      throw new InputError(`${where} is damaged: its zip64 record is broken`);
    }
    const [count, length, start] = [32, 40, 48].map((field) => Number(end.readBigUInt64LE(field)));
    return { count, length, at: start };
  }
  throw new InputError(`${where} is no zip archive, or is cut off: its end record is missing`);
}

async function openZip(where: string): Promise<FileHandle> {
  try {
    return await open(where, 'r');
  } catch (error) {
    const code = errorCode(error);
    const reason = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
    throw new InputError(`${where} ${reason}`, { cause: error });
  }
}

async function readAt(
  file: FileHandle,
  at: number,
  length: number,
  where: string,
): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new InputError(`${where} is cut off`);
    done += bytesRead;
  }
  return bytes;
}
