/** What stands in a detector's file: nodes of body and tail, the plan between them, sizes, agreement, origin. */
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
  const { classes, anchors, proposals, regions, detections } = plan;
  const shape = input.shape.join('x');
  const perPixel = anchors.map(({ sizes, ratios }) => sizes.length * ratios.length);
  const facts: [name: string, what: string][] = [
    ['file', fileSizeText(size)],
    ['memory', `${bytes(memoryBytes)} for pictures of ${shape}`],
    ['classes', classes.join(', ')],
    ['pictures', `${sizeText(plan)}, padded to multiples of ${plan.multiple}`],
  ];
  const { pixels } = input;
  if (pixels !== undefined) {
    const { mean, std } = pixels;
    facts.push(['pixels', `(byte / 255 - ${mean.join(', ')}) / ${std.join(', ')}`]);
  }
  facts.push(
    ['anchors', `${perPixel.join(', ')} at a pixel of ${anchors.length} maps`],
    ['proposals', `${count(proposals.before)} of a map, ${count(proposals.after)} of all`],
    ['regions', `${regions.bins}x${regions.bins} bins from ${regions.maps} maps`],
    ['boxes', `${count(detections.most)} at most, scores above ${detections.leastScore}`],
    ...metadataFacts(metadata),
  );
  const title = `${file}: a detector of ${classes.length} classes`;
  return [
    title,
    `\nbody, of a picture of ${shape}`,
    formatNodes(body),
    '\ntail, of one region',
    formatNodes(tail),
    '',
    formatFacts(facts),
  ].join('\n');
}

function sizeText({ size }: DetectorPlan): string {
  return 'width' in size
    ? `stretched to ${size.width}x${size.height}`
    : `short side ${size.shortSide}, long side at most ${size.longSide}`;
}
