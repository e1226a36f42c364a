/**
 * Lists of encoded pictures in files or in an archive, kept as a few arrays in shared memory: a million
 * pictures are a million names, which no worker should get a copy of.
 */
import { createHash } from 'node:crypto';
import type { ClassLabels, PictureList } from '../types.js';

/** A picture as a walk through a folder or an archive finds it. */
export interface FoundPicture {
  /** Within the root, with "/" between its parts. */
  readonly name: string;
  readonly size: number;
  /** In an archive: where its bytes begin. */
  readonly offset?: number;
  /** Of a file: when it was changed, milliseconds. */
  readonly changed?: number;
}

/** Packs what was found, in its order. */
export function makeList(
  root: string,
  packed: boolean,
  found: readonly FoundPicture[],
): PictureList {
  const encoder = new TextEncoder();
  const encoded = found.map(({ name }) => encoder.encode(name));
  const names = new Uint8Array(buffer(encoded.reduce((sum, name) => sum + name.length, 0)));
  const list = { root, packed, names, ...emptyColumns(found.length) };
  let at = 0;
  found.forEach(({ size, offset = 0 }, i) => {
    names.set(encoded[i], at);
    list.nameStarts[i] = at;
    list.nameLengths[i] = encoded[i].length;
    list.offsets[i] = offset;
    list.sizes[i] = size;
    at += encoded[i].length;
  });
  return list;
}

/** The pictures at `indices`, in that order; the names are shared. */
export function pick(list: PictureList, indices: ArrayLike<number>): PictureList {
  const { root, packed, names } = list;
  const part = { root, packed, names, ...emptyColumns(indices.length) };
  for (let i = 0; i < indices.length; i++) {
    part.nameStarts[i] = list.nameStarts[indices[i]];
    part.nameLengths[i] = list.nameLengths[indices[i]];
    part.offsets[i] = list.offsets[indices[i]];
    part.sizes[i] = list.sizes[indices[i]];
  }
  return part;
}

/** The name of picture `i` within the root. */
export function nameAt({ names, nameStarts, nameLengths }: PictureList, i: number): string {
  // A copy: TextDecoder takes no shared memory.
  return decoder.decode(names.slice(nameStarts[i], nameStarts[i] + nameLengths[i]));
}

const decoder = new TextDecoder();

/** How pictures are cut, batch by batch, and whether a corrupt one is left out. */
export interface Cut {
  readonly size: number;
  readonly resize: number;
  readonly skipCorrupt: boolean;
}

/** Hex SHA-256 of how they are cut, and of names, sizes and labels in their order: other pixels, another hash. */
export function hashList(list: PictureList, labels: ClassLabels, cut: Cut): string {
  const { size, resize, skipCorrupt } = cut;
  const hash = createHash('sha256');
  hash.update(`each-batch ${size} ${resize} ${skipCorrupt}\n`);
  for (let i = 0; i < labels.length; i++) {
    hash.update(`${nameAt(list, i)}\0${list.sizes[i]}\0${labels[i]}\n`);
  }
  return hash.digest('hex');
}

function emptyColumns(count: number) {
  return {
    nameStarts: new Uint32Array(buffer(4 * count)),
    nameLengths: new Uint16Array(buffer(2 * count)),
    offsets: new Float64Array(buffer(8 * count)),
    sizes: new Uint32Array(buffer(4 * count)),
  };
}

function buffer(bytes: number): ArrayBuffer | SharedArrayBuffer {
  return typeof SharedArrayBuffer === 'undefined'
    ? new ArrayBuffer(bytes)
    : new SharedArrayBuffer(bytes);
}
