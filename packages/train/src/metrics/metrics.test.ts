import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppendFile } from './append-file.js';
import { crc32c, maskedCrc32c } from './crc32c.js';
import { scalarRecord, versionRecord } from './tensorboard.js';

const ascii = (text: string) => new TextEncoder().encode(text);

describe('crc32c', () => {
  // RFC 3720, B.4, and the check value of the CRC catalogue.
  it.each([
    ['123456789', ascii('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(255), 0x62a8ab43],
    ['0..31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['nothing', new Uint8Array(0), 0],
  ])('%s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('is masked by rotation and addition', () => {
    const crc = BigInt(crc32c(ascii('foo')));
    const rotated = ((crc >> 15n) | (crc << 17n)) & 0xffffffffn;
    expect(BigInt(maskedCrc32c(ascii('foo')))).toBe((rotated + 0xa282ead8n) & 0xffffffffn);
  });
});

/** A protobuf message as a list of [field, value]; independent of the encoder: bigint varints. */
function decode(bytes: Uint8Array): [number, number | Uint8Array][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: [number, number | Uint8Array][] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(value);
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const field = key >> 3;
    const wire = key & 7;
    if (wire === 0) fields.push([field, varint()]);
    else if (wire === 1) {
      fields.push([field, view.getFloat64(at, true)]);
      at += 8;
    } else if (wire === 5) {
      fields.push([field, view.getFloat32(at, true)]);
      at += 4;
    } else {
      const length = varint();
      fields.push([field, bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  return fields;
}

function field(message: Uint8Array, number: number): number | Uint8Array | undefined {
  return decode(message).find(([n]) => n === number)?.[1];
}

function bytesOf(value: number | Uint8Array | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error('not a length-delimited field');
}

const textOf = (value: number | Uint8Array | undefined) => new TextDecoder().decode(bytesOf(value));

/** The payloads of a TFRecord file, checksums verified. */
function records(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(view.getBigUint64(at, true));
    expect(view.getUint32(at + 8, true)).toBe(maskedCrc32c(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedCrc32c(data));
    payloads.push(data);
    at += length + 16;
  }
  return payloads;
}

describe('TensorBoard events', () => {
  it('decode to what was written', () => {
    const [version, scalars] = records(
      Buffer.concat([
        versionRecord(1700000000.5),
        scalarRecord(1700000001.25, 2 ** 33 + 300, { 'a/loss': 0.5, b: -3 }),
      ]),
    );
    expect(field(version, 1)).toBe(1700000000.5);
    expect(textOf(field(version, 3))).toBe('brain.Event:2');
    expect(field(scalars, 1)).toBe(1700000001.25);
    expect(field(scalars, 2)).toBe(2 ** 33 + 300);
    const values = decode(bytesOf(field(scalars, 5))).map(([, value]) => bytesOf(value));
    expect(values.map((v) => [textOf(field(v, 1)), field(v, 2)])).toEqual([
      ['a/loss', 0.5],
      ['b', -3],
    ]);
  });
});

describe('AppendFile', () => {
  it('cuts off what came after the checkpoint and goes on', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'append-')), 'log');
    const first = await AppendFile.open(path, 0);
    first.appendJson({ a: 1 });
    await first.flush();
    const keep = first.length;
    first.appendJson({ a: 'lost' });
    await first.flush();
    await first.close();
    const second = await AppendFile.open(path, keep);
    second.appendJson({ a: 2 });
    await second.flush();
    await second.close();
    expect(await readFile(path, 'utf8')).toBe('{"a":1}\n{"a":2}\n');
  });

  it('refuses a file that is too short or gone', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'append-')), 'log');
    await expect(AppendFile.open(path, 10)).rejects.toThrow('is missing');
    await writeFile(path, 'abc');
    await expect(AppendFile.open(path, 10)).rejects.toThrow('has 3 bytes');
  });
});
