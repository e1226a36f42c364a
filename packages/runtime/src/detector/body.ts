/** A detector's body, ready for pictures of one size at a time. */
import { gridAnchors } from '../boxes/anchors.js';
import type { Boxes, PictureSize } from '../boxes/box.js';
import { proposalBytes } from '../boxes/proposals.js';
import type { FeatureShape } from '../boxes/roi-align.js';
import { edgeOf, edgesOf } from '../execute/describe.js';
import type { Executor, MemoryBudget } from '../execute/executor.js';
import type { MakeExecutor } from '../execute/make-executor.js';
import { bodyOutputs, checkLevels } from '../format/check-detector.js';
import { checkReading } from '../format/check-work.js';
import type { DetectorSource } from '../format/model-source.js';
import type { Edge } from '../graph.js';
import type { Numbers } from '../kernels/float-conv.js';
import { resizedGraph } from './resized-graph.js';

/** A map that regions are read from. */
export interface FeatureMap {
  readonly shape: FeatureShape;
  readonly values: Numbers;
}

export interface LevelNumbers {
  readonly anchors: Boxes;
  readonly objectness: Numbers;
  readonly deltas: Numbers;
}

export interface Body extends PictureSize {
  readonly executor: Executor;
  readonly maps: readonly FeatureMap[];
  readonly levels: readonly LevelNumbers[];
  /** With the anchors, and what the choice of proposals takes. */
  readonly memoryBytes: number;
}

/** Bytes of a box. */
const boxBytes = 16;

/**
 * @param size a multiple of the plan's in both directions.
 * @throws ModelFileError where a node does not take pictures of this size, or there is not as much memory.
 */
export function bodyAt(
  { body, plan, tensors }: DetectorSource,
  size: PictureSize,
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
  return {
    width,
    height,
    executor,
    memoryBytes: executor.memoryBytes + bytes,
    maps: maps.map((values, i) => {
      const [rows, columns, channels] = edge.maps[i].shape;
      return { values, shape: { batch: 1, height: rows, width: columns, channels } };
    }),
    levels: plan.anchors.map((shapes, level) => {
      const [rows, columns] = edge.objectness[level].shape;
      const strides = { strideY: Math.floor(height / rows), strideX: Math.floor(width / columns) };
      return {
        anchors: gridAnchors(shapes, { height: rows, width: columns, ...strides }),
        objectness: objectness[level],
        deltas: deltas[level],
      };
    }),
  };
}

function elements({ shape }: Edge): number {
  return shape.reduce((product, size) => product * size, 1);
}
