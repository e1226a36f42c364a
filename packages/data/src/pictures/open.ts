/**
 * Opens sources of pictures as a recipe asks: decoded once or batch by batch; and the source for folders and
 * archives of the user's own.
 */
import path from 'node:path';
import { InputError, unknownName } from '@surge-bnn/contract';
import type { LoadOptions, PictureSet } from '../types.js';
import { decodeOnce } from './decoded.js';
import { openFiles } from './file-set.js';
import { listHalf, type PictureSource } from './source.js';

/** One half of a source, decoded as the options say, else as is usual for the source. */
export async function openSource(
  source: PictureSource,
  { split, decode = source.decode, onDecode }: LoadOptions,
): Promise<PictureSet> {
  switch (decode) {
    case 'once':
      return decodeOnce(source, split, onDecode);
    case 'each-batch':
      return openFiles(source, split);
    default:
      throw unknownName('data.decode', String(decode), ['once', 'each-batch']);
  }
}

/** `train/<class>/..` and `test/<class>/..` (or `val`) in a folder or a tar archive. */
export function folderSource(options: LoadOptions): PictureSource {
  const { directory, size, resize = size, skipCorrupt = false } = options;
  if (directory === undefined) {
    throw new InputError(
      'data set "folder" needs data.directory: a folder of pictures, or a tar archive of them',
    );
  }
  if (size === undefined || resize === undefined) {
    throw new InputError(
      'data set "folder" needs data.size: the height and width in pixels that the network gets',
    );
  }
  const where = path.resolve(directory);
  return {
    name: 'folder',
    title: `the pictures of ${path.basename(where)}`,
    origin: `the pictures of ${where}`,
    where,
    size,
    resize,
    skipCorrupt,
    decode: 'once',
    list: (split) => listHalf(where, split),
  };
}
