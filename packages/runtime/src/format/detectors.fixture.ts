/**
 * Small detectors for the tests of the format: one of two stages, a body of two levels, one doubled, and a tail of two dense layers; and one
 * of one stage, with two maps.
 */
import type { SingleShotPlan, TwoStagePlan } from '../detector/plan.js';
import type { Graph } from '../graph.js';
import type { ModelSource, SingleShotSource, TwoStageSource } from './model-source.js';
import { modelOf } from './models.fixture.js';

const window = (size: number, stride: number, pad: number) => ({
  size: [size, size] as const,
  strides: [stride, stride] as const,
  dilations: [1, 1] as const,
  pads: [pad, pad, pad, pad] as const,
});

const conv = (filters: number, size: number, stride = 1) =>
  ({
    op: 'conv2d',
    attributes: {
      window: window(size, stride, (size - 1) / 2),
      filters,
      groups: 1,
      padValue: 0,
      weights: 'f32',
    },
    optional: ['bias'],
  }) as const;

export const smallPlan: TwoStagePlan = {
  kind: 'two-stage',
  classes: ['cat', 'dog'],
  size: { shortSide: 8, longSide: 12 },
  multiple: 4,
  anchors: [
    { sizes: [3], ratios: [1, 2] },
    { sizes: [6, 8], ratios: [0.5] },
  ],
  proposals: { before: 20, after: 12, threshold: 0.7, smallest: 0.001, weights: [1, 1, 1, 1] },
  regions: {
    maps: 2,
    firstLevel: 1,
    bins: 2,
    samplingRatio: 2,
    aligned: false,
    weights: [10, 10, 5, 5],
  },
  detections: { leastScore: 0.05, threshold: 0.5, most: 9, smallest: 0.01, perClass: 6 },
};

/** Input [8, 12, 3], maps of stride 2 and 4. */
export function smallDetector(): TwoStageSource {
  const pixels = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.5] };
  const body = modelOf({ name: 'pictures', shape: [8, 12, 3], pixels }, [
    { name: 'stem', ...conv(4, 3, 2) },
    { name: 'sign', op: 'sign', attributes: { values: 'bits' } },
    {
      name: 'binary',
      op: 'binaryConv2d',
      attributes: { window: window(3, 1, 1), filters: 4, groups: 1, padValue: -1 },
    },
    { name: 'norm', op: 'affine', attributes: {}, optional: ['a', 'b'] },
    { name: 'coarse', ...conv(4, 3, 2) },
    { name: 'above', op: 'double2d', attributes: {} },
    { name: 'fine', op: 'add', attributes: {}, inputs: ['norm', 'above'] },
    { name: 'objectness0', ...conv(2, 1) },
    { name: 'objectness1', ...conv(2, 1), inputs: ['coarse'] },
    { name: 'deltas0', ...conv(8, 1), inputs: ['fine'] },
    { name: 'deltas1', ...conv(8, 1), inputs: ['coarse'] },
  ]);
  const tail = modelOf({ name: 'regions', shape: [2, 2, 4] }, [
    { name: 'flat', op: 'reshape', attributes: { shape: [16] } },
    { name: 'signs', op: 'sign', attributes: { values: 'bits' } },
    { name: 'units', op: 'binaryDense', attributes: { units: 5 } },
    { name: 'relu', op: 'relu', attributes: {} },
    { name: 'logits', op: 'dense', attributes: { units: 3, weights: 'f16' }, optional: ['bias'] },
    {
      name: 'deltas',
      op: 'dense',
      attributes: { units: 12, weights: 'f32' },
      inputs: ['relu'],
    },
  ]);
  return {
    plan: smallPlan,
    body: withOutputs(body, ['fine', 'coarse', 'objectness0', 'objectness1', 'deltas0', 'deltas1']),
    tail: withOutputs(tail, ['logits', 'deltas']),
    tensors: new Map([...body.tensors, ...tail.tensors]),
    metadata: { training: { recipe: 'demo' } },
  };
}

export const smallSingleShotPlan: SingleShotPlan = {
  kind: 'single-shot',
  classes: ['cat', 'dog'],
  size: { width: 11, height: 9 },
  defaultBoxes: {
    scales: [0.3, 0.6, 0.9],
    ratios: [[2], []],
    strides: [2],
    weights: [10, 10, 5, 5],
  },
  detections: { leastScore: 0.05, threshold: 0.45, most: 9, smallest: 0, perClass: 30 },
};

/** Input [9, 11, 3], maps of 5 x 6 and 3 x 3 pixels, the first behind an L2 norm; the second map's deltas are sums of bits. */
export function smallSingleShot(): SingleShotSource {
  const pixels = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.5] };
  const { graph, tensors } = modelOf({ name: 'pictures', shape: [9, 11, 3], pixels }, [
    { name: 'stem', ...conv(4, 3, 2) },
    { name: 'l2_norm', op: 'l2Norm', attributes: {} },
    { name: 'coarse', ...conv(5, 3, 2), inputs: ['stem'] },
    { name: 'logits0', ...conv(12, 3), inputs: ['l2_norm'] },
    { name: 'logits1', ...conv(6, 3), inputs: ['coarse'] },
    { name: 'deltas0', ...conv(16, 3), inputs: ['l2_norm'] },
    { name: 'signs', op: 'sign', attributes: { values: 'bits' }, inputs: ['coarse'] },
    {
      name: 'deltas1',
      op: 'binaryConv2d',
      attributes: { window: window(3, 1, 1), filters: 8, groups: 1, padValue: 1 },
    },
  ]);
  return {
    plan: smallSingleShotPlan,
    body: { ...graph, outputs: ['logits0', 'logits1', 'deltas0', 'deltas1'] },
    tensors,
    metadata: { training: { recipe: 'demo' } },
  };
}

function withOutputs({ graph }: ModelSource, outputs: readonly string[]): Graph {
  return { ...graph, outputs };
}
