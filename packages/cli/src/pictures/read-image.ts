/** Image files as rasters of one or three channels: PNG, JPEG and whatever else sharp decodes. */
import { readFile } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import { whyUnreadable } from '../model-file/open.js';
import type { Raster } from './picture.js';

/**
 * Decodes a file upright (as its EXIF data say), in 8 bits per channel, as grey (1) or sRGB (3). What is transparent is put on
 * white, or on black if what is drawn on it is light: ink on a transparent ground stays visible.
 *
 * @param remarks gets a line when something was transparent.
 * @throws InputError naming a file that is missing or no image.
 */
export async function readImage(file: string, channels: 1 | 3, remarks: string[]): Promise<Raster> {
  const content = await readFile(file).catch((error: unknown) => {
    throw new InputError(`the picture ${file} ${whyUnreadable(error)}`, { cause: error });
  });
  const { default: sharp } = await import('sharp');
  try {
    // With alpha also for grey pictures, which sharp would hand out without it.
    const { data, info } = await sharp(content)
      .autoOrient()
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { height, width } = info;
    const colour = composed(data, remarks);
    return { height, width, channels, bytes: channels === 1 ? grey(colour) : colour };
  } catch (error) {
    // A decoder's complaints may fill lines; the first says it.
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new InputError(`${file} is no image that can be read (PNG, JPEG): ${reason}`, {
      cause: error,
    });
  }
}

/** Red, green and blue as JPEG weighs them; a grey pixel keeps its value exactly. */
function grey(colour: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: colour.length / 3 }, (_, i) =>
    Math.round(0.299 * colour[3 * i] + 0.587 * colour[3 * i + 1] + 0.114 * colour[3 * i + 2]),
  );
}

/** RGBA to RGB: the picture is put on a ground that it can be seen on. */
function composed(bytes: Uint8Array, remarks: string[]): Uint8Array {
  const pixels = bytes.length / 4;
  let light = 0;
  let opacity = 0;
  for (let at = 0; at < bytes.length; at += 4) {
    const alpha = bytes[at + 3];
    opacity += alpha;
    light += ((bytes[at] + bytes[at + 1] + bytes[at + 2]) / 3) * alpha;
  }
  const ground = light > 127.5 * opacity ? 0 : 255;
  const result = new Uint8Array(3 * pixels);
  for (let i = 0; i < result.length; i++) {
    const at = 4 * Math.floor(i / 3);
    const share = bytes[at + 3] / 255;
    result[i] = Math.round(bytes[at + (i % 3)] * share + ground * (1 - share));
  }
  if (opacity < 255 * pixels) {
    remarks.push(`what is transparent was put on ${ground === 0 ? 'black' : 'white'}`);
  }
  return result;
}
