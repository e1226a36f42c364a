/**
 * Encoded pictures to pixels, with sharp: one decoder for both halves of every set. Colour in three channels
 * of 8 bits; what is transparent loses its alpha, a movie its later frames; EXIF's turning and colour profiles
 * are not applied, as in torchvision. libvips runs one thread for each picture: many pictures at once keep all cores busy.
 */
import type Sharp from 'sharp';
import { InputError } from '@surge-bnn/contract';
import type { Fit, Size } from './fit.js';
import { headerSize } from './header-size.js';

/** A picture that cannot be decoded to its end, with where it lies and what the decoder says. */
export class CorruptPicture extends InputError {
  constructor(
    readonly picture: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `the picture ${picture} is corrupt or cut off (${reason}); mend or remove it, or leave such ` +
        `pictures out with --skip-corrupt (recipe key data.skipCorrupt)`,
      options,
    );
  }
}

/**
 * Decodes a picture and fits it: `fit` is told its size and chooses.
 *
 * @returns RGB bytes, HWC, of the size that the fit leaves.
 * @throws what the fit refuses; CorruptPicture also for what decodes only with the decoder's warnings.
 */
export async function decodePicture(
  bytes: Uint8Array,
  picture: string,
  fit: (size: Size) => Fit,
): Promise<Uint8Array> {
  const sharp = await decoder();
  try {
    const image = sharp(bytes, { failOn: 'warning', ignoreIcc: true });
    const { before, resize, after } = fit(headerSize(bytes) ?? (await image.metadata()));
    if (before !== undefined) image.extract(before);
    // Linear with antialiasing, as PIL's bilinear. Shrinking already while a JPEG is decoded is left to
    // cases where it cannot be seen.
    if (resize !== undefined) {
      image.resize({ ...resize, fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false });
    }
    if (after !== undefined) image.extract(after);
    return await image.toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' }).toBuffer();
  } catch (error) {
    if (error instanceof InputError) throw error; // the fit's own
    // A decoder's complaints may fill lines; the first says it.
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new CorruptPicture(picture, reason, { cause: error });
  }
}

/** Which decoder it is, in words: another version may give other pixels. */
export async function decoderName(): Promise<string> {
  const { versions } = await decoder();
  return `sharp ${versions.sharp}, libvips ${versions.vips}`;
}

/** Loads sharp. Before a worker does, the main thread must have: some systems load it once only. */
export function decoder(): Promise<typeof Sharp> {
  loading ??= load();
  return loading;
}

let loading: Promise<typeof Sharp> | undefined;

async function load(): Promise<typeof Sharp> {
  try {
    const { default: sharp } = await import('sharp');
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new InputError(
      `sharp, which decodes pictures, cannot be loaded (${reason}); run: npm install`,
      { cause },
    );
  }
}
