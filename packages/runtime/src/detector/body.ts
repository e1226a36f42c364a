/** A detector's body, ready for pictures of one size, and what becomes of its numbers. */
import type { PictureSize } from '../boxes/box.js';
import type { Detections } from '../boxes/detections.js';
import { NotFiniteError } from '../boxes/not-finite.js';
import type { Executor } from '../execute/executor.js';
import { ModelFileError } from '../model-file-error.js';

/** Milliseconds behind the body; 0 for what a detector of one stage does not have. */
export interface StageTimes {
  readonly proposals: number;
  /** Reading the regions from the maps. */
  readonly regions: number;
  readonly tail: number;
  readonly detections: number;
}

/** What is seen in a picture, and how long that took. */
export interface Seen {
  readonly found: Detections;
  readonly times: StageTimes;
}

export interface Body extends PictureSize {
  readonly executor: Executor;
  /** With what is needed behind it for this size. */
  readonly memoryBytes: number;
  /**
   * After the body has run.
   * @param picture the size of the picture in the body's input, to which boxes are clipped.
   * @throws ModelFileError for a NaN.
   */
  readonly see: (picture: PictureSize) => Seen;
}

/** The arithmetic's refusal of a NaN, with the part of the file that it comes from. */
export function finite<T>(part: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof NotFiniteError)) throw error;
    throw new ModelFileError(`${part} of the detector overflows: ${error.message}`, {
      cause: error,
    });
  }
}
