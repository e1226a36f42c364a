/**
 * The binary half of a checkpoint, a valid safetensors file:
 *
 *     8 bytes   length n of the header, unsigned little-endian
 *     n bytes   JSON, padded with spaces to a multiple of 8:
 *               {"name": {"dtype": "F32" | "U8", "shape": [..], "data_offsets": [from, to]}, ..}
 *     the data, little-endian; offsets count from its beginning, without gaps, F32 before U8
 *
 * Pure functions on bytes.
 */
import { InputError } from '@surge-bnn/contract';

export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Uint8Array;
}

interface Entry {
  readonly dtype: 'F32' | 'U8';
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/** The tensors as one file; names are kept in order, F32 first so that every one is aligned. */
export function encodeSafetensors(tensors: ReadonlyMap<string, StoredTensor>): Uint8Array {
  const ordered = [...tensors].sort(([, a], [, b]) => width(b) - width(a));
  const header: Record<string, Entry> = {};
  let end = 0;
  for (const [name, { shape, values }] of ordered) {
    const size = shape.reduce((a, b) => a * b, 1);
    if (size !== values.length) {
      throw new Error(`tensor "${name}" [${shape}] has ${values.length} values instead of ${size}`);
    }
    const from = end;
    end += values.byteLength;
    const dtype = values instanceof Float32Array ? 'F32' : 'U8';
    header[name] = { dtype, shape: [...shape], data_offsets: [from, end] };
  }
  const text = JSON.stringify(header);
  const bytes = new TextEncoder().encode(text);
  const length = Math.ceil(bytes.length / 8) * 8;
  const file = new Uint8Array(8 + length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.fill(0x20, 8, 8 + length);
  file.set(bytes, 8);
  let at = 8 + length;
  for (const [, { values }] of ordered) {
    file.set(littleEndian(values), at);
    at += values.byteLength;
  }
  return file;
}

/**
 * The tensors of a file, as copies.
 *
 * @throws InputError naming the file when it is cut off or no safetensors file.
 */
export function decodeSafetensors(file: Uint8Array, where: string): Map<string, StoredTensor> {
  const broken = (why: string) => new InputError(`${where} is damaged: ${why}`);
  if (file.length < 8) throw broken(`it has only ${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (8 + length > file.length) throw broken('its header is cut off');
  const header = parseHeader(new TextDecoder().decode(file.subarray(8, 8 + length)));
  if (header === undefined) throw broken('its header is not valid');
  const data = file.subarray(8 + length);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, data_offsets }] of header) {
    const [from, to] = data_offsets;
    if (to > data.length) throw broken(`the data of "${name}" is cut off`);
    // Not data.slice: of a Buffer that is a view.
    const bytes = Uint8Array.from(data.subarray(from, to));
    const values = dtype === 'F32' ? floats(bytes) : bytes;
    if (values.length !== shape.reduce((a, b) => a * b, 1)) {
      throw broken(`"${name}" does not hold a tensor of shape [${shape}]`);
    }
    tensors.set(name, { shape, values });
  }
  return tensors;
}

function parseHeader(text: string): [string, Entry][] | undefined {
  try {
    const header: unknown = JSON.parse(text);
    if (typeof header !== 'object' || header === null) return undefined;
    const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
    return entries.every((entry): entry is [string, Entry] => isEntry(entry[1]))
      ? entries
      : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  if (!('dtype' in value && 'shape' in value && 'data_offsets' in value)) return false;
  const { dtype, shape, data_offsets: offsets } = value;
  const counts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isInteger(n) && n >= 0);
  if (!counts(shape) || !counts(offsets) || offsets.length !== 2) return false;
  const bytes = dtype === 'F32' ? 4 : 1;
  return (
    (dtype === 'F32' || dtype === 'U8') &&
    offsets[0] <= offsets[1] &&
    (offsets[1] - offsets[0]) % bytes === 0
  );
}

function width({ values }: StoredTensor): number {
  return values.BYTES_PER_ELEMENT;
}

/** The bytes of the array in little-endian order; on nearly every machine that is a view of it. */
function littleEndian(values: Float32Array | Uint8Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const turn = bigEndian && values.BYTES_PER_ELEMENT === 4;
  return turn ? Buffer.from(bytes).swap32() : bytes;
}

/** The reverse, in place: `bytes` owns its whole buffer. */
function floats(bytes: Uint8Array<ArrayBuffer>): Float32Array {
  if (bigEndian) Buffer.from(bytes.buffer).swap32();
  return new Float32Array(bytes.buffer);
}

const bigEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;
