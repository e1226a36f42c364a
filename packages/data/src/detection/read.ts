/**
 * One annotated picture in its own size, as evaluation and drawing want it.
 */
import { InputError } from '@surge-bnn/contract';
import { decodePicture } from '../pictures/decode.js';
import { PictureReader } from '../pictures/read.js';
import type { DetectionSet } from './types.js';

/** RGB bytes, HWC. */
export interface Pixels {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * The pixels of picture `index`.
 *
 * @throws InputError when it is gone, corrupt, or of another size than its annotation says.
 */
export async function readAnnotated(set: DetectionSet, index: number): Promise<Pixels> {
  const reader = new PictureReader(set.files);
  try {
    const bytes = await reader.read(index);
    const pixels = await decodePicture(bytes, reader.where(index), (found) => {
      checkPictureSize(set, index, found);
      return {};
    });
    return { pixels, width: set.columns.widths[index], height: set.columns.heights[index] };
  } finally {
    await reader.close();
  }
}

/** @throws InputError where a picture has another size than its annotation says: its boxes would lie elsewhere. */
export function checkPictureSize(
  { files, columns, annotations }: Pick<DetectionSet, 'files' | 'columns' | 'annotations'>,
  index: number,
  found: { readonly width: number; readonly height: number },
): void {
  const [width, height] = [columns.widths[index], columns.heights[index]];
  if (found.width === width && found.height === height) return;
  const picture = new PictureReader(files).where(index);
  // VOC's stands beside the folder of pictures, under the same name.
  const file = annotations.endsWith('*.xml')
    ? picture.replace(/JPEGImages([\\/])([^\\/]+)\.\w+$/, 'Annotations$1$2.xml')
    : annotations;
  throw new InputError(
    `the picture ${picture} is ${found.width} x ${found.height}, but its annotation says ` +
      `${width} x ${height} (${file}, line ${columns.lines[index]}): its boxes are of another picture, or of a turned one`,
  );
}
