/** The detectors by their names in recipes. */
import { unknownName } from '@surge-bnn/contract';
import type { NetworkSpec } from '@surge-bnn/models';
import type { Detector } from './detector.js';
import { fasterRcnn } from './faster-rcnn.js';
import { fasterRcnnDefaults } from './options.js';
import type { DetectorContext } from './options.js';
import { ssd300Defaults } from './ssd-options.js';
import { ssd300 } from './ssd.js';

interface Kind {
  /** The options are JSON: each detector checks its own. */
  readonly build: (options: object, context: DetectorContext) => Detector;
  /** Of a picture's height and width. */
  readonly multiple: number;
  /** Whether all pictures must have one size. */
  readonly oneSize: boolean;
  /** The classifier that the backbone is, with its options. */
  readonly backbone: (options: Readonly<Record<string, unknown>>) => NetworkSpec;
  /** Names of the backbone's layers. */
  readonly layers: RegExp;
}

const kinds: Readonly<Record<string, Kind>> = {
  'faster-rcnn': {
    build: (options, context) => fasterRcnn(options, context),
    multiple: 32,
    oneSize: false,
    backbone: ({ backbone }) =>
      (backbone as NetworkSpec | undefined) ?? fasterRcnnDefaults.backbone,
    layers: /^(conv|bn|relu|layer)\d/,
  },
  ssd300: {
    build: ssd300,
    multiple: 1,
    oneSize: true,
    backbone: ({ backbone }) => (backbone as NetworkSpec | undefined) ?? ssd300Defaults.backbone,
    layers: /^features\./,
  },
};

/** What `buildDetector` knows. */
export const detectorNames: readonly string[] = Object.keys(kinds);

/**
 * @param spec a name of `detectorNames` and its options as JSON.
 * @throws InputError for another name, and as the detector's own function.
 */
export function buildDetector(spec: NetworkSpec, context: DetectorContext): Detector {
  return kindOf(spec.network).build(spec.options ?? {}, context);
}

/** Height and width of its pictures must be multiples of this. @throws InputError for a name that is none of a detector. */
export function detectorMultiple(name: string): number {
  return kindOf(name).multiple;
}

/** Whether all of its pictures must have one size, without padding. */
export function takesOneSize(name: string): boolean {
  return kindOf(name).oneSize;
}

/** The classifier whose layers the detector's backbone has. */
export function backboneSpec({ network, options = {} }: NetworkSpec): NetworkSpec {
  return kindOf(network).backbone(options);
}

/** Whether a layer of the detector is one of its backbone's. */
export function isOfBackbone(name: string, layer: string): boolean {
  return kindOf(name).layers.test(layer);
}

function kindOf(name: string): Kind {
  if (Object.hasOwn(kinds, name)) return kinds[name];
  throw unknownName('detector', name, detectorNames);
}
