/**
 * What a metric is given for each picture: the objects that are there and those that were found. Types and the
 * checks that keep a wrong number from becoming a good score.
 *
 * Boxes are x1, y1, x2, y2, four numbers each, in pixels: x2 - x1 is the width. Truth and detections of a picture use
 * the same pixels, those of the picture as it is stored.
 */
import { InputError } from '@surge-bnn/contract';

/** The objects of one picture. */
export interface PictureTruth {
  /** Four numbers an object. */
  readonly boxes: ArrayLike<number>;
  /** Class index of each object, from 0. */
  readonly classes: ArrayLike<number>;
  /** 1 where VOC calls the object difficult. Absent: none is. */
  readonly difficult?: ArrayLike<number>;
  /** 1 where COCO's box is drawn round a crowd (`iscrowd`). Absent: none is. */
  readonly crowd?: ArrayLike<number>;
  /** Square pixels, by which COCO calls an object small or large: its segment's. Absent: the box's. */
  readonly areas?: ArrayLike<number>;
}

/** What was found in one picture. */
export interface PictureDetections {
  /** Four numbers a detection. */
  readonly boxes: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
  /** Class index of each detection, from 0. */
  readonly classes: ArrayLike<number>;
}

/**
 * Refuses pictures whose arrays do not fit together, and boxes, scores and classes that are none.
 *
 * @throws InputError that names the picture and the box, counted from 0.
 */
export function checkPictures(
  truth: readonly PictureTruth[],
  detections: readonly PictureDetections[],
  classes: number,
): void {
  if (!Number.isInteger(classes) || classes < 1) {
    throw new InputError(`classes must be an integer of at least 1, got ${classes}`);
  }
  if (truth.length !== detections.length) {
    throw new InputError(
      `the truth is of ${truth.length} pictures, the detections are of ${detections.length}; each picture needs both`,
    );
  }
  truth.forEach((one, picture) => {
    const where = `the truth of picture ${picture}`;
    const count = checkBoxes(one.boxes, where);
    checkClasses(one.classes, count, classes, where);
    for (const name of ['difficult', 'crowd', 'areas'] as const) {
      const values = one[name];
      if (values !== undefined) checkLength(values, count, `${where}: ${name}`);
    }
    each(one.areas, (area, i) => {
      if (area >= 0 && Number.isFinite(area)) return;
      throw new InputError(`${where}: area ${i} must be at least 0, got ${area}`);
    });
  });
  detections.forEach((one, picture) => {
    const where = `the detections of picture ${picture}`;
    const count = checkBoxes(one.boxes, where);
    checkClasses(one.classes, count, classes, where);
    checkLength(one.scores, count, `${where}: scores`);
    each(one.scores, (score, i) => {
      if (!Number.isFinite(score)) {
        throw new InputError(`${where}: score ${i} must be finite, got ${score}`);
      }
    });
  });
}

/** How many boxes; their numbers must be finite, and no box may end before it begins. */
function checkBoxes(boxes: ArrayLike<number>, where: string): number {
  if (boxes.length % 4 !== 0) {
    throw new InputError(`${where}: boxes must have four numbers each, got ${boxes.length} in all`);
  }
  for (let i = 0; i < boxes.length / 4; i++) {
    const [x1, y1, x2, y2] = [boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]];
    const isBox = x2 >= x1 && y2 >= y1 && [x1, y1, x2, y2].every(Number.isFinite);
    if (isBox) continue;
    throw new InputError(
      `${where}: box ${i} must have finite x1 <= x2 and y1 <= y2, got ${x1}, ${y1}, ${x2}, ${y2}`,
    );
  }
  return boxes.length / 4;
}

function checkClasses(
  values: ArrayLike<number>,
  count: number,
  classes: number,
  where: string,
): void {
  checkLength(values, count, `${where}: classes`);
  each(values, (value, i) => {
    if (Number.isInteger(value) && value >= 0 && value < classes) return;
    throw new InputError(
      `${where}: class ${i} must be an integer in 0 to ${classes - 1}, got ${value}`,
    );
  });
}

function checkLength(values: ArrayLike<number>, count: number, what: string): void {
  if (values.length === count) return;
  throw new InputError(`${what} must be as many as the boxes, ${count}, got ${values.length}`);
}

function each(
  values: ArrayLike<number> | undefined,
  look: (value: number, i: number) => void,
): void {
  for (let i = 0; values !== undefined && i < values.length; i++) look(values[i], i);
}
