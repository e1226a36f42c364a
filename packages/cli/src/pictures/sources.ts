/** Pictures from where a user has them: image files, an IDX file, a data set. */
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import type { DatasetName, PublishedSplit } from '@surge-bnn/data';
import type { GraphInput } from '@surge-bnn/runtime';
import { resized, turned, type InvertMode } from './fit.js';
import { inverted, type InputShape, type Picture, type Raster } from './picture.js';
import { readImage } from './read-image.js';

/** What a model takes, and what was said about inversion. */
export interface Wanted {
  readonly shape: InputShape;
  readonly pixels: NonNullable<GraphInput['pixels']>;
  readonly invert: InvertMode;
}

/** @throws InputError for a file that is missing or no image, and for a model that takes neither grey nor colour. */
export async function fromFile(file: string, { shape, pixels, invert }: Wanted): Promise<Picture> {
  const [, , channels] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new InputError(
      `the model takes pictures of ${channels} channels; an image file gives 1 (grey) or 3 (colour)`,
    );
  }
  const remarks: string[] = [];
  const read = await readImage(file, channels, remarks);
  const fitted = await resized(turned(read, invert, pixels, remarks), shape, remarks);
  const { bytes } = fitted;
  if (bytes.every((value, i) => value === bytes[i % channels])) {
    remarks.push('there is nothing on it: every pixel is the same');
  }
  return { name: file, bytes, remarks };
}

/**
 * Pictures of an IDX file, packed with gzip or not: [count, height, width] or [count, height, width, channels] bytes. They are
 * taken as they are, because such files hold what networks are trained on; only `--invert yes` changes that.
 */
export async function fromIdx(
  file: string,
  indices: readonly number[],
  wanted: Wanted,
): Promise<Picture[]> {
  const { parseIdx, readUnpacked } = await import('@surge-bnn/data');
  const advice = 'give a file of pictures in the IDX format of MNIST';
  const { content } = await readUnpacked(file, advice);
  const { dimensions, values } = parseIdx(content, file, advice);
  if (dimensions.length !== 3 && dimensions.length !== 4) {
    throw new InputError(
      `${file} holds ${dimensions.length} dimension(s) (${dimensions.join(' x ')}), pictures have 3 or 4; ${advice}`,
    );
  }
  const [count, height, width, channels = 1] = dimensions;
  checkIndices(indices, count, path.basename(file));
  const name = path.basename(file);
  return Promise.all(
    indices.map((index) => {
      const size = height * width * channels;
      const bytes = values.subarray(index * size, (index + 1) * size);
      return asTheyAre(`${name}[${index}]`, { height, width, channels, bytes }, wanted);
    }),
  );
}

/** Pictures of a data set with their labels; taken as they are, as those of an IDX file. */
export async function fromDataset(
  name: string,
  split: string,
  indices: readonly number[],
  wanted: Wanted,
): Promise<Picture[]> {
  const { loadImages } = await import('@surge-bnn/data');
  // loadImages refuses names and splits that it does not know, with the nearest right one.
  const set = await loadImages(name as DatasetName, { split: split as PublishedSplit });
  checkIndices(indices, set.count, `${name} (${split})`);
  const size = set.height * set.width * set.channels;
  return Promise.all(
    indices.map(async (index) => {
      const bytes = set.images.subarray(index * size, (index + 1) * size);
      const picture = await asTheyAre(`${name}[${index}]`, { ...set, bytes }, wanted);
      return { ...picture, label: set.classes[set.labels[index]] };
    }),
  );
}

async function asTheyAre(name: string, picture: Raster, wanted: Wanted): Promise<Picture> {
  const { shape, invert } = wanted;
  if (picture.channels !== shape[2]) {
    throw new InputError(
      `${name} has ${picture.channels} channel(s), the model takes ${shape[2]}; its input is ${shape.join('x')}`,
    );
  }
  const remarks: string[] = [];
  if (invert === 'yes') remarks.push('inverted, as --invert says');
  const { bytes } = await resized(invert === 'yes' ? inverted(picture) : picture, shape, remarks);
  return { name, bytes, remarks };
}

function checkIndices(indices: readonly number[], count: number, where: string): void {
  const wrong = indices.find((index) => index >= count);
  if (wrong !== undefined) {
    throw new InputError(`${where} has no picture ${wrong}; allowed: 0 to ${count - 1}`);
  }
}
