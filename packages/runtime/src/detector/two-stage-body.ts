/** The body of a detector of two stages: proposals from its numbers, then what the head says of them. */
import { gridAnchors } from '../boxes/anchors.js';
import type { Boxes, PictureSize } from '../boxes/box.js';
import { classDetections } from '../boxes/class-detections.js';
import { proposalBytes, selectProposals } from '../boxes/proposals.js';
import type { FeatureShape } from '../boxes/roi-align.js';
import { edgeOf, edgesOf } from '../execute/describe.js';
import type { MemoryBudget } from '../execute/executor.js';
import type { MakeExecutor } from '../execute/make-executor.js';
import { bodyOutputs, checkLevels } from '../format/check-detector.js';
import { checkReading } from '../format/check-work.js';
import type { TwoStageSource } from '../format/model-source.js';
import type { Edge } from '../graph.js';
import type { Numbers } from '../kernels/float-conv.js';
import { finite, type Body, type Seen } from './body.js';
import type { Head } from './head.js';
import type { TwoStagePlan } from './plan.js';
import { resizedGraph } from '../execute/resized-graph.js';

/** A map that regions are read from. */
export interface FeatureMap {
  readonly shape: FeatureShape;
  readonly values: Numbers;
}

interface LevelNumbers {
  readonly anchors: Boxes;
  readonly objectness: Numbers;
  readonly deltas: Numbers;
}

/** Bytes of a box. */
const boxBytes = 16;

/**
 * The head runs on what the body made.
 *
 * @param size a multiple of the plan's in both directions.
 * @throws ModelFileError where a node does not take pictures of this size, or there is not as much memory.
 */
export function twoStageBody(
  { body, plan, tensors }: TwoStageSource,
  size: PictureSize,
  head: Head,
  make: MakeExecutor,
  { most, besides = 0 }: MemoryBudget,
): Body {
  const { width, height } = size;
  const graph = resizedGraph(body, [height, width, 3]);
  const edges = edgesOf(graph);
  const edge = bodyOutputs(
    graph.outputs.map((name) => edgeOf(edges, name)),
    plan,
  );
  checkLevels(edge, plan);
  checkReading(edge.maps, plan);
  const counts = edge.objectness.map(elements);
  // Sums of bits are turned into floats.
  const turned = [...edge.objectness, ...edge.deltas].filter(({ type }) => type !== 'f32');
  const bytes =
    boxBytes * counts.reduce((sum, count) => sum + count, 0) +
    4 * turned.reduce((sum, one) => sum + elements(one), 0) +
    proposalBytes(counts, plan.proposals);
  const executor = make({ graph, tensors }, { most, besides: besides + bytes });
  const { maps, objectness, deltas } = bodyOutputs(executor.outputs, plan);
  const featureMaps = maps.map((values, i): FeatureMap => {
    const [rows, columns, channels] = edge.maps[i].shape;
    return { values, shape: { batch: 1, height: rows, width: columns, channels } };
  });
  const levels = plan.anchors.map((shapes, level): LevelNumbers => {
    const [rows, columns] = edge.objectness[level].shape;
    const strides = { strideY: Math.floor(height / rows), strideX: Math.floor(width / columns) };
    return {
      anchors: gridAnchors(shapes, { height: rows, width: columns, ...strides }),
      objectness: objectness[level],
      deltas: deltas[level],
    };
  });
  return {
    width,
    height,
    executor,
    memoryBytes: executor.memoryBytes + bytes,
    see: (picture) => seenBy(head, plan, featureMaps, levels, picture),
  };
}

function seenBy(
  head: Head,
  plan: TwoStagePlan,
  maps: readonly FeatureMap[],
  levels: readonly LevelNumbers[],
  picture: PictureSize,
): Seen {
  const start = performance.now();
  const { boxes } = finite('the body', () =>
    selectProposals(
      levels.map(({ anchors, objectness, deltas }) => ({
        anchors,
        objectness: floats(objectness),
        deltas: floats(deltas),
      })),
      picture,
      plan.proposals,
    ),
  );
  const proposals = performance.now() - start;
  const said = head.run(boxes, maps);
  const middle = performance.now();
  const options = { ...plan.detections, weights: plan.regions.weights };
  const found = finite('the tail', () =>
    classDetections(boxes, said, plan.classes.length + 1, picture, options),
  );
  const detections = performance.now() - middle;
  return { found, times: { proposals, ...head.milliseconds, detections } };
}

function floats(numbers: Numbers): Float32Array {
  return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
}

function elements({ shape }: Edge): number {
  return shape.reduce((product, size) => product * size, 1);
}
