/** The binary layer's forward, on packed bits (the contract is in @surge-bnn/contract, kernels.ts). */
import type { Kernels, SignConvGradientArguments } from '../provider.js';
import { forwardGrid, inputSide, outputSide, roundUp, writeJob } from './conv-plan.js';
import type { Engine } from './instance.js';
import { backward } from './sign-gradient.js';
import { GRAIN, partsOf, partsOfRows } from './threads/parts.js';

/** Filters in one panel of bits, pixels that are counted together, pixels located together. */
const FILTERS = 8;
const PIXELS = 4;
const STRIP = 256;

type SignKernels = Pick<Kernels, 'signConv2d' | 'signConv2dGradient'>;

export function signKernels(engine: Engine): SignKernels {
  const { scratch } = engine;
  return {
    signConv2d(x, kernel, y, g, padValue) {
      const [atX, atKernel, atY] = [x.byteOffset, kernel.byteOffset, y.byteOffset];
      if (hasNaN(engine, atX, x.length)) return 1;
      if (hasNaN(engine, atKernel, kernel.length)) return 2;
      scratch.scope(() => forward(engine, atX, atKernel, atY, g, padValue));
      return 0;
    },
    signConv2dGradient(args) {
      scratch.scope(() => backward(engine, args));
    },
  };
}

function hasNaN({ team }: Engine, at: number, count: number): boolean {
  const parts = partsOf(count);
  const found = team.run('hasNaN', parts.tasks, [parts.from(at), parts.count]);
  return found.subarray(0, parts.tasks).includes(1);
}

function forward(
  engine: Engine,
  x: number,
  kernel: number,
  y: number,
  g: SignConvGradientArguments['geometry'],
  padValue: number,
): void {
  const { scratch, team } = engine;
  const { groups } = g;
  const channels = g.inChannels / groups;
  const n = g.outChannels / groups;
  const taps = g.filterHeight * g.filterWidth;
  const pixelWords = Math.ceil(channels / 32);
  const runs = g.batch * g.inHeight * g.inWidth * groups;
  const bits = scratch.take(4 * runs * pixelWords);
  const pixels = partsOfRows(runs, channels);
  const [from, to] = [pixels.from(x, 4 * channels), pixels.from(bits, 4 * pixelWords)];
  team.run('packSigns', pixels.tasks, [from, pixels.count, channels, to]);

  const words = Math.ceil((taps * channels) / 32);
  const filters = roundUp(n, FILTERS);
  const groupPanels = 4 * filters * words;
  const groupSums = 4 * filters * taps;
  const panels = scratch.take(groups * groupPanels);
  const sums = scratch.take(groups * groupSums);
  // The last panel may lack filters; their lanes are counted but never read.
  const parts = partsOf(n, roundUp(GRAIN / (taps * channels), FILTERS));
  for (let group = 0; group < groups; group++) {
    team.run('packFilters', parts.tasks, [
      parts.from(kernel + 4 * group * n),
      4 * g.outChannels,
      taps,
      channels,
      parts.count,
      parts.from(panels + group * groupPanels, 4 * words),
      parts.from(sums + group * groupSums),
      filters / FILTERS,
    ]);
  }
  const job = writeJob(engine, {
    grid: forwardGrid(g),
    batch: g.batch,
    groups,
    source: { ...inputSide(g), channels: groups * pixelWords },
    target: outputSide(g),
    sourceAddress: bits,
    strip: STRIP,
    packed: PIXELS * words,
    groupSource: channels,
  });
  const missing = scratch.takeForEach(team.places, 4 * PIXELS * (1 + taps));
  const offsets = scratch.takeForEach(team.places, 4 * taps);
  team.run('signConvolve', job.strips.tasks, [
    job.at,
    panels,
    sums,
    y,
    padValue === -1 ? -1 : 0,
    padValue === 0 ? 1 : 0,
    missing,
    offsets,
    job.first,
    job.strips.count,
  ]);
}
