/** A detector's plan from its JSON, read strictly: what is not known, missing, or out of range is refused. */
import type { AnchorShapes } from '../boxes/anchors.js';
import type { PictureSize } from '../boxes/box.js';
import type {
  DefaultBoxRule,
  DetectorPlan,
  RegionPlan,
  SingleShotPlan,
  SizeRule,
  TwoStagePlan,
} from '../detector/plan.js';
import { ModelFileError } from '../model-file-error.js';
import { asList, asObject, asRecord, asStrings, quote } from './json.js';
import type { Json } from './model-source.js';
import { mostLevels, mostPixels, PlanReader } from './plan-reader.js';

/** Most boxes that go into a suppression or come out of one. */
export const mostBoxes = 2 ** 16;
/** Most classes. */
export const mostClasses = 2 ** 14;

const ofSize = "the detector's size";

/** @throws ModelFileError naming the key, its value and what is allowed. */
export function readPlan(given: Json): DetectorPlan {
  const { kind } = asObject(given, 'the detector');
  if (kind === 'two-stage') return readTwoStage(given);
  if (kind === 'single-shot') return readSingleShot(given);
  throw new ModelFileError(
    kind === undefined
      ? 'the detector has no "kind"; allowed: two-stage, single-shot'
      : `the detector: kind is ${quote(kind)}; allowed: two-stage, single-shot`,
  );
}

function readTwoStage(given: Json): TwoStagePlan {
  const plan = new PlanReader(given, 'the detector', [
    ...['kind', 'classes', 'size', 'multiple', 'anchors', 'proposals', 'regions', 'detections'],
  ]);
  return {
    kind: 'two-stage',
    classes: readClasses(plan),
    size: readSize(plan.value('size')),
    multiple: plan.integer('multiple', 1, mostPixels),
    anchors: asList(plan.value('anchors'), "the detector's anchors").map(readAnchors),
    proposals: readProposals(plan.value('proposals')),
    regions: readRegions(plan.value('regions')),
    detections: readDetections(plan.value('detections')),
  };
}

function readSingleShot(given: Json): SingleShotPlan {
  const plan = new PlanReader(given, 'the detector', [
    ...['kind', 'classes', 'size', 'defaultBoxes', 'detections'],
  ]);
  return {
    kind: 'single-shot',
    classes: readClasses(plan),
    size: readSides(plan.value('size')),
    defaultBoxes: readDefaultBoxes(plan.value('defaultBoxes')),
    detections: readDetections(plan.value('detections')),
  };
}

function readClasses(plan: PlanReader): readonly string[] {
  return asStrings(plan.value('classes'), "the detector's classes");
}

function readSize(given: Json | undefined): SizeRule {
  const keys = asRecord(given, ofSize, [], ['shortSide', 'longSide', 'width', 'height']);
  if ('width' in keys || 'height' in keys) return readSides(given);
  const size = new PlanReader(given, ofSize, ['shortSide', 'longSide']);
  const longSide = size.integer('longSide', 1, mostPixels);
  return { shortSide: size.integer('shortSide', 1, longSide), longSide };
}

function readSides(given: Json | undefined): PictureSize {
  const size = new PlanReader(given, ofSize, ['width', 'height']);
  return {
    width: size.integer('width', 1, mostPixels),
    height: size.integer('height', 1, mostPixels),
  };
}

function readDefaultBoxes(given: Json | undefined): DefaultBoxRule {
  const where = "the detector's defaultBoxes";
  const boxes = new PlanReader(given, where, ['scales', 'ratios', 'strides', 'weights']);
  const lists = asList(boxes.value('ratios'), `${where}, ratios,`);
  if (lists.length < 1 || lists.length > mostLevels) {
    throw new ModelFileError(
      `${where}: ratios are those of ${lists.length} maps; allowed: 1 to ${mostLevels}`,
    );
  }
  const ratios = lists.map((ofMap, map) =>
    new PlanReader({ ratios: ofMap }, `${where} of map ${map}`, ['ratios']).positives('ratios', 0),
  );
  return {
    scales: boxes.positives('scales', lists.length + 1, lists.length + 1),
    ratios,
    strides: boxes.positives('strides', 0, lists.length),
    weights: boxes.weights(),
  };
}

function readAnchors(given: Json, level: number): AnchorShapes {
  const anchors = new PlanReader(given, `the detector's anchors of level ${level}`, [
    'sizes',
    'ratios',
  ]);
  return { sizes: anchors.positives('sizes'), ratios: anchors.positives('ratios') };
}

function readProposals(given: Json | undefined): TwoStagePlan['proposals'] {
  const keys = ['before', 'after', 'threshold', 'smallest', 'weights'];
  const proposals = new PlanReader(given, "the detector's proposals", keys);
  return {
    before: proposals.integer('before', 0, mostBoxes),
    after: proposals.integer('after', 0, mostBoxes),
    threshold: proposals.number('threshold'),
    smallest: proposals.number('smallest'),
    weights: proposals.weights(),
  };
}

function readRegions(given: Json | undefined): RegionPlan {
  const keys = ['maps', 'firstLevel', 'bins', 'samplingRatio', 'aligned', 'weights'];
  const regions = new PlanReader(given, "the detector's regions", keys);
  return {
    maps: regions.integer('maps', 1, mostLevels),
    firstLevel: regions.integer('firstLevel', 0, mostLevels),
    bins: regions.integer('bins', 1, mostLevels),
    samplingRatio: regions.integer('samplingRatio', 0, mostLevels),
    aligned: regions.flag('aligned'),
    weights: regions.weights(),
  };
}

function readDetections(given: Json | undefined): DetectorPlan['detections'] {
  const keys = ['leastScore', 'threshold', 'most', 'smallest'];
  const detections = new PlanReader(given, "the detector's detections", keys, ['perClass']);
  return {
    leastScore: detections.number('leastScore'),
    threshold: detections.number('threshold'),
    most: detections.integer('most', 0, mostBoxes),
    smallest: detections.number('smallest'),
    ...(detections.has('perClass') && { perClass: detections.integer('perClass', 0, mostBoxes) }),
  };
}
