/**
 * The sets that are published as one packed archive: CIFAR-10 and CIFAR-100 in their binary version. The
 * checksum is the archive's; its files are unpacked beside it, with a list of their own checksums.
 */
import type { PictureShape, PublishedSplit } from './types.js';

export interface ArchiveFile {
  /** The name within the archive's folder. */
  readonly name: string;
  /** Pictures in it. */
  readonly count: number;
}

export interface ArchiveEntry extends PictureShape {
  /** The folder of the set in the data directory. */
  readonly folder: string;
  readonly title: string;
  readonly licence: string;
  readonly origin: string;
  /** Folders on the web that hold the archive, tried in this order. */
  readonly mirrors: readonly string[];
  readonly archive: { readonly name: string; readonly bytes: number; readonly md5: string };
  /** The one folder that the archive holds. */
  readonly inside: string;
  readonly splits: Readonly<Record<PublishedSplit, readonly ArchiveFile[]>>;
  /** What the label bytes before each picture say, in their order: class names per kind of label. */
  readonly labels: readonly (readonly string[])[];
}

const licence =
  'none stated; its authors ask to cite A. Krizhevsky, Learning Multiple Layers, 2009';

export const cifar10: ArchiveEntry = {
  folder: 'cifar10',
  title: 'CIFAR-10',
  height: 32,
  width: 32,
  channels: 3,
  licence,
  origin: 'CIFAR-10, A. Krizhevsky; the published binary files',
  mirrors: ['https://www.cs.toronto.edu/~kriz/'],
  archive: {
    name: 'cifar-10-binary.tar.gz',
    bytes: 170_052_171,
    md5: 'c32a1d4ab5d03f1284b67883e8d87530',
  },
  inside: 'cifar-10-batches-bin',
  splits: {
    train: [1, 2, 3, 4, 5].map((i) => ({ name: `data_batch_${i}.bin`, count: 10_000 })),
    test: [{ name: 'test_batch.bin', count: 10_000 }],
  },
  labels: [words('airplane automobile bird cat deer dog frog horse ship truck')],
};

export const cifar100: ArchiveEntry = {
  folder: 'cifar100',
  title: 'CIFAR-100',
  height: 32,
  width: 32,
  channels: 3,
  licence,
  origin: 'CIFAR-100, A. Krizhevsky; the published binary files',
  mirrors: ['https://www.cs.toronto.edu/~kriz/'],
  archive: {
    name: 'cifar-100-binary.tar.gz',
    bytes: 168_513_733,
    md5: '03b5dce01913d631647c71ecec9e9cb8',
  },
  inside: 'cifar-100-binary',
  splits: {
    train: [{ name: 'train.bin', count: 50_000 }],
    test: [{ name: 'test.bin', count: 10_000 }],
  },
  labels: [
    words(
      'aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices ' +
        'household_furniture insects large_carnivores large_man-made_outdoor_things ' +
        'large_natural_outdoor_scenes large_omnivores_and_herbivores medium_mammals ' +
        'non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2',
    ),
    words(
      'apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus ' +
        'butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch ' +
        'crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo ' +
        'keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse ' +
        'mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy ' +
        'porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper ' +
        'snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television ' +
        'tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm',
    ),
  ],
};

/** Bytes of one record: the labels, then the red, the green and the blue plane. */
export function recordBytes({ labels, height, width, channels }: ArchiveEntry): number {
  return labels.length + height * width * channels;
}

function words(text: string): readonly string[] {
  return text.split(' ');
}
