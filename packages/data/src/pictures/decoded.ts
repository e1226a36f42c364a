/**
 * Sets of pictures that are decoded once: fitted to one size, kept in the cache, and from then on like any set
 * in memory.
 */
import { totalmem } from 'node:os';
import { InputError } from '@surge-bnn/contract';
import { allocateBytes, allocateLabels } from '../image-set.js';
import { makeImageSet } from '../make-image-set.js';
import type { ClassLabels, DecodeProgress, ImageSet, PublishedSplit } from '../types.js';
import { cached } from './cache.js';
import { CorruptPicture, decodePicture, decoderName } from './decode.js';
import { centreFit } from './fit.js';
import { some } from './layout.js';
import { PictureReader } from './read.js';
import { CHANNELS, checkSizes, type ListedHalf, type PictureSource } from './source.js';

/** Pictures read and decoded at the same time. */
const AT_ONCE = 8;

/** What stands beside the pixels in the cache. */
interface DecodedFacts {
  readonly count: number;
  /** "path (reason)" of every picture that was left out. */
  readonly skipped: readonly string[];
}

/**
 * One half of a source as an image set.
 *
 * @throws InputError for a wrong layout, a corrupt picture (unless they are skipped), a set that does not fit
 * into memory, a cache that cannot be written.
 */
export async function decodeOnce(
  source: PictureSource,
  split: PublishedSplit,
  onDecode?: DecodeProgress,
): Promise<ImageSet> {
  checkSizes(source);
  const { name, title, size, resize, skipCorrupt } = source;
  const half = await source.list(split);
  checkMemory(source, half.labels.length);
  const decoder = await decoderName();
  const key = JSON.stringify(['decoded 1', half.stamp, size, resize, skipCorrupt, decoder]);
  const { facts, bytes } = await cached(name, key, () => decodeAll(source, half, onDecode));
  const { count, skipped } = checkFacts(facts);
  const { images, labels } = cut(bytes, count, half.classes.length, size);
  const remarks = [...half.remarks];
  if (skipped.length > 0) {
    remarks.push(`${skipped.length} corrupt picture(s) left out: ${some(skipped)}`);
  }
  checkNoneEmpty(labels, half.classes, source.where);
  return makeImageSet({
    name,
    title,
    split,
    images,
    labels,
    count,
    height: size,
    width: size,
    channels: CHANNELS,
    classes: half.classes,
    origin: `${source.origin}; decoded by ${decoder}`,
    ...(remarks.length > 0 ? { remarks } : {}),
  });
}

async function decodeAll(
  { size, resize, skipCorrupt }: PictureSource,
  { pictures, labels, classes }: ListedHalf,
  onDecode: DecodeProgress | undefined,
): Promise<{ facts: DecodedFacts; bytes: Uint8Array }> {
  const length = size * size * CHANNELS;
  const reader = new PictureReader(pictures);
  const skipped = new Map<number, string>();
  const target = allocateBytes(labels.length * length);
  let done = 0;
  try {
    await inParallel(labels.length, async (i) => {
      try {
        const bytes = await reader.read(i);
        const fitted = await decodePicture(bytes, reader.where(i), (found) =>
          centreFit(found, resize, size),
        );
        target.set(fitted, i * length);
      } catch (error) {
        if (!(error instanceof CorruptPicture) || !skipCorrupt) throw error;
        skipped.set(i, `${error.picture} (${error.reason})`);
      }
      onDecode?.(++done, labels.length);
    });
  } finally {
    await reader.close();
  }
  const kept = Array.from({ length: labels.length }, (_, i) => i).filter((i) => !skipped.has(i));
  const bytes = allocateBytes(layoutBytes(kept.length, classes.length, size));
  const parts = cut(bytes, kept.length, classes.length, size);
  kept.forEach((from, to) => {
    parts.labels[to] = labels[from];
    parts.images.set(target.subarray(from * length, (from + 1) * length), to * length);
  });
  return {
    facts: {
      count: kept.length,
      skipped: [...skipped].sort(([x], [y]) => x - y).map(([, text]) => text),
    },
    bytes,
  };
}

/** Runs `work(0)`, `work(1)`, ... a few at a time; the first failure stops the rest. */
export async function inParallel(
  count: number,
  work: (i: number) => Promise<void>,
  atOnce = AT_ONCE,
): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (next < count && !failed) {
      try {
        await work(next++);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = Array.from({ length: Math.min(atOnce, count) }, lane);
  // All lanes end before the first failure is told: nobody reads on in a closed file.
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
}

/** Labels first, so that those of two bytes lie at an even address. */
function cut(bytes: Uint8Array, count: number, classes: number, size: number) {
  const labels: ClassLabels =
    classes > 256
      ? new Uint16Array(bytes.buffer, bytes.byteOffset, count)
      : bytes.subarray(0, count);
  return {
    labels,
    images: bytes.subarray(layoutBytes(count, classes, size) - count * size ** 2 * CHANNELS),
  };
}

function layoutBytes(count: number, classes: number, size: number): number {
  return allocateLabels(0, classes).BYTES_PER_ELEMENT * count + count * size ** 2 * CHANNELS;
}

function checkMemory({ name, size }: PictureSource, count: number): void {
  const bytes = count * size ** 2 * CHANNELS;
  // Twice: while decoding, what is kept is copied out of what was tried.
  if (2 * bytes <= totalmem() / 2) return;
  const gigabytes = (value: number) => `${(value / 1e9).toFixed(1)} GB`;
  throw new InputError(
    `the ${count} pictures of "${name}" take ${gigabytes(bytes)} decoded to ${size} x ${size}, this machine has ` +
      `${gigabytes(totalmem())}; set data.decode to "each-batch", or a smaller data.size`,
  );
}

function checkNoneEmpty(labels: ClassLabels, classes: readonly string[], where: string): void {
  const seen = new Set<number>(labels);
  const empty = classes.filter((_, label) => !seen.has(label));
  if (empty.length === 0) return;
  throw new InputError(
    `${where}: every picture of ${some(empty)} is corrupt; no class may be empty`,
  );
}

/** What `decodeAll` wrote, read back. */
function checkFacts(facts: unknown): DecodedFacts {
  if (typeof facts === 'object' && facts !== null && 'count' in facts && 'skipped' in facts) {
    const { count, skipped } = facts;
    if (typeof count === 'number' && Array.isArray(skipped)) {
      return { count, skipped: skipped.map(String) };
    }
  }
  throw new Error(`the cache holds other facts than were written: ${JSON.stringify(facts)}`);
}
