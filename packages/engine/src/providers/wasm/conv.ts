/**
 * Float matrix products and convolutions: packs the weights, writes the jobs, calls the kernels. The functions
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
  stripLength,
  writeJob,
  type Grid,
} from './conv-plan.js';
import type { Engine } from './instance.js';

const PANEL = 8;
/** Pixels per step of the filter gradient: one panel of dy (8 KiB) stays in the first-level cache. */
const GRADIENT_STRIP = 256;
/** FEW_CHANNELS of assembly/wgrad.ts. */
const FEW_CHANNELS = 4;

type FloatKernels = Pick<
  Kernels,
  'matMul' | 'conv2d' | 'conv2dInputGradient' | 'conv2dFilterGradient'
>;

export function floatKernels(engine: Engine): FloatKernels {
  const { scratch, wasm } = engine;
  return {
    matMul(a, b, c, shape) {
      const { m, n, k } = shape;
      const [atA, atB, atC] = [a.byteOffset, b.byteOffset, c.byteOffset];
      scratch.scope(() => {
        const room = scratch.take(wasm.gemmScratch(m, n, k));
        for (let i = 0; i < shape.batch; i++) {
          const from = atA + 4 * i * shape.strideA;
          const by = atB + 4 * i * shape.strideB;
          const to = atC + 4 * i * m * n;
          wasm.gemm(
            from,
            by,
            to,
            m,
            n,
            k,
            shape.transposeA ? 1 : 0,
            shape.transposeB ? 1 : 0,
            room,
          );
        }
      });
    },
    conv2d(x, filter, y, g) {
      const [source, weights, target] = [x.byteOffset, filter.byteOffset, y.byteOffset];
      scratch.scope(() => convolveForward(engine, g, source, weights, target));
    },
    conv2dInputGradient(dy, filter, dx, g) {
      const [source, weights, target] = [dy.byteOffset, filter.byteOffset, dx.byteOffset];
      scratch.scope(() => inputGradient(engine, g, source, [{ weights, target }]));
    },
    conv2dFilterGradient(x, dy, dfilter, g) {
      const first = { target: dfilter.byteOffset, signs: false, outside: 0 };
      const [source, gradient] = [x.byteOffset, dy.byteOffset];
      scratch.scope(() => filterGradient(engine, g, source, gradient, first));
    },
  };
}

function convolveForward(
  { wasm, ...engine }: Engine,
  g: ConvGeometry,
  source: number,
  weights: number,
  target: number,
): void {
  const { scratch } = engine;
  const n = g.outChannels / g.groups;
  const depth = g.filterHeight * g.filterWidth * (g.inChannels / g.groups);
  const groupBytes = 4 * roundUp(n, PANEL) * depth;
  const panels = scratch.take(g.groups * groupBytes);
  for (let group = 0; group < g.groups; group++) {
    const from = weights + 4 * group * n;
    const to = panels + group * groupBytes;
    wasm.packByRows(from, 4 * g.outChannels, depth, n, PANEL, to, 4 * PANEL * depth);
  }
  const strip = stripLength(depth);
  const job = writeJob(
    { wasm, ...engine },
    {
      grid: forwardGrid(g),
      batch: g.batch,
      groups: g.groups,
      source: inputSide(g),
      target: outputSide(g),
      sourceAddress: source,
      strip,
      packed: strip * depth,
    },
  );
  wasm.convolve(job, panels, target, 0, 0);
}

/** One set of weights (HWIO) and where its input gradient goes. */
export interface InputGradientBranch {
  readonly weights: number;
  readonly target: number;
}

/** Input gradients of one dy through one or two sets of weights; the second shares the packed dy. */
export function inputGradient(
  engine: Engine,
  g: ConvGeometry,
  dy: number,
  branches: readonly [InputGradientBranch, InputGradientBranch?],
): void {
  const { scratch, wasm } = engine;
  const [first, second] = branches;
  for (const grid of inputGradientGrids(g)) {
    scratch.scope(() => {
      const depth = grid.taps.length * (g.outChannels / g.groups);
      const strip = stripLength(depth);
      const job = writeJob(engine, {
        grid,
        batch: g.batch,
        groups: g.groups,
        source: outputSide(g),
        target: inputSide(g),
        sourceAddress: dy,
        strip,
        packed: strip * depth,
      });
      const panels = packTransposed(engine, g, grid, first.weights);
      if (second) {
        const others = packTransposed(engine, g, grid, second.weights);
        wasm.convolve(job, panels, first.target, others, second.target);
      } else wasm.convolve(job, panels, first.target, 0, 0);
    });
  }
}

/** Panels over the input channels; the depth runs over the grid's taps and the output channels. */
function packTransposed(engine: Engine, g: ConvGeometry, grid: Grid, weights: number): number {
  const channels = g.inChannels / g.groups;
  const n = g.outChannels / g.groups;
  const depth = grid.taps.length * n;
  const groupBytes = 4 * roundUp(channels, PANEL) * depth;
  const panels = engine.scratch.take(g.groups * groupBytes);
  const stride = 4 * g.outChannels;
  for (let group = 0; group < g.groups; group++) {
    grid.taps.forEach((tap, t) => {
      const from = weights + stride * channels * tap.index + 4 * group * n;
      const to = panels + group * groupBytes + 4 * PANEL * n * t;
      engine.wasm.packByColumns(from, stride, n, channels, PANEL, to, 4 * PANEL * depth);
    });
  }
  return panels;
}

/** A filter gradient's target and what of x it reads: values, or signs with `outside` as padding. */
export interface FilterGradientBranch {
  readonly target: number;
  readonly signs: boolean;
  readonly outside: number;
}

/** Filter gradients of one dy; the second one reads the values of x, padded with 0. */
export function filterGradient(
  engine: Engine,
  g: ConvGeometry,
  x: number,
  dy: number,
  first: FilterGradientBranch,
  secondTarget = 0,
): void {
  const { scratch, wasm } = engine;
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
  });
  const table = scratch.take(4 * strip * (few ? taps : 1));
  const packedDy = scratch.take(4 * strip * roundUp(g.outChannels / g.groups, PANEL));
  const { target, signs, outside } = first;
  wasm.filterGradient(job, dy, target, secondTarget, signs ? 1 : 0, outside, table, packedDy);
}
