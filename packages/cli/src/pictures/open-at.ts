/** A data set by the name on a command line, as a network that is there already takes it. */
import { openPictures, takesSize } from '@surge-bnn/data';
import type { DatasetName, LoadOptions, PictureSet } from '@surge-bnn/data';

/**
 * Opens one half of a set. One whose pictures become any size (`folder`, `imagenet`) gets that of the network's input; the
 * others have their own.
 *
 * @param side height and width of the network's input.
 * @throws InputError as `openPictures`, which refuses a name that it does not know.
 */
export function openAt(
  name: string,
  side: number,
  options: Pick<LoadOptions, 'split' | 'directory'>,
): Promise<PictureSet> {
  const size = takesSize(name) ? { size: side } : {};
  return openPictures(name as DatasetName, { ...options, ...size });
}
