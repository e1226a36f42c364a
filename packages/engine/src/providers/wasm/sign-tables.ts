/**
 * The binary branch's gradients by table: numbers of signs, jobs and scratch memory for assembly/sign-dgrad.ts and sign-wgrad.ts.
 */
import type { ConvGeometry, PadValue } from '@surge-bnn/contract';
import { packTransposed, type InputGradientBranch } from './conv.js';
import {
  forwardGrid,
  inputGradientGrids,
  inputSide,
  outputSide,
  roundUp,
  writeJob,
  type Grid,
} from './conv-plan.js';
import { inCuts } from './filter-gradient-cuts.js';
import type { Engine } from './instance.js';
import { partsOfRows } from './threads/parts.js';

/** TERMS, LANES, GROUPS, ENTRY_BYTES and TABLE_BYTES of assembly/sign-table.ts. */
const TERMS = 4;
const LANES = 16;
const GROUPS = 24;
const ENTRY_BYTES = 4 * LANES;
const TABLES_BYTES = GROUPS * 16 * ENTRY_BYTES;
/** Pixels of a strip where signs are numbered by fours of pixels, and of one where pixels are lanes. */
const PIXELS = GROUPS * TERMS;
const STRIP = 15 * LANES;
/**
 * Fewer input channels do not repay the tables: where pixels are lanes each tap has its own, as many sums as 16 channels look up; where
 * output channels are, all taps share them.
 */
const LEAST_CHANNELS = { input: 24, filter: 8 } as const;

/** Whether the input gradient can have this layer and gains by it: one group, output channels in fours, input channels enough. */
export function inputByTable(g: ConvGeometry): boolean {
  return g.groups === 1 && g.outChannels % TERMS === 0 && g.inChannels >= LEAST_CHANNELS.input;
}

/** The same of the filter gradient. */
export function filterByTable(g: ConvGeometry): boolean {
  return g.groups === 1 && g.outChannels % TERMS === 0 && g.inChannels >= LEAST_CHANNELS.filter;
}

/** dgrad(dy, sign(weights)), and the auxiliary branch's beside it. */
export function signInputGradient(
  engine: Engine,
  g: ConvGeometry,
  dy: number,
  { weights, target }: InputGradientBranch,
  second?: InputGradientBranch,
): void {
  const { scratch, team } = engine;
  const stride = roundUp(g.inChannels, 2);
  for (const grid of inputGradientGrids(g)) {
    scratch.scope(() => {
      const depth = grid.taps.length * g.outChannels;
      const job = writeJob(engine, {
        grid,
        batch: g.batch,
        groups: 1,
        source: outputSide(g),
        target: inputSide(g),
        sourceAddress: dy,
        strip: STRIP,
        packed: LANES * depth,
      });
      const numbers = numberSigns(engine, g, grid, weights, stride);
      const panels = second ? packTransposed(engine, g, grid, second.weights) : 0;
      const table = scratch.takeForEach(team.places, TABLES_BYTES);
      const sums = scratch.takeForEach(team.places, ENTRY_BYTES * roundUp(g.inChannels, TERMS));
      team.run('signInputGradient', job.strips.tasks, [
        job.at,
        numbers,
        stride,
        target,
        panels,
        second?.target ?? 0,
        table,
        sums,
        job.first,
        job.strips.count,
      ]);
    });
  }
}

/** For each tap of the grid and four output channels a byte for each input channel. */
function numberSigns(
  { scratch, team }: Engine,
  g: ConvGeometry,
  grid: Grid,
  weights: number,
  stride: number,
): number {
  const [channels, n] = [g.inChannels, g.outChannels];
  const tapBytes = (stride * n) / TERMS;
  // Of an odd number of channels the last one is looked up beside one that is not there.
  const numbers = scratch.takeZeros(Math.max(1, grid.taps.length) * tapBytes);
  const parts = partsOfRows(channels, n);
  grid.taps.forEach((tap, t) => {
    const from = parts.from(weights + 4 * channels * n * tap.index, 4 * n);
    const to = parts.from(numbers + t * tapBytes, 1);
    team.run('numberSigns', parts.tasks, [from, parts.count, n, to, stride]);
  });
  return numbers;
}

/** wgrad(sign(x), dy), what lies outside the picture being `padValue`. */
export function signFilterGradient(
  engine: Engine,
  g: ConvGeometry,
  x: number,
  dy: number,
  target: number,
  padValue: PadValue,
): void {
  const { scratch, team } = engine;
  const grid = forwardGrid(g);
  const taps = grid.taps.length;
  const stride = roundUp(g.inChannels, 16);
  const rows = g.batch * g.inHeight * g.inWidth;
  const bytes = scratch.take(rows * stride);
  const parts = partsOfRows(rows, g.inChannels);
  const [from, to] = [parts.from(x, 4 * g.inChannels), parts.from(bytes, stride)];
  team.run('signBytes', parts.tasks, [from, parts.count, g.inChannels, to, stride]);
  const job = writeJob(engine, {
    grid,
    batch: g.batch,
    groups: 1,
    source: { ...inputSide(g), channels: stride / 4 },
    target: outputSide(g),
    sourceAddress: bytes,
    strip: PIXELS,
    packed: 0,
    groupSource: g.inChannels,
    outside: { bits: padValue === -1 ? -1 : 0 },
  });
  const numbers = scratch.takeForEach(team.places, taps * GROUPS * stride);
  const missing = scratch.takeForEach(team.places, 4 * taps * (1 + PIXELS));
  const table = scratch.takeForEach(team.places, TABLES_BYTES);
  const sums = scratch.takeForEach(team.places, 3 * ENTRY_BYTES);
  inCuts(engine, g, target, LANES, (cut) =>
    team.run('signFilterGradient', cut.tasks, [
      job.at,
      dy,
      cut.target,
      padValue === 0 ? 1 : 0,
      numbers,
      missing,
      table,
      sums,
      cut.firstPixel,
      cut.pixels,
      cut.firstColumn,
      cut.columns,
    ]),
  );
}
