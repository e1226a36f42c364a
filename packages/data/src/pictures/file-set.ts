/**
 * Sets of pictures that stay encoded in their files and are decoded batch by batch.
 */
import { addToHistogram, histogramStatistics, isImageSet, pictureLength } from '../image-set.js';
import type { ChannelStatistics, FileSet, PictureSet, PublishedSplit } from '../types.js';
import { cached } from './cache.js';
import { CorruptPicture, decodePicture, decoderName } from './decode.js';
import { inParallel } from './decoded.js';
import { centreFit } from './fit.js';
import { hashList, pick } from './list.js';
import { PictureReader } from './read.js';
import { CHANNELS, checkSizes, type ListedHalf, type PictureSource } from './source.js';

/**
 * One half of a source as a set in files. The training half has its mean and deviation: the source's, or
 * measured once over all its pictures about the centre, and kept in the cache.
 *
 * @throws InputError for a wrong layout, or a corrupt picture met while measuring (unless they are skipped).
 */
export async function openFiles(source: PictureSource, split: PublishedSplit): Promise<FileSet> {
  checkSizes(source);
  const { name, title, size, resize, skipCorrupt } = source;
  const half = await source.list(split);
  const { pictures, labels, classes, remarks } = half;
  const statistics =
    split === 'train' ? (source.statistics ?? (await measure(source, half))) : undefined;
  return {
    name,
    title,
    split,
    pictures,
    labels,
    count: labels.length,
    height: size,
    width: size,
    channels: CHANNELS,
    resize,
    skipCorrupt,
    classes,
    sha256: hashList(pictures, labels, source),
    origin: `${source.origin}; decoded by ${await decoderName()}`,
    ...(statistics === undefined ? {} : { statistics }),
    ...(remarks.length > 0 ? { remarks } : {}),
  };
}

/** The pictures at `indices` as a set of its own; it keeps the statistics of the whole. */
export function pickFiles(
  set: FileSet,
  indices: ArrayLike<number>,
  split: FileSet['split'],
): FileSet {
  const pictures = pick(set.pictures, indices);
  const labels = set.labels.slice(0, indices.length);
  for (let i = 0; i < indices.length; i++) labels[i] = set.labels[indices[i]];
  const sha256 = hashList(pictures, labels, { ...set, size: set.width });
  return { ...set, split, pictures, labels, count: indices.length, sha256 };
}

/**
 * One picture as evaluation has it, before normalisation: bytes, HWC. Of a set that leaves corrupt pictures out, such a
 * one is undefined.
 *
 * @param onSkip is told of it: path and reason.
 * @throws InputError when it is gone, or corrupt in a set that leaves none out.
 */
export async function readPicture(
  set: PictureSet,
  index: number,
  onSkip?: (picture: string) => void,
): Promise<Uint8Array | undefined> {
  if (isImageSet(set)) {
    const length = pictureLength(set);
    return set.images.subarray(index * length, (index + 1) * length);
  }
  const { pictures, resize, width: size } = set;
  const reader = new PictureReader(pictures);
  try {
    const bytes = await reader.read(index);
    return await decodePicture(bytes, reader.where(index), (found) =>
      centreFit(found, resize, size),
    );
  } catch (error) {
    if (!(error instanceof CorruptPicture) || !set.skipCorrupt) throw error;
    onSkip?.(`${error.picture} (${error.reason})`);
    return undefined;
  } finally {
    await reader.close();
  }
}

async function measure(source: PictureSource, half: ListedHalf): Promise<ChannelStatistics> {
  const { name, size, resize, skipCorrupt } = source;
  const decoder = await decoderName();
  const key = JSON.stringify(['statistics 1', half.stamp, size, resize, skipCorrupt, decoder]);
  const { facts } = await cached(`${name}-statistics`, key, async () => ({
    facts: await statisticsOf(source, half),
    bytes: new Uint8Array(0),
  }));
  return facts as ChannelStatistics; // as written; the cache holds its own hash
}

async function statisticsOf(
  { size, resize, skipCorrupt }: PictureSource,
  { pictures, labels }: ListedHalf,
): Promise<ChannelStatistics> {
  const histogram = new Float64Array(CHANNELS * 256);
  const reader = new PictureReader(pictures);
  try {
    await inParallel(labels.length, async (i) => {
      try {
        const bytes = await reader.read(i);
        const pixels = await decodePicture(bytes, reader.where(i), (found) =>
          centreFit(found, resize, size),
        );
        addToHistogram(histogram, pixels, CHANNELS);
      } catch (error) {
        if (!(error instanceof CorruptPicture) || !skipCorrupt) throw error;
      }
    });
  } finally {
    await reader.close();
  }
  return histogramStatistics(histogram, CHANNELS);
}
