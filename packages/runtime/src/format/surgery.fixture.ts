/** Opens a file's header and puts a changed one in its place, without any check: for tests of hostile files. */

/** The header's text and the data after it, read in the few lines that docs/format.md promises. */
export function cut(file: Uint8Array): { header: string; data: Uint8Array } {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder().decode(file.subarray(8, 8 + length));
  return { header, data: file.subarray(8 + length) };
}

/** The file with this header, padded, and this data. */
export function join(header: string, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(header.trimEnd());
  const length = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + length + data.length).fill(0x20, 8, 8 + length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(text, 8);
  file.set(data, 8 + length);
  return file;
}

/** A file whose header is this block, with this data. */
export function joinCompact(block: Uint8Array, data: Uint8Array): Uint8Array {
  const u8 = (from: number, length: number) => ({
    dtype: 'U8',
    shape: [length],
    data_offsets: [from, from + length],
  });
  const tensors = { data: u8(0, data.length), header: u8(data.length, block.length) };
  const __metadata__ = { format: 'surge-bnn', version: '2', header: 'LZ4 block' };
  const outer = JSON.stringify({ __metadata__, ...tensors });
  return join(outer, Uint8Array.from([...data, ...block]));
}

/** A place in JSON: keys and indices from the top. In a header, everything after '__metadata__', 'graph' is in the graph. */
export type Path = readonly (string | number)[];

/** The file with the value at a place of its header replaced; undefined removes it. */
export function withValue(file: Uint8Array, path: Path, value: unknown): Uint8Array {
  const { header, data } = cut(file);
  return join(replaced(header, path, value), data);
}

/** The same inside the JSON of the graph. */
export function withGraph(file: Uint8Array, path: Path, value: unknown): Uint8Array {
  return withGraphText(file, (text) => replaced(text, path, value));
}

/** The same inside another JSON of the metadata. */
export function withText(file: Uint8Array, key: string, path: Path, value: unknown): Uint8Array {
  const text = headerOf(file).metadata[key];
  return withValue(file, ['__metadata__', key], replaced(text, path, value));
}

export function withGraphText(file: Uint8Array, change: (text: string) => string): Uint8Array {
  return withValue(file, ['__metadata__', 'graph'], change(graphText(file)));
}

export function graphText(file: Uint8Array): string {
  return headerOf(file).metadata.graph;
}

/** What the header says of a tensor. */
export interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The header of a file that nobody has damaged. */
export function headerOf(file: Uint8Array) {
  const { __metadata__: metadata, ...entries } = JSON.parse(cut(file).header) as {
    readonly __metadata__: Readonly<Record<string, string>>;
  };
  return { metadata, entries: entries as Readonly<Record<string, Entry>> };
}

/** JSON text with one value replaced. */
function replaced(text: string, path: Path, value: unknown): string {
  const top: unknown = JSON.parse(text);
  const holder = path.slice(0, -1).reduce<unknown>((at, key) => childOf(at, key), top);
  const last = path[path.length - 1];
  if (typeof holder !== 'object' || holder === null) throw new Error(`nothing at ${path.join()}`);
  if (value === undefined && Array.isArray(holder)) holder.splice(Number(last), 1);
  else if (value === undefined) Reflect.deleteProperty(holder, last);
  else Object.defineProperty(holder, last, { value, enumerable: true, configurable: true });
  return JSON.stringify(top);
}

function childOf(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null) throw new Error(`nothing at ${key}`);
  const child: unknown = Reflect.get(value, key);
  return child;
}
