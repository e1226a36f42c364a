/** A folder in VOC's layout of made-up pictures: bright squares and disks on a dark ground, of different sizes, some without objects. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomStream } from '@surge-bnn/data';
import sharp from 'sharp';

export interface ShapesOptions {
  /** Pictures of each list, by its name. */
  readonly lists: Readonly<Record<string, number>>;
  /** Every n-th picture shows nothing. Default: none does. */
  readonly emptyEvery?: number;
  /** Every n-th is grey. Default: none is. */
  readonly greyEvery?: number;
  /** Sizes that pictures take in turn. Default: one of 96 x 64. */
  readonly sizes?: readonly (readonly [width: number, height: number])[];
  /** Draws this one alone. Default: either. */
  readonly only?: Shape['name'];
  /** Marks the objects of every n-th picture as difficult. Default: none. */
  readonly difficultEvery?: number;
}

/** @returns the folder, which the caller removes. */
export async function shapesFolder({
  lists,
  emptyEvery = Infinity,
  greyEvery = Infinity,
  difficultEvery = Infinity,
  only,
  sizes = [[96, 64]],
}: ShapesOptions): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'shapes-'));
  for (const part of ['Annotations', 'JPEGImages', 'ImageSets/Main']) {
    await mkdir(path.join(folder, part), { recursive: true });
  }
  let number = 0;
  for (const [list, count] of Object.entries(lists)) {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) {
      number += 1;
      const id = `shape${String(number).padStart(4, '0')}`;
      const [width, height] = sizes[number % sizes.length];
      const random = randomStream(number, 'shapes');
      const pixels = Uint8Array.from({ length: 3 * width * height }, () => 40 + random.integer(40));
      const objects =
        number % emptyEvery === 0
          ? []
          : [0, 1].map((half) => draw(pixels, { width, height, half, only }, random));
      const grey = number % greyEvery === 0;
      const image = sharp(pixels, { raw: { width, height, channels: 3 } });
      const png = await (grey ? image.greyscale() : image).png().toBuffer();
      await writeFile(path.join(folder, `JPEGImages/${id}.png`), png);
      const difficult = number % difficultEvery === 0 ? 1 : 0;
      const xml = annotation({ width, height }, objects, difficult);
      await writeFile(path.join(folder, `Annotations/${id}.xml`), xml);
      ids.push(id);
    }
    await writeFile(path.join(folder, `ImageSets/Main/${list}.txt`), ids.join('\n') + '\n');
  }
  return folder;
}

interface Shape {
  readonly name: 'square' | 'disk';
  /** xmin, ymin, xmax, ymax as VOC writes them. */
  readonly corners: readonly [number, number, number, number];
}

interface Half extends Pick<ShapesOptions, 'only'> {
  readonly width: number;
  readonly height: number;
  readonly half: number;
}

/** A shape somewhere in the left or the right half. */
function draw(
  pixels: Uint8Array,
  { width, height, half, only }: Half,
  random: { integer(below: number): number },
): Shape {
  const drawn = random.integer(2) === 0 ? 'square' : 'disk';
  const name = only ?? drawn;
  const side = 16 + random.integer(12);
  const left = half * (width >> 1) + random.integer((width >> 1) - side);
  const top = random.integer(height - side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [dx, dy] = [x + 0.5 - side / 2, y + 0.5 - side / 2];
      if (name === 'disk' && dx * dx + dy * dy > (side * side) / 4) continue;
      const at = 3 * ((top + y) * width + left + x);
      pixels.set(name === 'disk' ? [230, 90, 60] : [70, 120, 240], at);
    }
  }
  return { name, corners: [left + 1, top + 1, left + side, top + side] };
}

function annotation(
  { width, height }: { width: number; height: number },
  shapes: readonly Shape[],
  difficult: number,
): string {
  const objects = shapes.map(
    ({ name, corners: [x1, y1, x2, y2] }) =>
      `<object><name>${name}</name><difficult>${difficult}</difficult><bndbox><xmin>${x1}</xmin><ymin>${y1}</ymin><xmax>${x2}</xmax><ymax>${y2}</ymax></bndbox></object>`,
  );
  const size = `<size><width>${width}</width><height>${height}</height><depth>3</depth></size>`;
  return `<annotation>${size}${objects.join('')}</annotation>\n`;
}
