/**
 * A file whose header is compressed: the graph as JSON is as large as the weights of a small network, and repeats itself. Outside it is
 * a safetensors file with two tensors,
 *
 *     data     the data of the plain file of the same model
 *     header   the text of the plain file's header, as an LZ4 block
 */
import { ModelFileError } from '../model-file-error.js';
import { formatName, maxHeaderBytes } from './convention.js';
import { asRecord, quote } from './json.js';
import { layOut } from './layout.js';
import type { Layout } from './layout.js';
import { readLz4, writeLz4 } from './lz4.js';
import { lengthBytes, readSafetensors, readTensors } from './safetensors.js';
import type { Container } from './safetensors.js';
import type { StoredTensor } from './tensors.js';

/** All metadata of a compressed file. */
export const compactMetadata = { format: formatName, version: '2', header: 'LZ4 block' } as const;

/**
 * The tensors and metadata of a file, compressed or plain.
 *
 * @throws ModelFileError saying what is wrong, where, and what is allowed.
 */
export function readContainer(file: Uint8Array): Container {
  const outer = readSafetensors(file);
  if (!outer.metadata.has('header')) return outer;
  for (const [key, expected] of Object.entries(compactMetadata)) {
    const found = outer.metadata.get(key);
    if (found === expected) continue;
    throw new ModelFileError(
      `the metadata of a file with a compressed header has the ${key} ${quote(found)}; this reader knows ${quote(expected)}`,
    );
  }
  const keys = Object.keys(compactMetadata);
  asRecord(Object.fromEntries(outer.metadata), "the compressed file's metadata", keys);
  const header = bytesOf(outer, 'header');
  for (const name of outer.tensors.keys()) {
    if (name === 'data' || name === 'header') continue;
    throw new ModelFileError(
      `a file with a compressed header has the tensor ${quote(name)}; allowed: data, header`,
    );
  }
  if (header === undefined) throw new ModelFileError('the file has no compressed header in it');
  const data = bytesOf(outer, 'data') ?? new Uint8Array();
  if (data.length > 0 && data.byteOffset > header.byteOffset) {
    throw new ModelFileError('the compressed header stands before the data; allowed: behind it');
  }
  return readTensors(readLz4(header, maxHeaderBytes), data);
}

function bytesOf({ tensors }: Container, name: string): Uint8Array | undefined {
  const tensor = tensors.get(name);
  if (tensor === undefined) return undefined;
  if (tensor.dtype === 'U8' && tensor.shape.length === 1) return tensor.bytes;
  throw new ModelFileError(
    `the tensor ${quote(name)} of a file with a compressed header is ${tensor.dtype} ${quote(tensor.shape)}; allowed: U8 with one axis`,
  );
}

/** The same file with its header compressed. */
export function compact({ header, ordered, size }: Layout<StoredTensor>): Layout<StoredTensor> {
  const text = header.subarray(lengthBytes);
  let end = text.length;
  while (text[end - 1] === 0x20) end -= 1;
  const bytes = writeLz4(text.subarray(0, end));
  const u8 = (length: number) => ({ dtype: 'U8', shape: [length] }) as const;
  const packed: StoredTensor = { ...u8(bytes.length), bytes };
  const tensors = new Map([
    ...(size.payload > 0 ? [['data', u8(size.payload)] as const] : []),
    ['header', u8(bytes.length)] as const,
  ]);
  const outer = layOut(tensors, compactMetadata);
  return {
    header: outer.header,
    ordered: [...ordered, packed],
    size: {
      header: outer.header.length + bytes.length,
      payload: size.payload,
      total: outer.size.total,
    },
  };
}
