/** What a detector's file finds in image files, as a table and as pictures with boxes on them. */
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import type { DrawnBox, Tile } from '@surge-bnn/data';
import type { PackedDetector } from '@surge-bnn/runtime';
import { readImage } from '../pictures/read-image.js';
import { percent } from '../terminal/format.js';
import { formatTable } from '../terminal/table.js';

export interface FoundObject {
  readonly class: string;
  readonly score: number;
  /** x1, y1, x2, y2 in pixels of the picture, held upright. */
  readonly box: readonly [number, number, number, number];
}

export interface FoundInPicture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Best first. */
  readonly objects: readonly FoundObject[];
  /** Of one detection, without reading the picture. */
  readonly milliseconds: number;
  readonly remarks: readonly string[];
}

export interface Detected {
  readonly pictures: readonly FoundInPicture[];
  /** The picture with boxes, or all of them on one sheet. */
  readonly sheet: Uint8Array;
}

/** Widest picture that is drawn in its own size, and the width of each where they are several. */
const widest = 4096;
const onSheet = 640;

/**
 * @param least what has a lower score is neither told nor drawn.
 * @throws InputError for no file, and naming one that is missing or no image.
 */
export async function detectInFiles(
  detector: PackedDetector,
  files: readonly string[],
  least: number,
): Promise<Detected> {
  if (files.length === 0) throw new InputError('a detector takes image files: give one or more');
  const { contactSheet } = await import('@surge-bnn/data');
  const pictures: FoundInPicture[] = [];
  const tiles: Tile[] = [];
  for (const name of files) {
    const remarks: string[] = [];
    const { bytes: data, width, height } = await readImage(name, 3, remarks);
    // Until the compiler has done its work.
    if (pictures.length === 0) detector.detect({ data, width, height, channels: 3 });
    const start = performance.now();
    const { boxes, scores, classes, names } = detector.detect({ data, width, height, channels: 3 });
    const milliseconds = performance.now() - start;
    const kept = [...scores.keys()].filter((i) => scores[i] >= least);
    const boxOf = (i: number): DrawnBox['box'] => {
      const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4);
      return [x1, y1, x2, y2];
    };
    pictures.push({
      name,
      width,
      height,
      objects: kept.map((i) => ({ class: names[i], score: scores[i], box: boxOf(i) })),
      milliseconds,
      remarks,
    });
    tiles.push({
      picture: { pixels: data, width, height },
      boxes: kept.map((i) => ({
        box: boxOf(i),
        label: classes[i],
        text: `${names[i]} ${scores[i].toFixed(2)}`,
      })),
      caption: `${path.basename(name)}, ${kept.length} objects`,
    });
  }
  const [first] = tiles;
  const tile = tiles.length === 1 ? Math.min(widest, first.picture.width) : onSheet;
  return {
    pictures,
    sheet: await contactSheet(tiles, { tile, columns: Math.min(3, tiles.length) }),
  };
}

/** "photo.jpg" gives "photo.boxes.png", several give "boxes.png", in the folder where the command runs. */
export function sheetName(files: readonly string[]): string {
  return files.length === 1 ? `${path.parse(files[0]).name}.boxes.png` : 'boxes.png';
}

interface Row extends Partial<FoundObject> {
  readonly picture: string;
  readonly time: string;
}

export function formatFound(pictures: readonly FoundInPicture[]): string {
  const rows = pictures.flatMap(({ name, objects, milliseconds }): Row[] => {
    const time = `${milliseconds.toFixed(1)} ms`;
    if (objects.length === 0) return [{ picture: name, time }];
    return objects.map((one, i) => ({
      ...one,
      picture: i === 0 ? name : '',
      time: i === 0 ? time : '',
    }));
  });
  const table = formatTable<Row>(
    [
      { title: 'picture', value: (row) => row.picture, align: 'left' },
      { title: 'object', value: (row) => row.class ?? 'nothing', align: 'left' },
      { title: 'score', value: (row) => (row.score === undefined ? '' : percent(row.score)) },
      {
        title: 'x1, y1, x2, y2',
        value: (row) => (row.box ?? []).map((v) => v.toFixed(1)).join(', '),
      },
      { title: 'time', value: (row) => row.time },
    ],
    rows,
  );
  const remarks = pictures
    .filter((one) => one.remarks.length > 0)
    .map((one) => `${one.name}: ${one.remarks.join('; ')}`);
  return [table, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}
