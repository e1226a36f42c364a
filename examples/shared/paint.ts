/** Pictures on a canvas. */
import type { Raster } from './raster.js';

/** Draws a picture, grey or RGB, pixel for pixel; the canvas takes its size. */
export function paint(canvas: HTMLCanvasElement, { height, width, channels, bytes }: Raster): void {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = bytes[i * channels + (c % channels)];
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}
