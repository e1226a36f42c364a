/**
 * Looks a folder or an archive of pictures over: decodes every picture and tells counts, sizes, mean and
 * deviation, and what is wrong. Changes nothing and keeps nothing.
 */
import { InputError } from '@surge-bnn/contract';
import { addToHistogram, histogramStatistics } from '../image-set.js';
import type { ChannelStatistics, PublishedSplit } from '../types.js';
import { CorruptPicture, decodePicture } from './decode.js';
import { inParallel } from './decoded.js';
import { findPictures } from './find.js';
import { halfOf, testFolderOf } from './layout.js';
import { makeList } from './list.js';
import { PictureReader } from './read.js';
import { CHANNELS } from './source.js';

/** What was found in one half. */
export interface CheckedHalf {
  /** The folder: train, test or val. */
  readonly folder: string;
  readonly count: number;
  /** Pictures by class, in the order of the labels. */
  readonly classes: readonly { readonly name: string; readonly count: number }[];
  /** Smallest and largest width and height of what can be decoded; absent when nothing can. */
  readonly width?: readonly [number, number];
  readonly height?: readonly [number, number];
  /** Over all pixels of all pictures at their own sizes, in units of 1; absent when nothing can be decoded. */
  readonly statistics?: ChannelStatistics;
  readonly corrupt: readonly { readonly picture: string; readonly reason: string }[];
  readonly remarks: readonly string[];
}

export interface CheckedPictures {
  readonly where: string;
  readonly packed: boolean;
  readonly halves: readonly CheckedHalf[];
  /** What keeps a half from being used, in sentences. */
  readonly problems: readonly string[];
}

export interface CheckOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Checks `train/<class>/..` and `test/<class>/..` (or `val`) under `where`, a folder or a tar archive.
 *
 * @throws InputError when there is no half to look at; the signal's reason when it is aborted.
 */
export async function checkPictures(
  where: string,
  options: CheckOptions = {},
): Promise<CheckedPictures> {
  const found = await findPictures(where);
  const halves: CheckedHalf[] = [];
  const problems: string[] = [];
  for (const split of ['train', 'test'] as const satisfies readonly PublishedSplit[]) {
    try {
      const half = halfOf(found, split);
      const folder = split === 'train' ? split : (testFolderOf(found) ?? split);
      const list = makeList(where, found.packed, half.pictures);
      const looked = await look(new PictureReader(list), half.labels.length, options);
      const counts = new Uint32Array(half.classes.length);
      for (const label of half.labels) counts[label]++;
      halves.push({
        folder,
        count: half.labels.length,
        classes: half.classes.map((name, label) => ({ name, count: counts[label] })),
        remarks: half.remarks,
        ...looked,
      });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error.message);
    }
  }
  if (halves.length === 0) throw new InputError(problems[0]);
  return { where, packed: found.packed, halves, problems };
}

type Looked = Pick<CheckedHalf, 'width' | 'height' | 'statistics' | 'corrupt'>;

async function look(reader: PictureReader, count: number, options: CheckOptions): Promise<Looked> {
  const histogram = new Float64Array(CHANNELS * 256);
  const widths: number[] = [];
  const heights: number[] = [];
  const corrupt = new Map<number, { picture: string; reason: string }>();
  let done = 0;
  try {
    await inParallel(count, async (i) => {
      options.signal?.throwIfAborted();
      try {
        const pixels = await decodePicture(await reader.read(i), reader.where(i), (size) => {
          widths.push(size.width);
          heights.push(size.height);
          return {};
        });
        addToHistogram(histogram, pixels, CHANNELS);
      } catch (error) {
        if (!(error instanceof CorruptPicture)) throw error;
        corrupt.set(i, { picture: error.picture, reason: error.reason });
      }
      options.onProgress?.(++done, count);
    });
  } finally {
    await reader.close();
  }
  const listed = [...corrupt].sort(([x], [y]) => x - y).map(([, one]) => one);
  if (corrupt.size === count) return { corrupt: listed };
  return {
    width: extremes(widths),
    height: extremes(heights),
    statistics: histogramStatistics(histogram, CHANNELS),
    corrupt: listed,
  };
}

function extremes(values: readonly number[]): readonly [number, number] {
  return values.reduce<readonly [number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, 0],
  );
}
