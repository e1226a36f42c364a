/**
 * Safetensors as others write them, which is wider than the model files of this project: any order, any alignment, half precision, integers.
 *
 *     8 bytes   length n of the header, unsigned, little-endian
 *     n bytes   JSON: {"__metadata__": {..}, "name": {"dtype": .., "shape": [..], "data_offsets": [from, to]}, ..}
 *     the data, little-endian; offsets count from its beginning
 */
import { InputError } from '@surge-bnn/contract';

/** A tensor of a file. */
export interface Stored {
  /** F32, F16, BF16, F64, I64, .. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** A view of the file. */
  readonly bytes: Uint8Array;
}

/** Numbers and their shape. */
export interface Weights {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const bytesOf: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/**
 * The tensors of a file by name, as views.
 *
 * @param where names the file in messages.
 * @throws InputError for a file that is cut off, or is none of this format.
 */
export function readSafetensors(file: Uint8Array, where: string): Map<string, Stored> {
  const broken = (why: string) =>
    new InputError(`${where} is no complete safetensors file: ${why}`);
  if (file.length < 8) throw broken(`it has only ${file.length} bytes`);
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  if (length > BigInt(file.length - 8)) {
    throw broken(
      `its header has ${length} bytes by its own account, but behind the length there are ${file.length - 8}; it was cut off or is a file of another kind`,
    );
  }
  const data = file.subarray(8 + Number(length));
  const tensors = new Map<string, Stored>();
  for (const [name, entry] of Object.entries(
    header(file.subarray(8, 8 + Number(length)), broken),
  )) {
    if (name === '__metadata__') continue;
    if (!isEntry(entry)) throw broken(`the header's entry of "${name}" is not one of a tensor`);
    const { dtype, shape, data_offsets: offsets } = entry;
    const [from, to] = offsets;
    if (to > data.length) {
      throw broken(
        `"${name}" ends at byte ${to} of the data, of which there are ${data.length}; the file was cut off`,
      );
    }
    const size = shape.reduce((a, b) => a * b, 1);
    const bytes = Object.hasOwn(bytesOf, dtype) ? bytesOf[dtype] : undefined;
    if (bytes !== undefined && to - from !== size * bytes) {
      throw broken(
        `"${name}" has ${to - from} bytes, but ${dtype} [${shape}] takes ${size * bytes}`,
      );
    }
    tensors.set(name, { dtype, shape, bytes: data.subarray(from, to) });
  }
  return tensors;
}

/**
 * A tensor's numbers as float32, a copy.
 *
 * @throws InputError for a type that is no float's, for float64 numbers out of float32's range or a NaN or infinity of any type, and for numbers that are not as
 * many as their shape has entries.
 */
export function floatsOf(tensor: Stored | Weights, name: string, where: string): Weights {
  const { shape } = tensor;
  const values = 'values' in tensor ? tensor.values.slice() : decoded(tensor, name, where);
  const entries = shape.reduce((size, n) => size * n, 1);
  if (values.length !== entries) {
    throw new InputError(
      `${where}: "${name}" has ${values.length} numbers, but the shape [${shape}] takes ${entries}`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new InputError(
      `${where}: "${name}" holds ${values[i]} at entry ${i}; weights are finite numbers`,
    );
  }
  return { shape, values };
}

function decoded({ dtype, bytes }: Stored, name: string, where: string): Float32Array {
  const convert = Object.hasOwn(floats, dtype) ? floats[dtype] : undefined;
  if (convert === undefined) {
    throw new InputError(
      `${where}: "${name}" is of type ${dtype}; weights must be ${Object.keys(floats).join(', ')}`,
    );
  }
  const { each, value } = convert;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(bytes.byteLength / each);
  for (let i = 0; i < values.length; i++) values[i] = value(view, i * each);
  return values;
}

const floats: Readonly<
  Record<string, { readonly each: number; readonly value: (view: DataView, at: number) => number }>
> = {
  F32: { each: 4, value: (view, at) => view.getFloat32(at, true) },
  F16: { each: 2, value: (view, at) => half(view.getUint16(at, true)) },
  BF16: { each: 2, value: (view, at) => upperHalf(view.getUint16(at, true)) },
  F64: { each: 8, value: (view, at) => view.getFloat64(at, true) },
};

/** The value of an IEEE half-precision number: sign, 5 bits of exponent (bias 15), 10 of fraction. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const scratch = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
function upperHalf(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

/** Tensors as a file of float32, in the order of the map. */
export function writeSafetensors(tensors: ReadonlyMap<string, Weights>): Uint8Array {
  const entries: Record<string, object> = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const [name, { shape, values }] of tensors) {
    entries[name] = { dtype: 'F32', shape, data_offsets: [end, (end += 4 * values.length)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(entries));
  const length = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + length + end);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(length), true);
  file.fill(0x20, 8, 8 + length);
  file.set(text, 8);
  let at = 8 + length;
  for (const { values } of tensors.values()) {
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return file;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

function header(bytes: Uint8Array, broken: (why: string) => InputError): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw broken('its header is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null) throw broken('its header is no object');
  return parsed;
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  if (!('dtype' in value && 'shape' in value && 'data_offsets' in value)) return false;
  const { dtype, shape, data_offsets: offsets } = value;
  const counts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  return (
    typeof dtype === 'string' &&
    counts(shape) &&
    counts(offsets) &&
    offsets.length === 2 &&
    offsets[0] <= offsets[1]
  );
}
