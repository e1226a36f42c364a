/**
 * The public sets of annotated pictures: their archives with published checksums, and where they come from. The MD5 sums are those that torchvision
 * and COCO's tools compare with.
 */
import { vocClasses } from './voc.js';

/** One archive, a tar or a zip by its ending. */
export interface DetectionArchive {
  readonly name: string;
  readonly bytes: number;
  readonly md5: string;
  /** Folders on the web that hold it, tried in this order. */
  readonly mirrors: readonly string[];
  /** Which of its files are unpacked: outlines and lists for other tasks stay where they are. */
  readonly wanted: RegExp;
}

export interface DetectionEntry {
  readonly title: string;
  /** The folder in the data directory, which sets may share. */
  readonly folder: string;
  readonly archives: readonly DetectionArchive[];
  /** Pictures by list, as published. */
  readonly lists: Readonly<Record<string, number>>;
  readonly classes: readonly string[] | number;
  readonly licence: string;
  readonly origin: string;
}

/** The published sets. */
export type PublishedDetectionName =
  'voc2007' | 'voc2012' | 'voc0712' | 'coco2017' | 'coco2017-val';

const vocFiles = /(^|\/)VOC20\d\d\/(Annotations|JPEGImages|ImageSets\/Main)\/[^/]+$/;
const vocLicence = "flickr's terms of use; for research and evaluation";

const voc2007Archives: readonly DetectionArchive[] = [
  {
    name: 'VOCtrainval_06-Nov-2007.tar',
    bytes: 460_032_000,
    md5: 'c52e279531787c972589f7e41ab4ae64',
    mirrors: [
      'http://host.robots.ox.ac.uk/pascal/VOC/voc2007/',
      'https://data.pjreddie.com/files/',
    ],
    wanted: vocFiles,
  },
  {
    name: 'VOCtest_06-Nov-2007.tar',
    bytes: 451_020_800,
    md5: 'b6e924de25625d8de591ea690078ad9f',
    mirrors: [
      'http://host.robots.ox.ac.uk/pascal/VOC/voc2007/',
      'https://data.pjreddie.com/files/',
    ],
    wanted: vocFiles,
  },
];

const voc2012Archives: readonly DetectionArchive[] = [
  {
    name: 'VOCtrainval_11-May-2012.tar',
    bytes: 1_999_639_040,
    md5: '6cd6e144f989b92b3379bac3b3de84fd',
    mirrors: [
      'http://host.robots.ox.ac.uk/pascal/VOC/voc2012/',
      'https://data.pjreddie.com/files/',
    ],
    wanted: vocFiles,
  },
];

const voc = { folder: 'voc', classes: vocClasses, licence: vocLicence } as const;

const coco = {
  folder: 'coco',
  classes: 80,
  licence: "annotations CC BY 4.0; the pictures under flickr's terms of use",
  origin: 'COCO 2017, Lin et al. 2014; the published archives',
} as const;

const cocoAnnotations: DetectionArchive = {
  name: 'annotations_trainval2017.zip',
  bytes: 252_907_541,
  md5: 'f4bbac642086de4f52a3fdda2de5fa2c',
  mirrors: ['http://images.cocodataset.org/annotations/'],
  wanted: /^annotations\/instances_(train|val)2017\.json$/,
};

const cocoValidation: DetectionArchive = {
  name: 'val2017.zip',
  bytes: 815_585_330,
  md5: '442b8da7639aecaf257c1dceb8ba8c80',
  mirrors: ['http://images.cocodataset.org/zips/'],
  wanted: /^val2017\/[^/]+$/,
};

const cocoTraining: DetectionArchive = {
  name: 'train2017.zip',
  bytes: 19_336_861_798,
  md5: 'cced6f7f71b7629ddf16f17bbcfab6b2',
  mirrors: ['http://images.cocodataset.org/zips/'],
  wanted: /^train2017\/[^/]+$/,
};

export const detectionCatalogue: Readonly<Record<PublishedDetectionName, DetectionEntry>> = {
  voc2007: {
    ...voc,
    title: 'PASCAL VOC 2007',
    archives: voc2007Archives,
    lists: { train: 2501, val: 2510, trainval: 5011, test: 4952 },
    origin: 'PASCAL VOC 2007, Everingham et al.; the published archives',
  },
  voc2012: {
    ...voc,
    title: 'PASCAL VOC 2012',
    archives: voc2012Archives,
    lists: { train: 5717, val: 5823, trainval: 11_540 },
    origin: 'PASCAL VOC 2012, Everingham et al.; the published archive',
  },
  voc0712: {
    ...voc,
    title: 'PASCAL VOC 2007 and 2012',
    archives: [...voc2007Archives, ...voc2012Archives],
    lists: { trainval: 16_551, test: 4952 },
    origin:
      'PASCAL VOC 2007 and 2012, Everingham et al.; the published archives (trainval of both, test of 2007)',
  },
  coco2017: {
    ...coco,
    title: 'COCO 2017',
    archives: [cocoAnnotations, cocoValidation, cocoTraining],
    lists: { train2017: 118_287, val2017: 5000 },
  },
  'coco2017-val': {
    ...coco,
    title: 'COCO 2017, validation only',
    archives: [cocoAnnotations, cocoValidation],
    lists: { val2017: 5000 },
  },
};
