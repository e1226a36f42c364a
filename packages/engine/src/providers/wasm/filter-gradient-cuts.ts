/**
 * How the work of a filter gradient is shared. It sums over the pixels of the whole batch, so these are cut into chunks whose gradients are
 * added up in their order; where the gradient is too large for that, or there are few pixels, its output channels are cut instead. Shapes
 * alone decide, so any number of threads gives the same bits.
 */
import type { ConvGeometry } from '@surge-bnn/contract';
import { roundUp } from './conv-plan.js';
import type { Engine } from './instance.js';
import { partsOf } from './threads/parts.js';
import type { Argument } from './threads/team.js';

/** Chunks of pixels: most, fewest, pixels of the smallest and floats of all their gradients together. */
const MOST = 16;
const FEWEST = 4;
const LEAST_PIXELS = 512;
const MOST_FLOATS = 4 * 1024 * 1024;
/** Tasks where output channels are cut: each of them reads the whole input. */
const COLUMN_TASKS = 8;
/** A chunk's pixels are a multiple of it. */
const UNIT = 256;
/** Entries of a gradient that are added up at once, from all chunks. */
const ADDED = 2048;

/** What a task computes: pixels of the whole batch for output channels of each group, and where its gradient goes. */
interface Cut {
  readonly tasks: number;
  readonly target: Argument;
  readonly firstPixel: Argument;
  readonly pixels: Argument;
  readonly firstColumn: Argument;
  readonly columns: Argument;
}

/**
 * Runs `compute` with cuts and adds up what they give.
 *
 * @param unit output channels that go through the kernel together.
 */
export function inCuts(
  { scratch, team }: Engine,
  g: ConvGeometry,
  target: number,
  unit: number,
  compute: (cut: Cut) => void,
): void {
  const pixels = g.batch * g.outHeight * g.outWidth;
  const n = g.outChannels / g.groups;
  const size = g.filterHeight * g.filterWidth * (g.inChannels / g.groups) * g.outChannels;
  if (pixels === 0) {
    team.run('fill', 1, [target, size, 0]);
    return;
  }
  const chunks = partsOf(pixels, roundUp(Math.ceil(pixels / chunksOf(pixels, size)), UNIT));
  if (chunks.tasks === 1) {
    const columns = partsOf(n, roundUp(Math.ceil(n / COLUMN_TASKS), unit));
    compute({
      tasks: columns.tasks,
      target,
      firstPixel: 0,
      pixels,
      firstColumn: { at: 0, task: columns.grain },
      columns: columns.count,
    });
    return;
  }
  const stride = 4 * roundUp(size, 4);
  const room = scratch.take(stride * chunks.tasks);
  compute({
    tasks: chunks.tasks,
    target: { at: room, task: stride },
    firstPixel: { at: 0, task: chunks.grain },
    pixels: chunks.count,
    firstColumn: 0,
    columns: n,
  });
  const sums = partsOf(size, ADDED);
  team.run('addGradients', sums.tasks, [
    sums.from(room),
    chunks.tasks,
    stride,
    sums.from(target),
    sums.count,
  ]);
}

/**
 * Bytes of scratch memory that the parts of a filter gradient take, which depend on the batch: for what a training needs.
 *
 * @param pixels of all outputs. @param size numbers of the gradient.
 */
export function partialGradientBytes(pixels: number, size: number): number {
  const chunks = chunksOf(pixels, size);
  return chunks === 1 ? 0 : 4 * roundUp(size, 4) * chunks;
}

/** Many enough for any number of threads, few enough that adding them up is nothing. */
function chunksOf(pixels: number, size: number): number {
  const worth = Math.floor(pixels / LEAST_PIXELS);
  const fit = Math.floor(MOST_FLOATS / size);
  const chunks = Math.min(MOST, worth, fit);
  return chunks < FEWEST ? 1 : chunks;
}
