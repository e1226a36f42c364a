/** What a Faster R-CNN is built from, with torchvision's defaults, and the check of it. */
import { checkChoice, checkKeys, InputError } from '@surge-bnn/contract';
import type { BuildContext, NetworkSpec } from '@surge-bnn/models';
import type { boxes } from '@surge-bnn/runtime';
import { anchorTargetDefaults, type AnchorTargetOptions } from '../training/anchor-targets.js';
import { regionTargetDefaults, type RegionTargetOptions } from '../training/region-targets.js';
import {
  checkBackbone,
  checkClasses,
  checkMomentum,
  checkNumbers,
  checkedGroup,
} from './option-checks.js';

const NAME = 'fasterRcnn';

type Precision = 'full' | 'binary';

export interface FasterRcnnOptions {
  /** A ResNet of @surge-bnn/models with its options: width, precision, activation, .. */
  backbone: NetworkSpec;
  /** fpn: a feature pyramid, and two dense layers as the head. c4: proposals from stage 3, stage 4 as the head. */
  neck: 'fpn' | 'c4';
  /** Whether the 3x3 convolution of the proposal network is binary. Default 'full'. */
  proposalPrecision: Precision;
  /** Whether the pyramid's convolutions, and the head's dense layers, are binary. Only for 'fpn'. Default 'full'. */
  neckPrecision: Precision;
  headPrecision: Precision;
  /** Channels of the pyramid; 256 for a backbone of width 64. */
  neckWidth: number;
  /** Outputs of the head's dense layers; 1024 for a backbone of width 64. */
  headWidth: number;
  /** Share of the moving statistics that the batch norms of a binary neck and head keep. */
  momentum: number;
  /** Whether the backbone's batch norms keep to their statistics, gamma and beta, as with few pictures in a batch. */
  frozenNorms: boolean;
  /** Sides of the anchors in pixels, spread over the levels of a pyramid; all of them on the one map of c4. */
  anchorSizes: readonly number[];
  anchorRatios: readonly number[];
  /** Samples of a RoIAlign bin in each direction, and whether pixels stand at half coordinates. */
  samplingRatio: number;
  aligned: boolean;
  anchors: AnchorTargetOptions;
  regions: RegionTargetOptions;
  /** Proposals in training and in detection. */
  trainingProposals: ProposalCounts;
  proposals: ProposalCounts;
  detections: boxes.DetectionOptions;
}

export interface ProposalCounts {
  /** Of each level into the suppression, and of all levels out of it. */
  readonly before: number;
  readonly after: number;
  readonly threshold: number;
}

export const fasterRcnnDefaults: FasterRcnnOptions = {
  backbone: { network: 'imagenet-resnet-18' },
  neck: 'fpn',
  proposalPrecision: 'full',
  neckPrecision: 'full',
  headPrecision: 'full',
  neckWidth: 256,
  headWidth: 1024,
  momentum: 0.9,
  frozenNorms: false,
  anchorSizes: [32, 64, 128, 256, 512],
  anchorRatios: [0.5, 1, 2],
  samplingRatio: 2,
  aligned: false,
  anchors: anchorTargetDefaults,
  regions: regionTargetDefaults,
  trainingProposals: { before: 2000, after: 2000, threshold: 0.7 },
  proposals: { before: 1000, after: 1000, threshold: 0.7 },
  detections: { leastScore: 0.05, threshold: 0.5, most: 100, smallest: 0.01 },
};

/** The options that are objects of options. */
type Group = 'anchors' | 'regions' | 'trainingProposals' | 'proposals' | 'detections';

/** What is given of the options, in a group, too; the rest are the defaults. */
export type FasterRcnnChoices = Partial<Omit<FasterRcnnOptions, Group>> & {
  [K in Group]?: Partial<FasterRcnnOptions[K]>;
};

/** As for a network of @surge-bnn/models; `classes` without the background, `inputShape` any size that pictures may have. */
export type DetectorContext = BuildContext;

/** @throws InputError naming the option, its value and what is allowed. */
export function checkedOptions(
  given: FasterRcnnChoices,
  { classes }: Pick<DetectorContext, 'classes'>,
): FasterRcnnOptions {
  checkKeys(given, Object.keys(fasterRcnnDefaults), NAME);
  const group = checkedGroup(NAME);
  const options = {
    ...fasterRcnnDefaults,
    ...given,
    anchors: group('anchors', fasterRcnnDefaults.anchors, given.anchors),
    regions: group('regions', fasterRcnnDefaults.regions, given.regions),
    trainingProposals: group(
      'trainingProposals',
      fasterRcnnDefaults.trainingProposals,
      given.trainingProposals,
    ),
    proposals: group('proposals', fasterRcnnDefaults.proposals, given.proposals),
    detections: group('detections', fasterRcnnDefaults.detections, given.detections, ['perClass']),
  };
  checkChoice(NAME, 'neck', options.neck, ['fpn', 'c4']);
  checkChoice(NAME, 'proposalPrecision', options.proposalPrecision, ['full', 'binary']);
  checkChoice(NAME, 'neckPrecision', options.neckPrecision, ['full', 'binary']);
  checkChoice(NAME, 'headPrecision', options.headPrecision, ['full', 'binary']);
  if (options.neck === 'c4') {
    for (const key of ['neckPrecision', 'headPrecision', 'neckWidth', 'headWidth'] as const) {
      if (given[key] === undefined) continue;
      throw new InputError(
        `fasterRcnn: with the neck c4 there is no ${key}; the backbone's own options say what its stage 4 is`,
      );
    }
  }
  for (const key of ['neckWidth', 'headWidth'] as const) {
    if (Number.isInteger(options[key]) && options[key] > 0) continue;
    throw new InputError(`fasterRcnn: ${key} must be a whole number > 0, got ${options[key]}`);
  }
  checkBackbone(NAME, options.backbone);
  for (const key of ['anchorSizes', 'anchorRatios'] as const) {
    checkNumbers(NAME, key, options[key]);
  }
  checkChoice(NAME, 'aligned', options.aligned, [true, false]);
  checkChoice(NAME, 'frozenNorms', options.frozenNorms, [true, false]);
  const { samplingRatio, momentum } = options;
  if (!Number.isInteger(samplingRatio) || samplingRatio < 0) {
    throw new InputError(
      `fasterRcnn: samplingRatio must be a whole number >= 0 (0: as many as a bin has pixels), got ${samplingRatio}`,
    );
  }
  checkMomentum(NAME, momentum);
  checkClasses(NAME, classes);
  if (options.neck === 'fpn' && options.anchorSizes.length !== PYRAMID_LEVELS) {
    throw new InputError(
      `fasterRcnn: anchorSizes must be ${PYRAMID_LEVELS} with the neck fpn, one for each level, got ${options.anchorSizes.length}`,
    );
  }
  return options;
}

/** P2 to P5, and P6 for proposals alone. */
export const PYRAMID_LEVELS = 5;
