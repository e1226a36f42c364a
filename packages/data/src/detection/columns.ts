/**
 * Packs what a reader found into the columns of a set, and makes the set: the same for every format.
 */
import { createHash } from 'node:crypto';
import { InputError } from '@surge-bnn/contract';
import { makeList, nameAt, type FoundPicture } from '../pictures/list.js';
import { PictureReader } from '../pictures/read.js';
import type { PictureList } from '../types.js';
import type { AnnotatedPicture, AnnotationColumns, DetectionSet } from './types.js';
import type { Corners } from './flaws.js';

/** One object as a reader has it. */
export interface ReadObject {
  readonly box: Corners;
  readonly label: number;
  readonly difficult?: boolean;
  readonly truncated?: boolean;
  readonly crowd?: boolean;
  /** Of its segment; absent: the box's. */
  readonly area?: number;
}

/** One picture as a reader has it. */
export interface ReadPicture {
  readonly id: string;
  readonly file: FoundPicture;
  readonly width: number;
  readonly height: number;
  /** The line that tells the size; 0: none does. */
  readonly line: number;
  readonly objects: readonly ReadObject[];
}

/** What else a set says about itself. */
type Facts = Pick<
  DetectionSet,
  'name' | 'title' | 'list' | 'classes' | 'categoryIds' | 'annotations' | 'origin' | 'remarks'
>;

/**
 * The set of these pictures.
 *
 * @param root the folder or (if `packed`) tar archive that the files lie in.
 */
export function makeDetectionSet(
  root: string,
  packed: boolean,
  read: readonly ReadPicture[],
  facts: Facts,
): DetectionSet {
  const files = makeList(
    root,
    packed,
    read.map(({ file }) => file),
  );
  const columns = pack(read);
  const reader = new PictureReader(files);
  const pictures = read.map(({ id }, i) => viewPicture(columns, i, id, reader.where(i)));
  return {
    ...facts,
    count: read.length,
    pictures,
    files,
    columns,
    sha256: hashSet(files, columns, facts.classes),
  };
}

/**
 * The pictures at `indices` of a set, in that order: a part for validation, or fewer for a trial.
 *
 * @throws InputError for an index that no picture has.
 */
export function pickDetection(set: DetectionSet, indices: readonly number[]): DetectionSet {
  const stray = indices.find((i) => !Number.isInteger(i) || i < 0 || i >= set.count);
  if (stray !== undefined) {
    throw new InputError(
      `the set "${set.name}" has no picture ${stray}: indices are whole numbers from 0, below ${set.count}`,
    );
  }
  const read = indices.map((i) => unpackPicture(set, i));
  return makeDetectionSet(set.files.root, set.files.packed, read, set);
}

/** Sets of one root and the same classes as one, in the order given. @throws InputError for others, and for none. */
export function concatDetection(sets: readonly DetectionSet[]): DetectionSet {
  if (sets.length === 0) throw new InputError('concatDetection needs at least one set');
  const [first] = sets;
  const other = sets.find(
    ({ files, classes }) =>
      files.root !== first.files.root || classes.join('\n') !== first.classes.join('\n'),
  );
  if (other !== undefined) {
    throw new InputError(
      `only sets of one folder and the same classes become one set: "${first.title}" of ${first.files.root} ` +
        `and "${other.title}" of ${other.files.root} are not`,
    );
  }
  const read = sets.flatMap((set) => set.pictures.map((_, i) => unpackPicture(set, i)));
  const remarks = sets.flatMap((set) => set.remarks);
  const annotations = [...new Set(sets.map((set) => set.annotations))].join(', ');
  const facts = { ...first, remarks, annotations };
  return makeDetectionSet(first.files.root, first.files.packed, read, facts);
}

function unpackPicture({ pictures, columns, files }: DetectionSet, i: number): ReadPicture {
  const { id, width, height, boxes, classes, difficult, truncated, crowd, areas } = pictures[i];
  return {
    id,
    width,
    height,
    line: columns.lines[i],
    file: { name: nameAt(files, i), size: files.sizes[i], offset: files.offsets[i] },
    objects: Array.from(classes, (label, k) => ({
      box: [boxes[4 * k], boxes[4 * k + 1], boxes[4 * k + 2], boxes[4 * k + 3]] as const,
      label,
      difficult: difficult[k] === 1,
      truncated: truncated[k] === 1,
      crowd: crowd[k] === 1,
      area: areas[k],
    })),
  };
}

/** Picture `i` of the columns. */
function viewPicture(
  columns: AnnotationColumns,
  i: number,
  id: string,
  path: string,
): AnnotatedPicture {
  const [from, to] = [columns.starts[i], columns.starts[i + 1]];
  return {
    id,
    path,
    width: columns.widths[i],
    height: columns.heights[i],
    boxes: columns.boxes.subarray(4 * from, 4 * to),
    classes: columns.classes.subarray(from, to),
    difficult: columns.difficult.subarray(from, to),
    truncated: columns.truncated.subarray(from, to),
    crowd: columns.crowd.subarray(from, to),
    areas: columns.areas.subarray(from, to),
  };
}

function pack(read: readonly ReadPicture[]): AnnotationColumns {
  const count = read.length;
  const objects = read.reduce((sum, one) => sum + one.objects.length, 0);
  const shared = (bytes: number) => new SharedArrayBuffer(bytes);
  const columns: AnnotationColumns = {
    widths: new Uint32Array(shared(4 * count)),
    heights: new Uint32Array(shared(4 * count)),
    starts: new Uint32Array(shared(4 * (count + 1))),
    lines: new Uint32Array(shared(4 * count)),
    boxes: new Float32Array(shared(16 * objects)),
    classes: new Uint16Array(shared(2 * objects)),
    difficult: new Uint8Array(shared(objects)),
    truncated: new Uint8Array(shared(objects)),
    crowd: new Uint8Array(shared(objects)),
    areas: new Float64Array(shared(8 * objects)),
  };
  let at = 0;
  read.forEach((picture, i) => {
    columns.widths[i] = picture.width;
    columns.heights[i] = picture.height;
    columns.lines[i] = picture.line;
    columns.starts[i] = at;
    for (const { box, label, difficult, truncated, crowd, area } of picture.objects) {
      columns.boxes.set(box, 4 * at);
      columns.classes[at] = label;
      columns.difficult[at] = Number(difficult ?? false);
      columns.truncated[at] = Number(truncated ?? false);
      columns.crowd[at] = Number(crowd ?? false);
      columns.areas[at] = area ?? (box[2] - box[0]) * (box[3] - box[1]);
      at++;
    }
  });
  columns.starts[count] = at;
  return columns;
}

function hashSet(
  files: PictureList,
  columns: AnnotationColumns,
  classes: readonly string[],
): string {
  const hash = createHash('sha256');
  hash.update(`detection 2 ${JSON.stringify(classes)}\n`);
  for (let i = 0; i < files.sizes.length; i++) {
    hash.update(`${nameAt(files, i)}\0${files.sizes[i]}\n`);
  }
  const { widths, heights, starts, boxes, difficult, truncated, crowd, areas } = columns;
  const flags = [difficult, truncated, crowd];
  for (const column of [widths, heights, starts, boxes, columns.classes, ...flags, areas]) {
    hash.update(new Uint8Array(column.buffer));
  }
  return hash.digest('hex');
}
