/**
 * Safetensors files that others wrote: 8 bytes with the length of the header, unsigned little-endian; the header, JSON
 * {"name": {"dtype", "shape", "data_offsets": [from, to]}, .., "__metadata__": {..}}; the data, which the offsets
 * count from. Tolerant where that does no harm (any order of names, gaps, overlaps, element types that nobody here
 * reads), strict where a number would lead out of the file.
 */
import { InputError } from '@surge-bnn/contract';

/** A tensor of a foreign file. */
export interface ForeignTensor {
  /** As the file names it: F32, BF16, I64, .. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Its numbers, row-major, little-endian: a view of the file's bytes, at any alignment. */
  readonly bytes: Uint8Array;
}

/** Bytes of one number, for the element types that the format has had from its beginning. */
export const dtypeBytes: ReadonlyMap<string, number> = new Map([
  ...['F64', 'I64', 'U64'].map((dtype) => [dtype, 8] as const),
  ...['F32', 'I32', 'U32'].map((dtype) => [dtype, 4] as const),
  ...['F16', 'BF16', 'I16', 'U16'].map((dtype) => [dtype, 2] as const),
  ...['I8', 'U8', 'BOOL'].map((dtype) => [dtype, 1] as const),
]);

/** The format's own limit: a header that is longer is an attack, or no header. */
const largestHeader = 100_000_000;

/**
 * The tensors by their names, in the order of the header. Nothing is copied.
 * @throws InputError for bytes that are no such file, naming the tensor where it is one's fault.
 */
export function readSafetensors(file: Uint8Array): Map<string, ForeignTensor> {
  if (file.length < 8) throw notValid(`it has only ${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(file.length - 8)) {
    throw notValid(`its header of ${length} bytes would end behind its ${file.length} bytes`);
  }
  if (length > largestHeader) throw notValid(`its header has ${length} bytes`);
  // Not file.subarray: of a Node Buffer that is a Buffer, whose slice() shares memory instead of copying.
  const start = 8 + Number(length);
  const data = new Uint8Array(file.buffer, file.byteOffset + start, file.length - start);
  const header = parseHeader(file.subarray(8, start));
  const tensors = new Map<string, ForeignTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name !== '__metadata__') tensors.set(name, tensorOf(name, entry, data));
  }
  return tensors;
}

function parseHeader(bytes: Uint8Array): object {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw notValid('its header is no JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw notValid('its header is no JSON object');
  }
  return header;
}

function tensorOf(name: string, entry: unknown, data: Uint8Array): ForeignTensor {
  const broken = (why: string) => notValid(`tensor "${name}" ${why}`);
  if (typeof entry !== 'object' || entry === null) throw broken('has no description');
  const { dtype, shape, data_offsets: offsets } = entry as Readonly<Record<string, unknown>>;
  if (typeof dtype !== 'string') throw broken('has no dtype');
  if (!areCounts(shape)) throw broken('has no valid shape');
  if (!areCounts(offsets) || offsets.length !== 2) throw broken('has no valid data_offsets');
  const [from, to] = offsets;
  if (from > to || to > data.length) {
    throw broken(`lies at bytes ${from} to ${to} of ${data.length}`);
  }
  const size = dtypeBytes.get(dtype);
  // A product beyond 2^53 is not exact, but still far from every length that a file can have.
  const needed = size === undefined ? to - from : shape.reduce((a, b) => a * b, size);
  if (needed !== to - from) {
    throw broken(`of ${dtype} [${shape}] takes ${needed} bytes, but has ${to - from}`);
  }
  return { dtype, shape, bytes: data.subarray(from, to) };
}

function areCounts(list: unknown): list is number[] {
  return Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function notValid(why: string): InputError {
  return new InputError(`this is no valid safetensors file: ${why}`);
}
