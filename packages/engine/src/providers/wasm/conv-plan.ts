/**
 * From a convolution's geometry to the jobs of assembly/job.ts: which taps touch which pixels, how many pixels go
 * through the kernel at once, and the scratch memory for it.
 */
import type { ConvGeometry } from '@surge-bnn/contract';
import type { Engine } from './instance.js';
import { partsOf, type Parts } from './threads/parts.js';
import type { Argument } from './threads/team.js';

const COORDINATE_BYTES = 16;
/** Tiles have 4 or 6 pixels, and the last one of a strip is whole. */
const PIXELS = 12;
/** More strips than this are a task. */
const LEAST_TASKS = 64;

/** One tap of the filter: its index (row-major) and where it looks, relative to the grid pixel. */
interface Tap {
  readonly index: number;
  readonly y: number;
  readonly x: number;
}

/** A target grid and the taps that reach it. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly stepY: number;
  readonly stepX: number;
  readonly originY: number;
  readonly originX: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly taps: readonly Tap[];
}

export interface Side {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export function inputSide(g: ConvGeometry): Side {
  return { height: g.inHeight, width: g.inWidth, channels: g.inChannels };
}

export function outputSide(g: ConvGeometry): Side {
  return { height: g.outHeight, width: g.outWidth, channels: g.outChannels };
}

export function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple;
}

/** The forward's grid: all output pixels, all taps. */
export function forwardGrid(g: ConvGeometry): Grid {
  const taps = allTaps(g, (ky, kx) => ({
    y: ky * g.dilationHeight - g.padTop,
    x: kx * g.dilationWidth - g.padLeft,
  }));
  return {
    rows: g.outHeight,
    columns: g.outWidth,
    stepY: g.strideHeight,
    stepX: g.strideWidth,
    originY: 0,
    originX: 0,
    strideY: 1,
    strideX: 1,
    taps,
  };
}

/**
 * The input gradient's grids: one for each pair of remainders (py, px) of the input pixel modulo the stride. Output
 * row o touches input row o stride - padTop + ky dilation, so a tap belongs to the remainder for which
 * py + padTop - ky dilation is a multiple of the stride.
 */
export function inputGradientGrids(g: ConvGeometry): Grid[] {
  const grids: Grid[] = [];
  for (let py = 0; py < Math.min(g.strideHeight, g.inHeight); py++) {
    for (let px = 0; px < Math.min(g.strideWidth, g.inWidth); px++) {
      const taps = allTaps(g, (ky, kx) => {
        const y = (py + g.padTop - ky * g.dilationHeight) / g.strideHeight;
        const x = (px + g.padLeft - kx * g.dilationWidth) / g.strideWidth;
        return Number.isInteger(y) && Number.isInteger(x) ? { y, x } : undefined;
      });
      grids.push({
        rows: Math.ceil((g.inHeight - py) / g.strideHeight),
        columns: Math.ceil((g.inWidth - px) / g.strideWidth),
        stepY: 1,
        stepX: 1,
        originY: py,
        originX: px,
        strideY: g.strideHeight,
        strideX: g.strideWidth,
        taps,
      });
    }
  }
  return grids;
}

function allTaps(
  g: ConvGeometry,
  place: (ky: number, kx: number) => { y: number; x: number } | undefined,
): Tap[] {
  const taps: Tap[] = [];
  for (let ky = 0; ky < g.filterHeight; ky++) {
    for (let kx = 0; kx < g.filterWidth; kx++) {
      const at = place(ky, kx);
      if (at) taps.push({ index: ky * g.filterWidth + kx, ...at });
    }
  }
  return taps;
}

interface JobArguments {
  readonly grid: Grid;
  readonly batch: number;
  readonly groups: number;
  readonly source: Side;
  readonly target: Side;
  readonly sourceAddress: number;
  readonly strip: number;
  /** Floats (or words) that the packed strip takes. */
  readonly packed: number;
  /** Channels of the source in one group, where they are not source.channels / groups. */
  readonly groupSource?: number;
  /** What stands outside the picture, or the 32 bits of it. Default 0. */
  readonly outside?: number | { readonly bits: number };
}

/** A job, which each thread has for itself, and its strips as tasks. */
export interface Job {
  readonly at: Argument;
  readonly strips: Parts;
  /** The first strip of a task. */
  readonly first: Argument;
}

/** Writes a job into scratch memory. */
export function writeJob(engine: Engine, job: JobArguments): Job {
  const { heap, scratch, team } = engine;
  const { grid, source, target, groups } = job;
  const groupSource = job.groupSource ?? source.channels / groups;
  const taps = scratch.takeWords(grid.taps.flatMap((tap) => [tap.y, tap.x]));
  const outside = scratch.takeZeros(4 * groupSource + 16);
  if (typeof job.outside === 'number') {
    new Float32Array(heap.buffer, outside, groupSource).fill(job.outside);
  } else if (job.outside) {
    new Int32Array(heap.buffer, outside, groupSource).fill(job.outside.bits);
  }
  const packed = scratch.takeForEach(team.places, 4 * job.packed);
  const coordinates = scratch.takeForEach(
    team.places,
    COORDINATE_BYTES * roundUp(job.strip, PIXELS),
  );
  const tile = scratch.takeForEach(team.places, engine.tileBytes);
  // The order of the fields of ConvJob.
  const words = [
    job.sourceAddress,
    job.batch,
    source.height,
    source.width,
    source.channels,
    grid.rows,
    grid.columns,
    grid.stepY,
    grid.stepX,
    target.height,
    target.width,
    target.channels,
    grid.originY,
    grid.originX,
    grid.strideY,
    grid.strideX,
    taps,
    grid.taps.length,
    groups,
    groupSource,
    target.channels / groups,
    job.strip,
    outside,
  ];
  const own = [packed, coordinates, tile];
  const at = scratch.takeForEach(team.places, 4 * (words.length + own.length));
  for (let thread = 0; thread < team.places; thread++) {
    const mine = own.map((room) => room.at + thread * room.thread);
    const address = at.at + thread * at.thread;
    new Int32Array(heap.buffer, address, words.length + own.length).set([...words, ...mine]);
  }
  const count = Math.ceil((job.batch * grid.rows * grid.columns) / job.strip);
  const strips = partsOf(count, Math.max(1, Math.floor(count / LEAST_TASKS)));
  return { at, strips, first: { at: 0, task: strips.grain } };
}

/** Whether a tap of some window lies outside the picture. */
export function reachesOutside(g: ConvGeometry): boolean {
  const past = (out: number, stride: number, filter: number, dilation: number, pad: number) =>
    (out - 1) * stride + (filter - 1) * dilation + 1 - pad;
  return (
    g.padTop > 0 ||
    g.padLeft > 0 ||
    past(g.outHeight, g.strideHeight, g.filterHeight, g.dilationHeight, g.padTop) > g.inHeight ||
    past(g.outWidth, g.strideWidth, g.filterWidth, g.dilationWidth, g.padLeft) > g.inWidth
  );
}
