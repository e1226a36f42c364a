/**
 * Small public sets of annotated pictures that are published as a repository on GitHub, each at one commit. None of them is PASCAL VOC or COCO, and
 * their titles must not let anybody think so.
 *
 * GitHub makes a commit's archive when it is asked for and does not promise the same bytes tomorrow, so an archive has no checksum here: what is
 * unpacked has one, over the names and bytes of the set's files (repository-content.ts). The sums were computed from copies of these commits in tar
 * archives, which are sets of their own here and known by the SHA-256 of the archive.
 */
import {
  bccdLayout,
  indoorLayout,
  raccoonLayout,
  type RepositoryLayout,
} from './repository-layout.js';

export type RepositorySetName = 'bccd' | 'raccoon' | 'indoor';

export interface RepositorySet {
  /** Also the folder `detection/<name>`, and the archive `detection/<name>.tar`, in the data directory. */
  readonly name: RepositorySetName;
  readonly title: string;
  readonly archive: RepositoryArchive;
  readonly layout: RepositoryLayout;
  /** How many files the set has, and the SHA-256 of their names and bytes. */
  readonly content: { readonly files: number; readonly sha256: string };
  /** SHA-256 of the set as a tar archive, not compressed. */
  readonly tarSha256: string;
  /** Pictures by list. */
  readonly lists: Readonly<Record<string, number>>;
  /** Sorted, as everywhere in VOC's layout where nothing else is said. */
  readonly classes: readonly string[];
  readonly licence: string;
  readonly origin: string;
}

export interface RepositoryArchive {
  /**
   * Most bytes of the archive, as it is and unpacked. Its content is known to the byte only when all of it is there, and a server may send
   * anything.
   */
  readonly mostBytes: number;
  /** As browsers name it, too, so that one that was brought by hand is found. */
  readonly name: string;
  /** What it is called at the mirrors. */
  readonly address: string;
  readonly mirrors: readonly string[];
}

/** Ten times what the sets take: their repositories hold more than them, tables, scripts and pictures of results. */
const mostBytes = 2 ** 27;

function gitHub(repository: string, commit: string) {
  return {
    archive: {
      mostBytes,
      name: `${repository.split('/')[1]}-${commit}.tar.gz`,
      address: commit,
      mirrors: [`https://codeload.github.com/${repository}/tar.gz/`],
    },
    source: `github.com/${repository} (commit ${commit.slice(0, 7)})`,
  };
}

const bccd = gitHub('Shenggan/BCCD_Dataset', 'd272fb14cdff6e473fafeeeba32aba5f560e9e43');
const raccoon = gitHub('datitran/raccoon_dataset', '93938849301895fb73909842ba04af9b602f677a');
const indoor = gitHub('Cartucho/mAP', '3605865a350859e60c7b711838d09c4e0012c774');

export const repositorySets: Readonly<Record<RepositorySetName, RepositorySet>> = {
  bccd: {
    name: 'bccd',
    title: 'BCCD (364 pictures of blood cells)',
    archive: bccd.archive,
    layout: bccdLayout,
    content: {
      files: 732,
      sha256: '8549256e789a5582ec14bf25dd0bc8e5f19497ecb2ca651d5d9abd8a7e6da959',
    },
    tarSha256: '21c4878c74405fe59fb24dd2a69f5efe13ed8b96f323f9e96e94fbcbc12b0929',
    lists: { train: 205, val: 87, trainval: 292, test: 72 },
    classes: ['Platelets', 'RBC', 'WBC'],
    licence: 'MIT',
    origin: `${bccd.source}: pictures, annotations and lists unchanged; not every cell is annotated`,
  },
  raccoon: {
    name: 'raccoon',
    title: 'raccoon_dataset (200 pictures of raccoons)',
    archive: raccoon.archive,
    layout: raccoonLayout,
    content: {
      files: 403,
      sha256: 'cf1425a83676a2d758e60623ca4ca0ac8c34085e23b47c6b981b2878a0786ee2',
    },
    tarSha256: '78d71d1402e8bbcd328d1600d277fea59c73b3774a91e4e0c28e827977ba2d99',
    lists: { train: 160, val: 40, trainval: 200 },
    classes: ['raccoon'],
    licence: 'MIT; the pictures are "from Google and Pixabay"',
    origin: `${raccoon.source}: pictures and annotations unchanged; the lists of its tables, where val is called test`,
  },
  indoor: {
    name: 'indoor',
    title: 'indoor (85 pictures of rooms from Cartucho/mAP, not PASCAL VOC)',
    archive: indoor.archive,
    layout: indoorLayout,
    content: {
      files: 173,
      sha256: '0a6cf6bba89af69b05297da737632ebe26e7602b0dee00992d8f34a19dd76354',
    },
    tarSha256: 'a655d41e88fefced0586a1a73ddd58c80c9da99ba8005d467eb88e44dda95a81',
    lists: { train: 68, val: 17, trainval: 85 },
    classes: (
      'backpack bed book bookcase bottle bowl cabinetry chair coffeetable countertop cup diningtable doll door heater nightstand ' +
      'person pictureframe pillow pottedplant remote shelf sink sofa tap tincan tvmonitor vase wastecontainer windowblind'
    ).split(' '),
    licence: 'Apache-2.0',
    origin: `${indoor.source}, input/: pictures unchanged, annotations written as XML from its text files, lists ours`,
  },
};
