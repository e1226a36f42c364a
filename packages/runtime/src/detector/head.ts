/** A detector's tail: regions read from the maps as bins, some at a time, and what it says of each. */
import { detectionBytes } from '../boxes/detections.js';
import { boxLevels } from '../boxes/levels.js';
import { roiAlign } from '../boxes/roi-align.js';
import type { Boxes } from '../boxes/box.js';
import type { Executor, MemoryBudget } from '../execute/executor.js';
import type { MakeExecutor } from '../execute/make-executor.js';
import type { TwoStageSource } from '../format/model-source.js';
import type { Numbers } from '../kernels/float-conv.js';
import { ModelMemoryError } from '../model-file-error.js';
import type { FeatureMap } from './two-stage-body.js';
import type { TwoStagePlan } from './plan.js';
import { batchedGraph } from '../execute/resized-graph.js';

/** Regions at a time where the tail takes several: layers read their weights once for all of them. */
const mostAtOnce = 32;
/** Most numbers on an edge for that. */
const mostNumbers = 2 ** 22;

/** What the tail says of some regions. */
export interface RegionNumbers {
  /** [regions, classes + 1]. */
  readonly logits: Float32Array;
  /** [regions, 4 (classes + 1)]. */
  readonly deltas: Float32Array;
}

export class Head {
  readonly memoryBytes: number;
  readonly executor: Executor;
  /** Milliseconds of the last run: reading regions, and the tail. */
  milliseconds = { regions: 0, tail: 0 };
  private readonly plan: TwoStagePlan;
  /** Regions that the tail takes at a time: one where memory is short. */
  readonly atOnce: number;
  private readonly logits: Float32Array;
  private readonly deltas: Float32Array;

  /** @throws ModelMemoryError where there is not as much memory, even for one region at a time. */
  constructor(
    { plan, tail, tensors }: TwoStageSource,
    threads: number,
    make: MakeExecutor,
    { most }: MemoryBudget,
  ) {
    this.plan = plan;
    const edges = [
      ...tail.inputs.map(({ shape }) => shape),
      ...tail.nodes.map((n) => n.output.shape),
    ];
    const largest = Math.max(...edges.map(elements));
    const fitting = Math.min(mostAtOnce, plan.proposals.after, Math.floor(mostNumbers / largest));
    const columns = Math.floor(fitting / threads);
    const batched = columns < 1 ? undefined : batchedGraph(tail, threads, columns);
    const count = plan.proposals.after * (plan.classes.length + 1);
    // Logits and deltas, again when they are probabilities and boxes, and the choice among them.
    const results =
      2 * 4 * (count + 4 * count) +
      detectionBytes(plan.proposals.after, plan.classes.length + 1, plan.detections);
    const budget = { most, besides: results };
    const several = batched && makeWhereItFits(() => make({ graph: batched, tensors }, budget));
    this.executor = several ?? make({ graph: tail, tensors }, budget);
    this.atOnce = several === undefined ? 1 : threads * columns;
    this.memoryBytes = this.executor.memoryBytes + results;
    this.logits = new Float32Array(count);
    this.deltas = new Float32Array(4 * count);
  }

  /** @returns arrays that hold until the next run. */
  run(regions: Boxes, maps: readonly FeatureMap[]): RegionNumbers {
    const { executor, atOnce } = this;
    const count = regions.length / 4;
    const classes = this.plan.classes.length + 1;
    const { firstLevel } = this.plan.regions;
    const levels = boxLevels(regions, { first: firstLevel, count: maps.length });
    const size = executor.input.length / atOnce;
    this.milliseconds = { regions: 0, tail: 0 };
    for (let first = 0; first < count; first += atOnce) {
      const some = Math.min(atOnce, count - first);
      const start = performance.now();
      for (let i = 0; i < some; i++) {
        const level = levels[first + i];
        const box = regions.subarray(4 * (first + i), 4 * (first + i) + 4);
        this.read(box, maps[level], level, executor.input.subarray(i * size, (i + 1) * size));
      }
      // What is left over computes what was asked already.
      for (let i = some; i < atOnce; i++) executor.input.copyWithin(i * size, 0, size);
      const middle = performance.now();
      executor.run();
      this.milliseconds.regions += middle - start;
      this.milliseconds.tail += performance.now() - middle;
      copy(executor.outputs[0], this.logits, first * classes, some * classes);
      copy(executor.outputs[1], this.deltas, 4 * first * classes, 4 * some * classes);
    }
    return {
      logits: this.logits.subarray(0, count * classes),
      deltas: this.deltas.subarray(0, 4 * count * classes),
    };
  }

  private read(box: Boxes, { values, shape }: FeatureMap, level: number, out: Float32Array): void {
    const { bins, samplingRatio, aligned, firstLevel } = this.plan.regions;
    const scale = 2 ** -(firstLevel + level);
    const options = { scale, height: bins, width: bins, samplingRatio, aligned };
    roiAlign(values, shape, box, onePicture, options, out);
  }
}

/** Undefined where there is not as much memory. */
function makeWhereItFits(make: () => Executor): Executor | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof ModelMemoryError) return undefined;
    throw error;
  }
}

/** Every region is of it. */
const onePicture = Int32Array.of(0);

function copy(from: Numbers, to: Float32Array, at: number, count: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[i];
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
