/**
 * A drawing becomes what a network that was trained on MNIST knows. MNIST's own preparation (LeCun et al., "Gradient-based learning
 * applied to document recognition", 1998, section III): the box of the ink is scaled, its proportions kept, so that it fits
 * into 20 x 20; that is put into 28 x 28 so that its centre of mass stands in the centre. In the published pictures the
 * shift is a whole number of pixels and brings the centre of mass to pixel (14, 14), counted from 0, or within half a pixel of it; so
 * do we. A picture of MNIST, enlarged and moved, comes back as it was: a test holds that for 2,000 of them.
 */
import { placed, resized } from './raster.js';
import type { Box, Raster } from './raster.js';

/**
 * @param ink one channel: 0 is paper, 255 is ink.
 * @param side of the network's square input; 28 for MNIST, other sizes keep its proportions.
 * @returns undefined where there is no ink.
 */
export function centredDigit(ink: Raster, side: number): Raster | undefined {
  const box = boxOfInk(ink);
  if (box === undefined) return undefined;
  const longest = Math.round((side * 20) / 28);
  const factor = longest / Math.max(box.height, box.width);
  const height = Math.max(1, Math.round(box.height * factor));
  const width = Math.max(1, Math.round(box.width * factor));
  const small = resized(ink, box, height, width);
  const mass = centreOfMass(small);
  const middle = side / 2;
  // A lopsided drawing stays inside the picture, even if its centre of mass then misses the centre.
  const top = clamp(Math.round(middle - mass.y), 0, side - height);
  const left = clamp(Math.round(middle - mass.x), 0, side - width);
  return placed(small, { top, left, height: side, width: side }, [0]);
}

/** The smallest box with all pixels that are not 0. */
function boxOfInk({ height, width, bytes }: Raster): Box | undefined {
  let [top, left, bottom, right] = [height, width, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (bytes[y * width + x] === 0) continue;
      top = Math.min(top, y);
      bottom = y;
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
  }
  if (bottom < 0) return undefined;
  return { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/** In pixels, where a pixel stands at its index. Of a picture so faint that nothing is left of it: its middle. */
function centreOfMass({ height, width, bytes }: Raster): { x: number; y: number } {
  let [mass, x, y] = [0, 0, 0];
  bytes.forEach((value, i) => {
    mass += value;
    x += value * (i % width);
    y += value * Math.floor(i / width);
  });
  return mass === 0 ? { x: width / 2, y: height / 2 } : { x: x / mass, y: y / mass };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
