/**
 * TensorBoard event records, encoded by hand: only scalars are needed, and those are five protobuf fields.
 *
 *     record   = length: u64 LE, masked crc of length: u32 LE, data, masked crc of data: u32 LE
 *     data     = Event { 1: wall_time double, 2: step int64, 3: file_version string, 5: Summary }
 *     Summary  = repeated { 1: Value { 1: tag string, 2: simple_value float } }
 */
import { maskedCrc32c } from './crc32c.js';

/** Every event file begins with this record. */
export function versionRecord(wallTime: number): Uint8Array {
  return record(concat([double(1, wallTime), lengthDelimited(3, utf8('brain.Event:2'))]));
}

/** One event with scalars. @param wallTime seconds since 1970. @param step of the optimizer. */
export function scalarRecord(
  wallTime: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) =>
    lengthDelimited(1, concat([lengthDelimited(1, utf8(tag)), float(2, value)])),
  );
  return record(
    concat([double(1, wallTime), varintField(2, step), lengthDelimited(5, concat(values))]),
  );
}

function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + 4 + data.length + 4);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return bytes;
}

/** Wire types: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
function key(field: number, wireType: number): number[] {
  return varint(field * 8 + wireType);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  // Division instead of shifts: steps may exceed 32 bits.
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

function varintField(field: number, value: number): Uint8Array {
  return Uint8Array.from([...key(field, 0), ...varint(value)]);
}

function double(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes.set(key(field, 1));
  new DataView(bytes.buffer).setFloat64(1, value, true);
  return bytes;
}

function float(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes.set(key(field, 5));
  new DataView(bytes.buffer).setFloat32(1, value, true);
  return bytes;
}

function lengthDelimited(field: number, content: Uint8Array): Uint8Array {
  return concat([Uint8Array.from([...key(field, 2), ...varint(content.length)]), content]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
