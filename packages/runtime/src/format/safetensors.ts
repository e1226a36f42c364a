/**
 * The container, a safetensors file:
 *
 *     8 bytes   length n of the header, unsigned, little-endian
 *     n bytes   JSON, padded with spaces to a multiple of 8:
 *               {"__metadata__": {"key": "text", ..},
 *                "name": {"dtype": "F32", "shape": [..], "data_offsets": [from, to]}, ..}
 *     the data, little-endian; offsets count from its beginning
 *
 * Narrower than safetensors in general: five element types, the larger before the smaller, so that every tensor is
 * aligned; no empty tensors; and as there, each byte of the data belongs to exactly one tensor. Nothing is allocated by
 * a number in the file: tensors are views.
 */
import { ModelFileError } from '../model-file-error.js';
import { maxHeaderBytes, maxRank } from './convention.js';
import { asList, asObject, asRecord, asString, parseJson, quote } from './json.js';
import type { Json, JsonObject } from './model-source.js';
import { elementBytes, tensorBytes } from './tensors.js';
import type { Dtype, StoredTensor, TensorSpec } from './tensors.js';

export const metadataKey = '__metadata__';
export const lengthBytes = 8;

export interface Container {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Tensors, in the order of their data, and metadata of a file, as views into it.
 *
 * @throws ModelFileError saying what is wrong, where, and what is allowed.
 */
export function readSafetensors(file: Uint8Array): Container {
  const data = lengthBytes + readHeaderLength(file);
  return readTensors(file.subarray(lengthBytes, data), file.subarray(data));
}

/** The same, of a header and the data behind it. */
export function readTensors(text: Uint8Array, data: Uint8Array): Container {
  const header = parseHeader(text);
  const metadata = new Map<string, string>();
  const entries: (TensorSpec & { name: string; from: number; to: number })[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === metadataKey) {
      for (const [key, text] of Object.entries(asObject(value, metadataKey))) {
        metadata.set(key, asString(text, `${metadataKey}, ${quote(key)},`));
      }
    } else {
      entries.push({ name, ...readEntry(value, `tensor ${quote(name)}`, data.length) });
    }
  }
  entries.sort((a, b) => a.from - b.from);
  const tensors = new Map<string, StoredTensor>();
  let end = 0;
  let before: (typeof entries)[number] | undefined;
  for (const entry of entries) {
    const { name, dtype, shape, from, to } = entry;
    if (from !== end) {
      const why = from < end ? 'overlaps what stands before it' : 'leaves a gap before it';
      throw new ModelFileError(
        `tensor ${quote(name)} begins at byte ${from} of the data and ${why}; allowed: ${end}`,
      );
    }
    if (before !== undefined && elementBytes[before.dtype] < elementBytes[dtype]) {
      throw new ModelFileError(
        `tensor ${quote(name)} is ${dtype} and stands after ${quote(before.name)}, which is ` +
          `${before.dtype}; larger elements stand before smaller ones`,
      );
    }
    // Not slice: of a Buffer that is a view, of a Uint8Array a copy.
    tensors.set(name, { dtype, shape, bytes: data.subarray(from, to) });
    end = to;
    before = entry;
  }
  if (end !== data.length) {
    throw new ModelFileError(
      `the data has ${data.length} bytes, of which the tensors take ${end}; no byte may be left over`,
    );
  }
  return { tensors, metadata };
}

function readHeaderLength(file: Uint8Array): number {
  if (file.length < lengthBytes) {
    throw new ModelFileError(
      `the file has only ${file.length} bytes; it begins with the length of its header in ${lengthBytes}`,
    );
  }
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  const room = Math.min(file.length - lengthBytes, maxHeaderBytes);
  if (length > BigInt(room) || length % 8n !== 0n) {
    throw new ModelFileError(
      `the file says that its header has ${String(length)} bytes; allowed: a multiple of 8, at most ${room} ` +
        `(the file has ${file.length} bytes, a header at most ${maxHeaderBytes}). Is it cut off, or no model file?`,
    );
  }
  return Number(length);
}

function parseHeader(bytes: Uint8Array): JsonObject {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ModelFileError('the header is not valid UTF-8');
  }
  if (!text.startsWith('{')) throw new ModelFileError('the header does not begin with "{"');
  return asObject(parseJson(text, 'the header'), 'the header');
}

function readEntry(value: Json, where: string, available: number) {
  const entry = asRecord(value, where, ['dtype', 'shape', 'data_offsets']);
  const dtype = entry.dtype;
  if (!isDtype(dtype)) {
    const allowed = Object.keys(elementBytes).join(', ');
    throw new ModelFileError(`${where} is of type ${quote(dtype)}; allowed: ${allowed}`);
  }
  const shape = counts(entry.shape, `${where}, shape`);
  if (shape.includes(0) || shape.length === 0 || shape.length > maxRank) {
    throw new ModelFileError(
      `${where} has the shape ${quote(shape)}; allowed: 1 to ${maxRank} axes, each positive`,
    );
  }
  const offsets = counts(entry.data_offsets, `${where}, data_offsets`);
  const [from, to] = offsets;
  if (offsets.length !== 2 || from > to || to > available) {
    throw new ModelFileError(
      `${where} has the offsets ${quote(offsets)}; allowed: [from, to] within the ${available} bytes of data`,
    );
  }
  // A product beyond the safe integers is inexact, but never as small as the file.
  const needed = tensorBytes({ dtype, shape });
  if (to - from !== needed) {
    throw new ModelFileError(
      `${where} has ${to - from} bytes, but ${dtype} ${quote(shape)} takes ${needed}`,
    );
  }
  return { dtype, shape, from, to };
}

function isDtype(value: Json): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(elementBytes, value);
}

function counts(value: Json, where: string): number[] {
  return asList(value, where).map((count) => {
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
      throw new ModelFileError(
        `${where} holds ${quote(count)}; allowed: integers from 0 to 2^53 - 1`,
      );
    }
    return count;
  });
}
