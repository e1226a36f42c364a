/** What a detector is trained on: a batch of pictures of one padded size, and for each what is in it. Types only. */

/** One picture of a batch. */
export interface DetectionTarget {
  /** Its position in the set. */
  readonly index: number;
  /** Of the picture within the batch, at its upper left; what is beyond is padding. */
  readonly height: number;
  readonly width: number;
  /** x1, y1, x2, y2 of each object in pixels of the batch. */
  readonly boxes: Float32Array;
  readonly classes: Int32Array;
  /** 1: difficult (VOC); whether to train on it is the trainer's choice. */
  readonly difficult: Uint8Array;
  /** 1: a crowd (COCO), usually not trained on. */
  readonly crowd: Uint8Array;
  /** From the stored picture: x' = (x - left) * scaleX, then mirrored if `flipped`; `boxesInPicture` goes back. */
  readonly left: number;
  readonly top: number;
  readonly scaleX: number;
  readonly scaleY: number;
  readonly flipped: boolean;
}

/**
 * One batch. `images` belongs to the loader and is recycled: it holds until the next batch is asked for. The targets
 * are the caller's.
 */
export interface DetectionBatch {
  /** Normalised pixels, NHWC: `count * height * width * 3`; 0 (the mean) where there is no picture. */
  readonly images: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly count: number;
  readonly targets: readonly DetectionTarget[];
  /** Corrupt pictures that were left out of it: path and reason. Absent: none. */
  readonly skipped?: readonly string[];
}
