/** What an SSD is built from, with torchvision's defaults, and the check of it. */
import { checkChoice, checkKeys, InputError } from '@surge-bnn/contract';
import type { PadValue } from '@surge-bnn/contract';
import type { NetworkSpec } from '@surge-bnn/models';
import { boxes as arithmetic } from '@surge-bnn/runtime';
import {
  defaultBoxTargetDefaults,
  type DefaultBoxTargetOptions,
} from '../training/default-box-targets.js';
import {
  checkBackbone,
  checkClasses,
  checkedGroup,
  checkMomentum,
  checkNumbers,
} from './option-checks.js';
import type { DetectorContext } from './options.js';

const NAME = 'ssd300';

export interface SsdOptions {
  /** VGG-16 of @surge-bnn/models with its options: width, precision, activation, batchNorm, .. As published: {precision: 'full', activation: 'relu', batchNorm: false, shortcuts: false}. */
  backbone: NetworkSpec;
  /** Whether fc6, fc7 and the extra layers are binary. Default 'full'. */
  extraPrecision: 'full' | 'binary';
  /** Whether the convolutions that predict classes and boxes are binary. Default 'full'. */
  headPrecision: 'full' | 'binary';
  /** What stands outside the picture in binary extra layers and heads. Default: 1, a border of bits; 0 where inputs stay float. */
  padValue?: PadValue;
  /** Share of the moving statistics that the batch norms of binary extra layers and heads keep. */
  momentum: number;
  /** Whether the backbone's batch norms keep to their statistics, gamma and beta, as with few pictures in a batch. */
  frozenNorms: boolean;
  /** Share of the picture that the default boxes of each map span, and one more number; ascending. */
  scales: readonly number[];
  /** Ratios of each map's default boxes, besides 1. */
  ratios: readonly (readonly number[])[];
  targets: DefaultBoxTargetOptions;
  detections: arithmetic.DetectionOptions;
}

/** Feature maps: conv4_3, fc7, and the four of the extra layers. */
export const MAPS = 6;

export const ssd300Defaults: SsdOptions = {
  backbone: { network: 'imagenet-vgg-16' },
  extraPrecision: 'full',
  headPrecision: 'full',
  momentum: 0.9,
  frozenNorms: false,
  scales: arithmetic.ssd300Plan.scales,
  ratios: arithmetic.ssd300Plan.ratios,
  targets: defaultBoxTargetDefaults,
  detections: { leastScore: 0.01, threshold: 0.45, most: 200, perClass: 400 },
};

/** What is given of the options, in a group, too; the rest are the defaults. */
export type SsdChoices = Partial<Omit<SsdOptions, 'targets' | 'detections'>> & {
  targets?: Partial<DefaultBoxTargetOptions>;
  detections?: Partial<arithmetic.DetectionOptions>;
};

/** @throws InputError naming the option, its value and what is allowed. */
export function checkedSsdOptions(
  given: SsdChoices,
  { classes, inputBinarizer }: Pick<DetectorContext, 'classes' | 'inputBinarizer'>,
): SsdOptions {
  checkKeys(given, [...Object.keys(ssd300Defaults), 'padValue'], NAME);
  const group = checkedGroup(NAME);
  const options: SsdOptions = {
    ...ssd300Defaults,
    ...given,
    targets: group('targets', ssd300Defaults.targets, given.targets),
    detections: group('detections', ssd300Defaults.detections, given.detections, ['smallest']),
  };
  checkBackbone(NAME, options.backbone);
  checkChoice(NAME, 'backbone.network', options.backbone.network, ['imagenet-vgg-16']);
  checkChoice(NAME, 'extraPrecision', options.extraPrecision, ['full', 'binary']);
  checkChoice(NAME, 'headPrecision', options.headPrecision, ['full', 'binary']);
  checkChoice(NAME, 'padValue', options.padValue, [0, 1, -1, undefined]);
  checkChoice(NAME, 'frozenNorms', options.frozenNorms, [true, false]);
  checkMomentum(NAME, options.momentum);
  checkClasses(NAME, classes);
  checkPlan(options);
  if (inputBinarizer !== 'none') checkSigns(options);
  else
    checkChoice(
      NAME,
      'padValue where inputs stay float (inputBinarizer none)',
      options.padValue ?? 0,
      [0],
    );
  return options;
}

function checkPlan({ scales, ratios }: SsdOptions): void {
  checkNumbers(NAME, 'scales', scales);
  const ascending = scales.every((scale, k) => scale > (k === 0 ? 0 : scales[k - 1]));
  if (scales.length !== MAPS + 1 || !ascending || scales.some((scale) => scale === Infinity)) {
    throw new InputError(
      `${NAME}: scales must be ${MAPS + 1} ascending numbers > 0, one for each map and one more, got [${scales}]`,
    );
  }
  const isRatio = (ratio: unknown) => typeof ratio === 'number' && ratio > 0 && ratio < Infinity;
  const areRatios = (ofMap: unknown) => Array.isArray(ofMap) && ofMap.every(isRatio);
  if (!Array.isArray(ratios) || ratios.length !== MAPS || !ratios.every(areRatios)) {
    throw new InputError(
      `${NAME}: ratios must be a list of numbers > 0 for each of ${MAPS} maps, got ${JSON.stringify(ratios)}`,
    );
  }
}

/** Behind a relu every sign is +1: what reads such a map must not be binary. */
function checkSigns({ backbone, extraPrecision, headPrecision }: SsdOptions): void {
  if (extraPrecision === 'full' && headPrecision === 'full') return;
  if (backbone.options?.['activation'] === 'relu') {
    const key = extraPrecision === 'binary' ? 'extraPrecision' : 'headPrecision';
    throw new InputError(
      `${NAME}: behind the relus of the backbone every sign would be +1; set its activation to hardtanh, or ${key} to full`,
    );
  }
  if (extraPrecision === 'full') {
    throw new InputError(
      `${NAME}: behind the relus of full extra layers every sign of the heads would be +1; set extraPrecision to binary, or headPrecision to full`,
    );
  }
}
