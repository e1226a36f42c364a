/** Real files, damaged by chance: in their bytes, and in the JSON of their header, which bytes seldom leave readable. */
import fc from 'fast-check';
import { readLz4, writeLz4 } from './lz4.js';
import { cut, headerOf, join, joinCompact } from './surgery.fixture.js';

/** JSON that may be changed. */
type Node = unknown[] | Record<string, unknown>;

/** One change; numbers are taken modulo what there is. */
export type Mutation =
  | { readonly kind: 'flip'; readonly at: number; readonly bits: number }
  | { readonly kind: 'delete'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'copy'; readonly at: number; readonly from: number; readonly length: number }
  | { readonly kind: 'value'; readonly at: number; readonly value: unknown }
  | { readonly kind: 'number'; readonly at: number; readonly change: number }
  | { readonly kind: 'swap'; readonly at: number; readonly from: number }
  | { readonly kind: 'give'; readonly at: number; readonly from: number }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'repeat'; readonly at: number };

const place = fc.nat(1e6);
const length = fc.integer({ min: 1, max: 64 });
const oddValues: readonly unknown[] = [
  ...[-1, -0, 0, 1, 2, 3, 7, 8, 64, 1.5, 1e6, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e308],
  ...[
    null,
    true,
    false,
    '',
    'x',
    'bits',
    'unsigned',
    'f32',
    'i32',
    'f16',
    'F32',
    'U8',
    'I32',
    'i8',
    'I8',
  ],
  ...[
    '__proto__',
    'constructor',
    'sign',
    'threshold',
    'add',
    'maxPool2d',
    'quantize',
    'scale',
    '\u0000',
  ],
  ...[[], {}, [0], [1, 1], [2 ** 26, 2], [[[]]], { window: {} }],
];

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({
    kind: fc.constant('flip' as const),
    at: place,
    bits: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant('delete' as const), at: place, length }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: place,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }),
  }),
  fc.record({ kind: fc.constant('copy' as const), at: place, from: place, length }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('value' as const),
      at: place,
      value: fc.constantFrom(...oddValues),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('number' as const),
      at: place,
      change: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer(), fc.double()),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('swap' as const), at: place, from: place }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('give' as const), at: place, from: place }),
  },
  fc.record({ kind: fc.constant('remove' as const), at: place }),
  fc.record({ kind: fc.constant('repeat' as const), at: place }),
);

export function mutate(file: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  return mutations.reduce(
    (bytes, change) => (isOfBytes(change) ? mutateBytes(bytes, change) : mutateJson(bytes, change)),
    file,
  );
}

type OfBytes = Extract<Mutation, { kind: 'flip' | 'delete' | 'insert' | 'copy' }>;

function isOfBytes(change: Mutation): change is OfBytes {
  return ['flip', 'delete', 'insert', 'copy'].includes(change.kind);
}

function mutateBytes(file: Uint8Array, change: OfBytes): Uint8Array {
  const at = change.at % (file.length + 1);
  if (change.kind === 'flip') {
    const flipped = file.slice();
    if (at < flipped.length) flipped[at] ^= change.bits;
    return flipped;
  }
  if (change.kind === 'delete') return spliced(file, at, change.length, new Uint8Array(0));
  if (change.kind === 'insert') return spliced(file, at, 0, change.bytes);
  const from = change.from % (file.length + 1);
  return spliced(file, at, change.length, file.slice(from, from + change.length));
}

function spliced(file: Uint8Array, at: number, drop: number, insert: Uint8Array): Uint8Array {
  return Buffer.concat([file.subarray(0, at), insert, file.subarray(at + drop)]);
}

/** Changes a value of the header or of the graphs and the plan in it; nothing where the header is no longer JSON. */
function mutateJson(file: Uint8Array, change: Exclude<Mutation, OfBytes>): Uint8Array {
  const opened = openJson(file);
  if (opened === undefined) return file;
  const { header, texts, data } = opened;
  const places = placesIn({ header, ...texts });
  const { holder, key } = places[change.at % places.length];
  const value: unknown = Reflect.get(holder, key);
  if (change.kind === 'value') Reflect.set(holder, key, change.value);
  if (change.kind === 'number' && typeof value === 'number') {
    Reflect.set(holder, key, value + change.change);
  }
  if (change.kind === 'remove') {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else Reflect.deleteProperty(holder, key);
  }
  if (change.kind === 'repeat' && Array.isArray(holder)) holder.splice(Number(key), 0, value);
  if (change.kind === 'swap' || change.kind === 'give') {
    // Among places of the same key, so that what comes out has a chance to be understood.
    const alike = places.filter((other) => other.key === key);
    const other = alike[change.from % alike.length];
    const theirs: unknown = Reflect.get(other.holder, other.key);
    if (change.kind === 'swap' && !contains(value, other.holder)) {
      Reflect.set(other.holder, other.key, value);
    }
    if (!contains(theirs, holder)) Reflect.set(holder, key, theirs);
  }
  const metadata: unknown = header.__metadata__;
  if (isNode(metadata)) {
    for (const [key, value] of Object.entries(texts)) {
      Reflect.set(metadata, key, JSON.stringify(value));
    }
  }
  const changed = JSON.stringify(header);
  if (!opened.isCompact) return join(changed, data);
  return joinCompact(writeLz4(new TextEncoder().encode(changed)), data);
}

function openJson(file: Uint8Array) {
  try {
    const { header: text, data, isCompact } = unpacked(file);
    const header = JSON.parse(text) as { __metadata__: Record<string, string> };
    const texts: Record<string, unknown> = {};
    for (const key of ['graph', 'tail', 'detector', 'text']) {
      const own = header.__metadata__[key];
      if (key === 'graph' || own !== undefined) texts[key] = JSON.parse(own);
    }
    return { header, texts, data, isCompact };
  } catch {
    return undefined;
  }
}

/** Header and data, of a compressed file those of the plain one. */
function unpacked(file: Uint8Array): { header: string; data: Uint8Array; isCompact: boolean } {
  const { header, data } = cut(file);
  const { metadata, entries } = headerOf(file);
  if (!('header' in metadata)) return { header, data, isCompact: false };
  const [from, to] = entries.header.data_offsets;
  const text = new TextDecoder().decode(readLz4(data.subarray(from, to), 2 ** 20));
  return { header: text, data: data.subarray(0, from), isCompact: true };
}

interface Place {
  readonly holder: Node;
  readonly key: string;
}

function placesIn(value: unknown): Place[] {
  if (!isNode(value)) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    { holder: value, key },
    ...placesIn(child),
  ]);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

/** Whether an object would hold itself. */
function contains(value: unknown, part: Node): boolean {
  if (value === part) return true;
  return isNode(value) && Object.values(value).some((child) => contains(child, part));
}
