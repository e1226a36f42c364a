/**
 * Where everything stands in a file, and how large it is: what the writer writes and what sizes are told from. The
 * container is described in safetensors.ts.
 */
import { ModelFileError } from '../model-file-error.js';
import { maxHeaderBytes } from './convention.js';
import type { FileSize } from './model-source.js';
import { lengthBytes, metadataKey } from './safetensors.js';
import { elementBytes, tensorBytes } from './tensors.js';
import type { StoredTensor, TensorSpec } from './tensors.js';

/** A file before its data: the 8 bytes of length and the header; the tensors in the order of their data; all sizes. */
export interface Layout<Tensor extends TensorSpec> {
  readonly header: Uint8Array;
  readonly ordered: readonly Tensor[];
  readonly size: FileSize;
}

/** Where everything goes: larger elements first, else in the order given. The one place that knows a file's size. */
export function layOut<Tensor extends TensorSpec>(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Layout<Tensor> {
  const entries = [[metadataKey, JSON.stringify(metadata)]];
  const ordered = [...tensors].sort(
    ([, a], [, b]) => elementBytes[b.dtype] - elementBytes[a.dtype],
  );
  let payload = 0;
  for (const [name, { dtype, shape }] of ordered) {
    const from = payload;
    payload += tensorBytes({ dtype, shape });
    entries.push([name, JSON.stringify({ dtype, shape, data_offsets: [from, payload] })]);
  }
  // Not one object: names that look like numbers would move to its front, and "__proto__" would vanish.
  const text = entries.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join();
  const json = new TextEncoder().encode(`{${text}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > maxHeaderBytes) {
    throw new ModelFileError(`the header takes ${length} bytes; allowed: ${maxHeaderBytes}`);
  }
  const header = new Uint8Array(lengthBytes + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, lengthBytes);
  const size = { header: header.length, payload, total: header.length + payload };
  return { header, ordered: ordered.map(([, tensor]) => tensor), size };
}

/** The bytes of a file. */
export function writeSafetensors({ header, ordered, size }: Layout<StoredTensor>): Uint8Array {
  const file = new Uint8Array(size.total);
  file.set(header);
  let at = header.length;
  for (const { bytes } of ordered) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}
