/** What is known of a training picture, and its check. */
import { InputError } from '@surge-bnn/contract';
import { boxes as arithmetic } from '@surge-bnn/runtime';

/** The objects of one picture; perhaps none. */
export interface Truth {
  /** x1, y1, x2, y2 for each object, in pixels of the resized picture. */
  readonly boxes: Float32Array;
  /** 1 .. classes for each object; 0 is the background's. */
  readonly classes: Int32Array;
}

/**
 * The objects that can be learned from: boxes clipped to the picture, those without area there left out. (An augmentation
 * crops, and public annotations hold such boxes.)
 *
 * @param classes number of classes besides the background.
 * @param where names the picture in errors.
 * @throws InputError for a coordinate that is not finite, a class that is not there, or another number of classes than boxes.
 */
export function usableTruth(
  truth: Truth,
  picture: arithmetic.PictureSize,
  classes: number,
  where: string,
): Truth {
  if (truth.boxes.length !== 4 * truth.classes.length) {
    throw new InputError(
      `${where}: ${truth.boxes.length} box coordinates need ${truth.boxes.length / 4} classes, got ${truth.classes.length}`,
    );
  }
  const broken = truth.boxes.findIndex((v) => !Number.isFinite(v));
  if (broken >= 0) {
    throw new InputError(
      `${where}: object ${Math.floor(broken / 4)} holds the coordinate ${truth.boxes[broken]}; all must be finite`,
    );
  }
  const stray = truth.classes.findIndex((c) => c < 1 || c > classes);
  if (stray >= 0) {
    throw new InputError(
      `${where}: object ${stray} is of class ${truth.classes[stray]}; allowed are 1 to ${classes}`,
    );
  }
  const boxes = truth.boxes.slice();
  arithmetic.clipBoxes(boxes, picture);
  const kept = [...truth.classes.keys()].filter((i) => arithmetic.boxArea(boxes, i) > 0);
  return {
    boxes: arithmetic.takeBoxes(boxes, kept),
    classes: Int32Array.from(kept, (i) => truth.classes[i]),
  };
}
