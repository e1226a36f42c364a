/** A picture file as bytes, by the browser's own decoder. */
import type { Raster } from './raster.js';
import { Refusal } from './refusal.js';

/** Longer pictures are made smaller by the browser first: 2,048 pixels are plenty for any model here. */
const mostPixels = 2048;

/**
 * RGB, turned as the camera says; what is transparent stands on white.
 *
 * @throws Refusal when the browser cannot read it.
 */
export async function readPicture(file: Blob, name: string): Promise<Raster> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch (cause) {
    throw new Refusal(`${name} is no picture that this browser can read.`, { cause });
  }
  const factor = Math.min(1, mostPixels / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * factor));
  const height = Math.max(1, Math.round(bitmap.height * factor));
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (context === null) throw new Error('this browser gives no 2D canvas');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const bytes = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) bytes[3 * i + c] = data[4 * i + c];
  }
  return { height, width, channels: 3, bytes };
}
