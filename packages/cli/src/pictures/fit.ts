/** A raster becomes the model's input: light on dark where the model wants that, and of its size. */
import type { GraphInput } from '@surge-bnn/runtime';
import { borderOf, inverted, type InputShape, type Raster } from './picture.js';

export type InvertMode = 'auto' | 'yes' | 'no';

/**
 * Inverts if it has to be. 'auto' does so for a model with one channel whose pixels were dark on average in training (digits
 * as MNIST has them: light on dark), if the picture's border is light.
 */
export function turned(
  picture: Raster,
  mode: InvertMode,
  pixels: NonNullable<GraphInput['pixels']>,
  remarks: string[],
): Raster {
  if (mode === 'no') return picture;
  if (mode === 'yes') {
    remarks.push('inverted, as --invert says');
    return inverted(picture);
  }
  const readsLightOnDark = picture.channels === 1 && pixels.mean[0] <= 0.5;
  const [border] = borderOf(picture);
  if (!readsLightOnDark || border <= 127.5) return picture;
  remarks.push('inverted: its border is light, and the model reads light on dark (--invert no)');
  return inverted(picture);
}

/** Resizes to fit inside the shape, its proportions kept; what is left is filled with the mean of its border. */
export async function resized(
  picture: Raster,
  [height, width]: InputShape,
  remarks: string[],
): Promise<Raster> {
  if (picture.height === height && picture.width === width) return picture;
  const factor = Math.min(height / picture.height, width / picture.width);
  const inner = {
    height: Math.min(height, Math.max(1, Math.round(picture.height * factor))),
    width: Math.min(width, Math.max(1, Math.round(picture.width * factor))),
  };
  const size = (one: { height: number; width: number }) => `${one.height}x${one.width}`;
  const small = await scaled(picture, inner);
  const whole = inner.height === height && inner.width === width;
  const rest = whole ? '' : `, the rest of ${height}x${width} filled like its border`;
  remarks.push(`resized from ${size(picture)} to ${size(inner)}${rest}`);
  return whole ? small : centred(small, { height, width }, borderOf(picture));
}

async function scaled(
  { height, width, channels, bytes }: Raster,
  to: { readonly height: number; readonly width: number },
): Promise<Raster> {
  const { default: sharp } = await import('sharp');
  const raw = { height, width, channels: channels === 1 ? 1 : 3 } as const;
  const { data } = await sharp(bytes, { raw })
    .resize({ ...to, fit: 'fill' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { ...to, channels, bytes: data };
}

function centred(
  inner: Raster,
  { height, width }: { readonly height: number; readonly width: number },
  ground: readonly number[],
): Raster {
  const { channels } = inner;
  const top = Math.floor((height - inner.height) / 2);
  const left = Math.floor((width - inner.width) / 2);
  const bytes = Uint8Array.from({ length: height * width * channels }, (_, i) =>
    Math.round(ground[i % channels]),
  );
  const row = inner.width * channels;
  for (let y = 0; y < inner.height; y++) {
    bytes.set(inner.bytes.subarray(y * row, (y + 1) * row), ((top + y) * width + left) * channels);
  }
  return { height, width, channels, bytes };
}
