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
    const { data, info } = await sharp(content)
      .autoOrient()
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { height, width } = info;
    if (info.channels !== channels + 1) {
      throw new Error(`it has ${info.channels} channels`);
    }
    return { height, width, channels, bytes: composed(data, channels, remarks) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`${file} is no image that can be read (PNG, JPEG): ${reason}`, {
      cause: error,
    });
  }
}

/** Drops the last channel, alpha, by putting the picture on a ground. */
function composed(bytes: Uint8Array, channels: number, remarks: string[]): Uint8Array {
  const pixels = bytes.length / (channels + 1);
  let ink = 0;
  let opacity = 0;
  for (let i = 0; i < pixels; i++) {
    const at = i * (channels + 1);
    const alpha = bytes[at + channels];
    opacity += alpha;
    for (let c = 0; c < channels; c++) ink += (bytes[at + c] * alpha) / channels;
  }
  const ground = ink / opacity > 127.5 ? 0 : 255;
  const result = new Uint8Array(pixels * channels);
  for (let i = 0; i < result.length; i++) {
    const at = Math.floor(i / channels) * (channels + 1);
    const share = bytes[at + channels] / 255;
    result[i] = Math.round(bytes[at + (i % channels)] * share + ground * (1 - share));
  }
  if (opacity < 255 * pixels) {
    remarks.push(`what is transparent was put on ${ground === 0 ? 'black' : 'white'}`);
  }
  return result;
}
