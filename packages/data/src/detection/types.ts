/**
 * Annotated pictures, whatever format they come from. Types only.
 *
 * A box is x1, y1, x2, y2 in pixels, measured from the picture's left and upper edge to its right and lower one: a pixel in column i
 * reaches from i to i + 1, the whole picture is 0, 0, width, height, and x2 - x1 is a width, without a + 1. So VOC's corners, which
 * name the first and the last pixel and count from 1, become xmin - 1, ymin - 1, xmax, ymax; COCO's x, y, width, height become
 * x, y, x + width, y + height.
 */
import type { PictureList } from '../types.js';

/** One picture with its objects; it may have none. Views of the set's columns: not to be written to. */
export interface AnnotatedPicture {
  /** VOC's name without ending, COCO's id. */
  readonly id: string;
  /** Where it lies, for messages: a path, or an archive with the name in it. */
  readonly path: string;
  readonly width: number;
  readonly height: number;
  /** Four numbers an object, within the picture, none without area. */
  readonly boxes: Float32Array;
  /** Class index of each object. */
  readonly classes: Uint16Array;
  /** 1: VOC calls it difficult, and evaluation ignores it. */
  readonly difficult: Uint8Array;
  /** 1: VOC says that the picture shows a part of it only. */
  readonly truncated: Uint8Array;
  /** 1: COCO's box is drawn round a crowd. */
  readonly crowd: Uint8Array;
  /** Square pixels: of COCO's segment, else of the box. */
  readonly areas: Float64Array;
}

/** All pictures' objects one after the other, in shared memory: workers read them where they are. */
export interface AnnotationColumns {
  readonly widths: Uint32Array;
  readonly heights: Uint32Array;
  /** The first object of each picture; one entry more at the end. */
  readonly starts: Uint32Array;
  readonly boxes: Float32Array;
  readonly classes: Uint16Array;
  readonly difficult: Uint8Array;
  readonly truncated: Uint8Array;
  readonly crowd: Uint8Array;
  readonly areas: Float64Array;
  /** The line that tells a picture's size in its annotation, 0: none does. */
  readonly lines: Uint32Array;
}

/** A list of annotated pictures in files or in an archive. */
export interface DetectionSet {
  readonly name: string;
  /** What a number from this set must be said to come from. */
  readonly title: string;
  /** Which part: VOC's list (trainval, test, ..), COCO's folder (train2017, val2017). */
  readonly list: string;
  readonly count: number;
  /** Names of the classes, in the order of their indices. */
  readonly classes: readonly string[];
  /** COCO's category ids, by class index: they have gaps. */
  readonly categoryIds?: readonly number[];
  readonly pictures: readonly AnnotatedPicture[];
  readonly files: PictureList;
  readonly columns: AnnotationColumns;
  /** The file that annotates them all, or the folder of one XML file a picture. */
  readonly annotations: string;
  /** Hex SHA-256 of names, sizes in bytes, boxes, classes and flags: the receipt of a run's data. */
  readonly sha256: string;
  readonly origin: string;
  /** What a reader of a number should know: boxes that were clipped or dropped. */
  readonly remarks: readonly string[];
}

/** How flaws of annotations are met. */
export interface FlawOptions {
  /**
   * Refuse a box that leaves its picture or has no area, with file and line. Default false: it is clipped or dropped,
   * and the set's remarks say how many and where.
   */
  readonly strict?: boolean;
}
