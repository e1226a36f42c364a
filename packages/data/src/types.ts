/**
 * The shapes of data that cross this package's door. Types only: usable in Node and in browsers.
 */

/** The sets that `loadImages` knows by name. */
export type DatasetName =
  | 'digits'
  | 'mnist'
  | 'fashion-mnist'
  | 'cifar10'
  | 'cifar100'
  | 'cifar100-coarse'
  | 'cifar10-jpeg'
  | 'imagenet'
  | 'folder';

/** The two published halves of a set; `validation` is cut from `train` by `split`. */
export type PublishedSplit = 'train' | 'test';
export type SplitName = PublishedSplit | 'validation';

/** Height, width and channels of one picture. */
export interface PictureShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** One class index per picture: bytes, or two bytes each for more than 256 classes. */
export type ClassLabels = Uint8Array | Uint16Array;

/** What every set of labelled pictures of one size says about itself. */
export interface SetFacts extends PictureShape {
  readonly name: string;
  /** What a number from this set must be said to come from. */
  readonly title: string;
  readonly split: SplitName;
  /** One class index per picture, each below `classes.length`. */
  readonly labels: ClassLabels;
  readonly count: number;
  /** Names of the classes, in the order of their indices. */
  readonly classes: readonly string[];
  /** Hex SHA-256, the receipt of a run's data: of an `ImageSet` the image bytes followed by the label bytes. */
  readonly sha256: string;
  /** Where the bytes came from, in words. */
  readonly origin: string;
  /** What a reader of a number should know: pictures that were left out, files that were passed over. */
  readonly remarks?: readonly string[];
}

/** Labelled pictures of one size, all in memory. */
export interface ImageSet extends SetFacts {
  /** Pixels 0..255, NHWC: `count * height * width * channels` bytes. */
  readonly images: Uint8Array;
}

/**
 * Labelled pictures in files of their own sizes, decoded batch by batch: cut to one size at random for
 * training, or resized and cut about the centre. Its receipt `sha256` is that of how they are cut, names, sizes and labels.
 */
export interface FileSet extends SetFacts {
  readonly pictures: PictureList;
  /** The shorter edge is resized to this before the centre is cut out. */
  readonly resize: number;
  /** Leave pictures that cannot be decoded out of their batch; else they are an error. */
  readonly skipCorrupt: boolean;
  /** Mean and deviation of the training pictures; absent for a test half. */
  readonly statistics?: ChannelStatistics;
}

/** Any set that batches can be made from. */
export type PictureSet = ImageSet | FileSet;

/** Where the encoded pictures lie: in shared memory, so that workers read the list where it is. */
export interface PictureList {
  /** The folder, or the tar archive if `packed`. */
  readonly root: string;
  readonly packed: boolean;
  /** The names within the root, UTF-8, one after the other. */
  readonly names: Uint8Array;
  /** First byte of each picture's name in `names`, and how many. */
  readonly nameStarts: Uint32Array;
  readonly nameLengths: Uint16Array;
  /** Where a picture's bytes begin in the archive; 0 for files. */
  readonly offsets: Float64Array;
  /** How many bytes. */
  readonly sizes: Uint32Array;
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
  | { readonly kind: 'padCrop'; readonly pixels: number; readonly padding?: 'zero' | 'reflect' }
  /**
   * A random box, resized to the picture's size: a share of the area in `scale` (absent: 0.08 to 1), a ratio
   * width / height in `ratio` (absent: 3/4 to 4/3). The first step; of pictures in files the box is cut from
   * the whole picture.
   */
  | {
      readonly kind: 'randomResizedCrop';
      readonly scale?: readonly [number, number];
      readonly ratio?: readonly [number, number];
    }
  /** Changes brightness, contrast, saturation and hue in a random order. Absent: 0. */
  | {
      readonly kind: 'colorJitter';
      readonly brightness?: number;
      readonly contrast?: number;
      readonly saturation?: number;
      readonly hue?: number;
    }
  /** AlexNet's noise along the principal components of colour (absent: 0.1). */
  | { readonly kind: 'lighting'; readonly std?: number };

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
  /**
   * Worker threads that prepare batches: by default in Node 1 for a set in memory, and one for each core (at
   * most 4) for pictures in files; 0: the calling thread (browsers). Same bits with any number.
   */
  readonly workers?: number;
  /** Is told once of every picture that could not be decoded and was left out of its batch. */
  readonly onSkip?: (picture: string) => void;
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
  /** Corrupt pictures that were left out of it: path and reason. Absent: none. */
  readonly skipped?: readonly string[];
}

/** Where the data sets live; see `dataDirectory`. */
export interface DirectoryOption {
  readonly directory?: string;
}

/** How pictures in files are read; only `cifar10-jpeg`, `imagenet` and `folder` take any of it. */
export interface PictureOptions {
  /** Height and width of what a network gets. Required for `folder`; `imagenet`: 224. */
  readonly size?: number;
  /** The shorter edge is resized to this before the centre is cut out. Default `size`; `imagenet`: 256. */
  readonly resize?: number;
  /**
   * 'once': decode all pictures to `size`, keep them in memory and in the cache (default of `folder`);
   * 'each-batch': decode them batch by batch, from their full size (default of `imagenet`).
   */
  readonly decode?: 'once' | 'each-batch';
  /** Leave out what cannot be decoded, and say so; by default it is an error. */
  readonly skipCorrupt?: boolean;
}

export interface LoadOptions extends DirectoryOption, PictureOptions {
  readonly split: PublishedSplit;
  /** Is told of pictures that are decoded now, once, to be kept in the cache: minutes for a large set. */
  readonly onDecode?: DecodeProgress;
}

/** How many of a half's pictures are decoded. */
export type DecodeProgress = (done: number, of: number) => void;

/** What `describeDatasets` knows about one set: for `surge-bnn data list`. */
export interface DatasetDescription extends PictureShape {
  readonly name: DatasetName;
  readonly title: string;
  readonly train: number;
  readonly test: number;
  readonly classes: readonly string[];
  /** Bytes to download; 0 for a set that is not downloaded. */
  readonly bytes: number;
  /** How to get it: a command, or what to do by hand. */
  readonly how: string;
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
