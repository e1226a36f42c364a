/**
 * ImageNet (ILSVRC 2012), which everybody gets by hand: as folders, `train/<wnid>/*.JPEG` and `val/<wnid>/*.JPEG`,
 * or as published: `ILSVRC2012_img_train.tar`, a tar of one tar for each class, which is read where it lies.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { folderOf } from '../directory.js';
import { OpenFile, readTar } from '../tar.js';
import type {
  ChannelStatistics,
  DatasetDescription,
  DirectoryOption,
  LoadOptions,
  PublishedSplit,
} from '../types.js';
import { findPictures } from './find.js';
import { halfOf } from './layout.js';
import type { FoundPicture } from './list.js';
import { cachedList, listHalf, packHalf, type ListedHalf, type PictureSource } from './source.js';

const TRAIN_TAR = 'ILSVRC2012_img_train.tar';
const CLASSES = 1000;
const COUNTS = { train: 1_281_167, test: 50_000 } as const;

/** Mean and deviation of the training pictures as published with torchvision's networks, in units of 1. */
export const imageNetStatistics: ChannelStatistics = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

export const imageNetHow =
  `get it from image-net.org; put train/<wnid> (or ${TRAIN_TAR}) and val/<wnid> into the folder imagenet ` +
  'of the data directory';

/** ImageNet in `directory`, else in the folder imagenet of the data directory. */
export async function imageNet(options: LoadOptions): Promise<PictureSource> {
  const { directory, size = 224, resize = Math.round((size * 256) / 224) } = options;
  const where = directory === undefined ? folderOf('imagenet', options) : path.resolve(directory);
  if (!existsSync(where)) {
    throw new InputError(`ImageNet is not there: no ${where}; ${imageNetHow}`);
  }
  const train = await listImageNet(where, 'train');
  const { classes, labels } = train;
  const isWhole = classes.length === CLASSES && labels.length === COUNTS.train;
  return {
    name: 'imagenet',
    // A part of it must not pass for the whole.
    title: isWhole
      ? 'ImageNet (ILSVRC 2012)'
      : `a part of ImageNet (${classes.length} classes, ${labels.length} training pictures)`,
    origin: `ILSVRC 2012, Russakovsky et al. 2015; ${where}`,
    where,
    size,
    resize,
    skipCorrupt: options.skipCorrupt ?? false,
    decode: 'each-batch',
    statistics: imageNetStatistics,
    list: async (split) => (split === 'train' ? train : listImageNet(where, split)),
  };
}

export function describeImageNet(options: DirectoryOption): DatasetDescription {
  const where = folderOf('imagenet', options);
  const has = (name: string) => existsSync(path.join(where, name));
  const missing = [
    ...(has('train') || has(TRAIN_TAR) ? [] : [`train or ${TRAIN_TAR}`]),
    ...(has('val') || has('test') ? [] : ['val']),
  ];
  return {
    name: 'imagenet',
    title: 'ImageNet (ILSVRC 2012)',
    ...COUNTS,
    classes: [],
    height: 224,
    width: 224,
    channels: 3,
    bytes: 0,
    how: imageNetHow,
    licence: 'non-commercial research; terms of image-net.org',
    origin: 'ILSVRC 2012, Russakovsky et al. 2015',
    where,
    present: missing.length === 0,
    missing,
  };
}

async function listImageNet(where: string, split: PublishedSplit): Promise<ListedHalf> {
  const archive = path.join(where, TRAIN_TAR);
  if (existsSync(path.join(where, 'train')) || !existsSync(archive)) return listHalf(where, split);
  const train = { where: archive, files: await trainPictures(archive), folders: [] };
  if (split === 'train') return packHalf(archive, true, halfOf(train, 'train'));
  // The validation folders must have the classes of the archive: both go through the same check.
  const found = await findPictures(where);
  const files = [...train.files, ...found.files.filter(({ name }) => !name.startsWith('train/'))];
  return packHalf(where, false, halfOf({ where, files, folders: found.folders }, 'test'));
}

/** The pictures of the tars within the tar, with their places in the outer one. */
function trainPictures(archive: string): Promise<readonly FoundPicture[]> {
  return cachedList(archive, async () => {
    const source = await OpenFile.open(archive);
    try {
      const files: FoundPicture[] = [];
      for await (const entry of readTar(source, archive)) {
        const wnid = /(?:^|\/)(n\d{8})\.tar$/.exec(entry.name)?.[1];
        if (wnid === undefined) {
          throw new InputError(
            `${archive} holds ${entry.name}, which is no class's tar (n01440764.tar)`,
          );
        }
        const inner = `${archive}, ${entry.name}`;
        for await (const { name, offset, size } of readTar(
          source,
          inner,
          entry.offset,
          entry.size,
        )) {
          files.push({ name: `train/${wnid}/${name}`, offset, size });
        }
      }
      return files;
    } finally {
      await source.close();
    }
  });
}
