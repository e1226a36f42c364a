/**
 * The memory of a run before its first step: what it needs, what there is, and, where the one does not go into the other, a refusal
 * with numbers. Finding it out leaves the run's bits as they are.
 */
import { freemem } from 'node:os';
import { InputError } from '@surge-bnn/contract';
import { backendMemory, heapRoom, withAllocationLog } from '@surge-bnn/engine';
import type { AllocationLog, HeapRoom } from '@surge-bnn/engine';
import type { MemoryNeed, MemoryPlan } from '../types.js';
import { bytesPerImage, imagesAtOnce, keptBytes, runNeed } from './need.js';
import type { Images, TracedStage } from './need.js';
import { probeStage } from './probe.js';
import type { PlanContext } from './probe.js';
import type { RunContext } from '../open-stage.js';
import { refusal } from './refusal.js';

/** Of a run of any task. */
export type MemoryContext = Omit<PlanContext, 'task'> & Pick<RunContext, 'task'>;

/**
 * What the run needs, and what there is. Undefined where that is not known: of a detector, whose pictures and proposals differ from
 * step to step; on TF.js's own backend, which has no heap to count; and where the training will break off before or in its first step, which it then says itself.
 *
 * @throws InputError when 32-bit addresses cannot hold it: what is needed, what takes most, what would fit.
 */
export async function planMemory({
  task,
  ...rest
}: MemoryContext): Promise<MemoryPlan | undefined> {
  if (task.kind !== 'classification') return undefined;
  const context: PlanContext = { ...rest, task };
  const stages = await withAllocationLog((log) => traceStages(context, log));
  const room = heapRoom();
  if (stages === undefined || room === undefined) return undefined;
  const { train, evaluation } = task.data;
  const images = { training: train.count, evaluation: evaluation.count };
  const { backend } = context.engine;
  const largest = mostKeeping(stages, images);
  const need = needOf(stages, largest, images, room);
  // The native heap is as large as the machine lets it be; what is more than that may still be swapped.
  if (backend !== 'surge-native' && endOf(stages, images, room) > room.mostBytes) {
    const { recipe } = context;
    const end = (changed: readonly TracedStage[]) => endOf(changed, images, room);
    const former = Math.max(0, end(stages) - need.bytes);
    throw new InputError(refusal({ backend, recipe, need, former, stages, images, end }));
  }
  // What the heap has taken is the process's already.
  const there = Math.min(room.mostBytes, freemem() + room.endBytes);
  return { ...need, there };
}

/** The traces of all stages; undefined where a stage cannot be tried. */
async function traceStages(
  context: PlanContext,
  log: AllocationLog,
): Promise<TracedStage[] | undefined> {
  const stages: TracedStage[] = [];
  for (const planned of context.plan) {
    const traces = await probeStage(context, planned, log).catch((error: unknown) => {
      // A loss that is not finite, a teacher that is not there, Ctrl-C: the run will say so in its place.
      if (error instanceof InputError || context.options.signal?.aborted) return undefined;
      throw error;
    });
    if (traces === undefined) return undefined;
    stages.push({ recipe: planned.recipe, traces });
  }
  return stages;
}

/** Where the heap will end. */
function endOf(stages: readonly TracedStage[], images: Images, room: HeapRoom): number {
  const { blocks, scratch } = runNeed(stages, images, room.freeBlocks);
  return room.endBytes + blocks + scratch;
}

/** What the run takes of a heap that nobody else has used. @param largest the stage whose parts are told. */
function needOf(
  stages: readonly TracedStage[],
  largest: number,
  images: Images,
  room: HeapRoom,
): MemoryNeed {
  const { blocks, scratch } = runNeed(stages, images);
  const { heapBytes = 0, providerBytes = 0 } = backendMemory() ?? {};
  // Scratch memory lies in the heap or, on surge-native, beside it.
  const held = room.endBytes - heapBytes + providerBytes;
  const stage = stages[largest];
  return {
    bytes: blocks + held + scratch,
    limit: room.mostBytes,
    kept: keptBytes(stage),
    perImage: bytesPerImage(stage),
    images: imagesAtOnce(stage, images),
  };
}

/** The stage with the largest step. */
function mostKeeping(stages: readonly TracedStage[], images: Images): number {
  const sizes = stages.map(
    (stage) => keptBytes(stage) + bytesPerImage(stage) * imagesAtOnce(stage, images),
  );
  return sizes.indexOf(Math.max(...sizes));
}
