/**
 * Float convolutions: packs the weights, writes the jobs, calls the kernels. The functions
 * on addresses are what the binary layer's backward shares with the plain convolution.
 */
import type { ConvGeometry } from '@surge-bnn/contract';
import type { Kernels } from '../provider.js';
import {
  forwardGrid,
  inputGradientGrids,
  inputSide,
  outputSide,
  roundUp,
  writeJob,
  type Grid,
} from './conv-plan.js';
import type { Engine } from './instance.js';
import { inCuts } from './filter-gradient-cuts.js';
import { matMulKernel } from './mat-mul.js';
import { GRAIN, partsOf, type Parts } from './threads/parts.js';

const PANEL = 8;
/** Pixels that are located together; a multiple of the tiles' 4 or 6. */
const STRIP = 252;
/** Pixels per step of the filter gradient: one panel of dy (8 KiB) stays in the first-level cache. */
const GRADIENT_STRIP = 256;
/** FEW_CHANNELS of assembly/wgrad.ts. */
const FEW_CHANNELS = 4;

type FloatKernels = Pick<
  Kernels,
  'matMul' | 'conv2d' | 'conv2dInputGradient' | 'conv2dFilterGradient'
>;

export function floatKernels(engine: Engine): FloatKernels {
  const { scratch } = engine;
  return {
    ...matMulKernel(engine),
    conv2d(x, filter, y, g) {
      const [source, weights, target] = [x.byteOffset, filter.byteOffset, y.byteOffset];
      scratch.scope(() => convolveForward(engine, g, source, weights, target));
    },
    conv2dInputGradient(dy, filter, dx, g) {
      const [source, weights, target] = [dy.byteOffset, filter.byteOffset, dx.byteOffset];
      scratch.scope(() => inputGradient(engine, g, source, [{ weights, target }]));
    },
    conv2dFilterGradient(x, dy, dfilter, g) {
      const [source, gradient, target] = [x.byteOffset, dy.byteOffset, dfilter.byteOffset];
      scratch.scope(() => filterGradient(engine, g, source, gradient, target));
    },
  };
}

function convolveForward(
  engine: Engine,
  g: ConvGeometry,
  source: number,
  weights: number,
  target: number,
): void {
  const { scratch, team } = engine;
  const n = g.outChannels / g.groups;
  const depth = g.filterHeight * g.filterWidth * (g.inChannels / g.groups);
  const groupBytes = 4 * roundUp(n, PANEL) * depth;
  const panels = scratch.take(g.groups * groupBytes);
  const columns = partsOfPanels(n, depth);
  for (let group = 0; group < g.groups; group++) {
    const from = columns.from(weights + 4 * group * n);
    const to = columns.from(panels + group * groupBytes, 4 * depth);
    const stride = 4 * g.outChannels;
    team.run('packByRows', columns.tasks, [
      from,
      stride,
      depth,
      columns.count,
      PANEL,
      to,
      4 * PANEL * depth,
    ]);
  }
  const grid = forwardGrid(g);
  const job = writeJob(engine, {
    grid,
    batch: g.batch,
    groups: g.groups,
    source: inputSide(g),
    target: outputSide(g),
    sourceAddress: source,
    strip: STRIP,
    packed: STRIP * grid.taps.length,
  });
  const { at, strips, first } = job;
  team.run('convolve', strips.tasks, [at, panels, target, 0, 0, first, strips.count]);
}

/** Parts of the columns of a matrix that is packed: whole panels, about GRAIN floats. */
function partsOfPanels(columns: number, depth: number): Parts {
  return partsOf(columns, roundUp(GRAIN / Math.max(1, depth), PANEL));
}

/** One set of weights (HWIO) and where its input gradient goes. */
export interface InputGradientBranch {
  readonly weights: number;
  readonly target: number;
}

/** Input gradients of one dy through one or two sets of weights; the second reads dy through the same addresses. */
export function inputGradient(
  engine: Engine,
  g: ConvGeometry,
  dy: number,
  branches: readonly [InputGradientBranch, InputGradientBranch?],
): void {
  const { scratch, team } = engine;
  const [first, second] = branches;
  for (const grid of inputGradientGrids(g)) {
    scratch.scope(() => {
      const job = writeJob(engine, {
        grid,
        batch: g.batch,
        groups: g.groups,
        source: outputSide(g),
        target: inputSide(g),
        sourceAddress: dy,
        strip: STRIP,
        packed: STRIP * grid.taps.length,
      });
      const panels = packTransposed(engine, g, grid, first.weights);
      const others = second ? packTransposed(engine, g, grid, second.weights) : 0;
      team.run('convolve', job.strips.tasks, [
        job.at,
        panels,
        first.target,
        others,
        second?.target ?? 0,
        job.first,
        job.strips.count,
      ]);
    });
  }
}

/** Panels over the input channels; the depth runs over the grid's taps and the output channels. */
export function packTransposed(
  engine: Engine,
  g: ConvGeometry,
  grid: Grid,
  weights: number,
): number {
  const channels = g.inChannels / g.groups;
  const n = g.outChannels / g.groups;
  const depth = grid.taps.length * n;
  const groupBytes = 4 * roundUp(channels, PANEL) * depth;
  const panels = engine.scratch.take(g.groups * groupBytes);
  const stride = 4 * g.outChannels;
  const parts = partsOfPanels(channels, n);
  for (let group = 0; group < g.groups; group++) {
    grid.taps.forEach((tap, t) => {
      const from = parts.from(weights + stride * channels * tap.index + 4 * group * n, stride);
      const to = parts.from(panels + group * groupBytes + 4 * PANEL * n * t, 4 * depth);
      engine.team.run('packByColumns', parts.tasks, [
        from,
        stride,
        n,
        parts.count,
        PANEL,
        to,
        4 * PANEL * depth,
      ]);
    });
  }
  return panels;
}

/** dfilter of x, what lies outside the picture being `outside`. */
export function filterGradient(
  engine: Engine,
  g: ConvGeometry,
  x: number,
  dy: number,
  target: number,
  outside = 0,
): void {
  const { scratch, team } = engine;
  const grid = forwardGrid(g);
  const channels = g.inChannels / g.groups;
  const taps = grid.taps.length;
  const few = channels < FEW_CHANNELS;
  const pixels = g.batch * g.outHeight * g.outWidth;
  const strip = Math.max(4, Math.min(GRADIENT_STRIP, pixels));
  const job = writeJob(engine, {
    grid,
    batch: g.batch,
    groups: g.groups,
    source: inputSide(g),
    target: outputSide(g),
    sourceAddress: x,
    strip,
    packed: strip * roundUp(few ? taps * channels : channels, 4),
    outside,
  });
  const table = scratch.takeForEach(team.places, 4 * strip * (few ? taps : 1));
  const packedDy = scratch.takeForEach(
    team.places,
    4 * strip * roundUp(g.outChannels / g.groups, PANEL),
  );
  inCuts(engine, g, target, PANEL, (cut) =>
    team.run('filterGradient', cut.tasks, [
      job.at,
      dy,
      cut.target,
      table,
      packedDy,
      cut.firstPixel,
      cut.pixels,
      cut.firstColumn,
      cut.columns,
    ]),
  );
}
