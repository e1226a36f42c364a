/**
 * The IDX format of MNIST: two zero bytes, a type, the number of dimensions, each dimension as a
 * big-endian 32-bit integer, then the values. Only unsigned bytes (type 8) occur in picture sets.
 */
import { InputError } from '@surge-bnn/contract';

/** An array of bytes with its dimensions, outermost first. */
export interface IdxArray {
  readonly dimensions: readonly number[];
  readonly values: Uint8Array;
}

/** The other value types of the format, for the message. */
const TYPES: Readonly<Record<number, string>> = {
  0x09: 'int8',
  0x0b: 'int16',
  0x0c: 'int32',
  0x0d: 'float32',
  0x0e: 'float64',
};

/**
 * Reads the bytes of an IDX file. The values are a view of `bytes`.
 *
 * @param where names the file in messages.
 * @param advice what the user can do about a broken file.
 * @throws InputError for anything that is not exactly one array of bytes.
 */
export function parseIdx(bytes: Uint8Array, where: string, advice: string): IdxArray {
  const refuse = (what: string) => new InputError(`${where} ${what}; ${advice}`);
  if (bytes.length < 4) {
    throw refuse(`is no IDX file: it holds ${bytes.length} bytes, the header alone needs 4`);
  }
  const [zero, alsoZero, type, rank] = bytes;
  if (zero !== 0 || alsoZero !== 0) {
    const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0'));
    throw refuse(`is no IDX file: it starts with ${start.join(' ')} instead of 00 00 08`);
  }
  if (type !== 0x08) {
    throw refuse(
      `holds values of type ${TYPES[type] ?? `0x${type.toString(16)}`}; allowed: unsigned bytes (0x08)`,
    );
  }
  if (rank === 0) throw refuse('has no dimensions');
  const header = 4 + 4 * rank;
  if (bytes.length < header) {
    throw refuse(
      `is truncated: ${bytes.length} bytes, but its header of ${rank} dimensions needs ${header}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const needed = header + dimensions.reduce((product, size) => product * size, 1);
  const shape = dimensions.join(' x ');
  if (bytes.length < needed) {
    throw refuse(`is truncated: ${bytes.length} of the ${needed} bytes that ${shape} values need`);
  }
  if (bytes.length > needed) {
    throw refuse(`has ${bytes.length - needed} bytes too many after its ${shape} values`);
  }
  return { dimensions, values: bytes.subarray(header) };
}
