/**
 * Contact sheets: pictures side by side with boxes drawn on them. Truth is drawn with a full line and predictions with a dashed one, each
 * class in a colour of its own, its name (and a prediction's score) above the box.
 */
import { InputError } from '@surge-bnn/contract';
import { decoder } from '../pictures/decode.js';
import type { Pixels } from './read.js';

/** A box to draw, in pixels of its picture. */
export interface DrawnBox {
  readonly box: readonly [number, number, number, number];
  /** Class index, for the colour. */
  readonly label: number;
  readonly text: string;
  readonly dashed?: boolean;
}

export interface Tile {
  readonly picture: Pixels;
  readonly boxes: readonly DrawnBox[];
  /** A line under the picture. */
  readonly caption: string;
}

export interface SheetOptions {
  /** Tiles in a row. Default 4. */
  readonly columns?: number;
  /** Width of a tile in pixels; pictures keep their ratio. Default 320. */
  readonly tile?: number;
}

const CAPTION = 18;
const GAP = 6;

/** Looks at the options of a sheet before anything is read for it. @throws InputError for options out of range. */
export function checkSheetOptions({ columns = 4, tile = 320 }: SheetOptions): void {
  for (const [name, value, most] of [
    ['columns', columns, 64],
    ['tile', tile, 4096],
  ] as const) {
    if (Number.isInteger(value) && value >= 1 && value <= most) continue;
    throw new InputError(
      `${name} of a contact sheet must be an integer in 1 to ${most}, got ${value}`,
    );
  }
}

/**
 * A PNG of the tiles, row by row.
 *
 * @throws InputError for no tiles, and options out of range.
 */
export async function contactSheet(
  tiles: readonly Tile[],
  { columns = 4, tile = 320 }: SheetOptions = {},
): Promise<Uint8Array> {
  if (tiles.length === 0) throw new InputError('a contact sheet needs at least one picture');
  checkSheetOptions({ columns, tile });
  const sharp = await decoder();
  const across = Math.min(columns, tiles.length);
  const drawn = await Promise.all(
    tiles.map(async (one) => {
      const { pixels, width, height } = one.picture;
      const size = { width: tile, height: Math.max(1, Math.round((height * tile) / width)) };
      const image = sharp(pixels, { raw: { width, height, channels: 3 } }).resize({
        ...size,
        fit: 'fill',
      });
      const overlay = Buffer.from(svgOf(one, size, tile / width));
      return {
        ...size,
        png: await image
          .composite([{ input: overlay }])
          .png()
          .toBuffer(),
        one,
      };
    }),
  );
  const rows: (typeof drawn)[] = [];
  for (let at = 0; at < drawn.length; at += across) rows.push(drawn.slice(at, at + across));
  let top = GAP;
  const pieces = rows.flatMap((row) => {
    const y = top;
    const tallest = Math.max(...row.map(({ height }) => height));
    top += tallest + CAPTION + GAP;
    return row.flatMap(({ png, height, one }, column) => {
      const left = GAP + column * (tile + GAP);
      const caption = Buffer.from(captionOf(one.caption, tile));
      return [
        { input: png, left, top: y },
        { input: caption, left, top: y + height },
      ];
    });
  });
  const background = '#ffffff';
  const canvas = {
    width: GAP + across * (tile + GAP),
    height: top,
    channels: 3,
    background,
  } as const;
  return sharp({ create: canvas }).composite(pieces).png().toBuffer();
}

function svgOf(
  { boxes }: Tile,
  { width, height }: { width: number; height: number },
  scale: number,
) {
  const shapes = boxes.map(({ box, label, text, dashed = false }) => {
    const [x1, y1, x2, y2] = box.map((value) => value * scale);
    const colour = colourOf(label);
    const dashes = dashed ? ' stroke-dasharray="5 3"' : '';
    // Above the box, or inside where there is no room.
    const y = y1 > 13 ? y1 - 3 : y1 + 11;
    // The outline first, then the letters on it: paint-order is not known everywhere.
    const letters = (paint: string) =>
      `<text x="${x1 + 1}" y="${y}" font-size="11" font-family="sans-serif" ${paint}>${escapeText(text)}</text>`;
    return (
      `<rect x="${x1}" y="${y1}" width="${x2 - x1}" height="${y2 - y1}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>` +
      letters('fill="#000" stroke="#000" stroke-width="3"') +
      letters(`fill="${colour}"`)
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes.join('')}</svg>`;
}

function captionOf(text: string, width: number): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${CAPTION}">` +
    `<text x="1" y="13" font-size="11" font-family="sans-serif" fill="#222">${escapeText(text)}</text></svg>`
  );
}

/** Far apart for neighbouring classes: the hue turns by the golden angle. */
function colourOf(label: number): string {
  return `hsl(${Math.round((label * 137.508 + 10) % 360)}, 90%, 60%)`;
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
}
