/**
 * Zip archives for the tests, written straight from the format's description (APPNOTE 6.3).
 */
import { deflateRawSync } from 'node:zlib';

export interface ZipFixture {
  readonly name: string;
  readonly content?: Uint8Array;
  /** 0 stored, 8 deflated. */
  readonly method?: number;
  readonly encrypted?: boolean;
}

/** The bytes of an archive; `large` writes sizes and places as zip64 has them, in 64 bits. */
export function zipBytes(
  entries: readonly ZipFixture[],
  { large = false, comment = '' }: { large?: boolean; comment?: string } = {},
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  const add = (part: Buffer) => {
    parts.push(part);
    at += part.length;
  };
  for (const { name, content = new Uint8Array(0), method = 0, encrypted = false } of entries) {
    const packed = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const sizes = [content.length, packed.length, at];
    const fields = Buffer.alloc(26); // version needed .. lengths, as both headers have them
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(Number(encrypted), 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(large ? 0xffffffff : packed.length, 14);
    fields.writeUInt32LE(large ? 0xffffffff : content.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const extra = Buffer.alloc(large ? 28 : 0);
    if (large) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      sizes.forEach((value, i) => extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
    }
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    fields.copy(central, 6);
    central.writeUInt16LE(extra.length, 30);
    central.writeUInt32LE(large ? 0xffffffff : at, 42);
    directory.push(central, Buffer.from(name), extra);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    fields.copy(local, 4);
    local.writeUInt16LE(5, 28); // an extra field of other length than the directory's
    add(local);
    add(Buffer.from(name));
    add(Buffer.alloc(5));
    add(packed);
  }
  const start = at;
  for (const part of directory) add(part);
  const length = at - start;
  if (large) {
    const end64 = Buffer.alloc(56);
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(44n, 4);
    end64.writeBigUInt64LE(BigInt(entries.length), 24);
    end64.writeBigUInt64LE(BigInt(entries.length), 32);
    end64.writeBigUInt64LE(BigInt(length), 40);
    end64.writeBigUInt64LE(BigInt(start), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(at), 8);
    locator.writeUInt32LE(1, 16);
    add(end64);
    add(locator);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(large ? 0xffff : entries.length, 8);
  end.writeUInt16LE(large ? 0xffff : entries.length, 10);
  end.writeUInt32LE(large ? 0xffffffff : length, 12);
  end.writeUInt32LE(large ? 0xffffffff : start, 16);
  end.writeUInt16LE(comment.length, 20);
  add(end);
  add(Buffer.from(comment));
  return Buffer.concat(parts);
}
