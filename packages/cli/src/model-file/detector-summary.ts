/** What stands in a detector's file: nodes of body and tail, the plan that goes with them, sizes, agreement, origin. */
import type {
  DetectorDescription,
  DetectorPlan,
  FileSize,
  GraphInput,
  ModelMetadata,
} from '@surge-bnn/runtime';
import { bytes, count } from '../terminal/format.js';
import type { OpenedDetector } from './open.js';
import { formatFacts, metadataFacts } from './summary.js';
import { fileSizeText, formatNodes } from './tables.js';

export interface DetectorSummary extends DetectorDescription {
  readonly file: string;
  readonly size: FileSize;
  /** Of the pictures that the nodes' shapes are told for. */
  readonly input: GraphInput;
  readonly plan: DetectorPlan;
  readonly metadata: ModelMetadata;
}

export function summarizeDetector({
  file,
  source,
  detector,
  size,
}: OpenedDetector): DetectorSummary {
  const { plan, metadata } = detector;
  return { file, size, input: source.body.inputs[0], ...detector.describe(), plan, metadata };
}

export function formatDetectorSummary({ file, size, input, plan, ...rest }: DetectorSummary) {
  const { body, tail, memoryBytes, metadata } = rest;
  const { classes, detections } = plan;
  const shape = input.shape.join('x');
  const facts: [name: string, what: string][] = [
    ['file', fileSizeText(size)],
    ['memory', `${bytes(memoryBytes)} for pictures of ${shape}`],
    ['classes', classes.join(', ')],
    ['pictures', sizeText(plan)],
  ];
  const { pixels } = input;
  if (pixels !== undefined) {
    const { mean, std } = pixels;
    facts.push(['pixels', `(byte / 255 - ${mean.join(', ')}) / ${std.join(', ')}`]);
  }
  facts.push(
    ...stageFacts(plan),
    ['boxes', `${count(detections.most)} at most, scores above ${detections.leastScore}`],
    ...metadataFacts(metadata),
  );
  const title = `${file}: a detector of ${classes.length} classes`;
  return [
    title,
    `\nbody, of a picture of ${shape}`,
    formatNodes(body),
    ...(tail.length > 0 ? ['\ntail, of one region', formatNodes(tail)] : []),
    '',
    formatFacts(facts),
  ].join('\n');
}

/** What stands between the body's numbers and boxes. */
function stageFacts(plan: DetectorPlan): [name: string, what: string][] {
  if (plan.kind === 'single-shot') {
    const { ratios } = plan.defaultBoxes;
    const perPixel = ratios.map((ofMap) => 2 + 2 * ofMap.length);
    return [['default boxes', `${perPixel.join(', ')} at a pixel of ${ratios.length} maps`]];
  }
  const { anchors, proposals, regions } = plan;
  const perPixel = anchors.map(({ sizes, ratios }) => sizes.length * ratios.length);
  return [
    ['anchors', `${perPixel.join(', ')} at a pixel of ${anchors.length} maps`],
    ['proposals', `${count(proposals.before)} of a map, ${count(proposals.after)} of all`],
    ['regions', `${regions.bins}x${regions.bins} bins from ${regions.maps} maps`],
  ];
}

function sizeText(plan: DetectorPlan): string {
  const { size } = plan;
  const resized =
    'width' in size
      ? `stretched to ${size.width}x${size.height}`
      : `short side ${size.shortSide}, long side at most ${size.longSide}`;
  return plan.kind === 'two-stage'
    ? `${resized}, padded to multiples of ${plan.multiple}`
    : resized;
}
