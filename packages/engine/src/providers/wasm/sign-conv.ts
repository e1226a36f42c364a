/**
 * The binary layer: forward on packed bits, backward with both branches (the contract is in
 * @surge-bnn/contract, kernels.ts).
 */
import type { BranchMeasure, SurrogateSpec } from '@surge-bnn/contract';
import type { Kernels, SignConvGradientArguments } from '../provider.js';
import { filterGradient, inputGradient } from './conv.js';
import { forwardGrid, inputSide, outputSide, roundUp, writeJob } from './conv-plan.js';
import type { Engine } from './instance.js';
import { GRAIN, partsOf, partsOfRows } from './threads/parts.js';

/** Filters in one panel of bits, pixels that are counted together, pixels located together. */
const FILTERS = 8;
const PIXELS = 4;
const STRIP = 256;
/** Four sums in f64. */
const MEASURE_BYTES = 32;

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
  team.run('signConvolve', job.strips.tasks, [
    job.at,
    panels,
    sums,
    y,
    padValue === -1 ? -1 : 0,
    padValue === 0 ? 1 : 0,
    missing,
    job.first,
    job.strips.count,
  ]);
}

/** The surrogate as the kernels know it: number of its kind (assembly/branches.ts) and parameter. */
function surrogateCode(spec: SurrogateSpec): [kind: number, parameter: number] {
  switch (spec.kind) {
    case 'identity':
      return [0, 0];
    case 'box':
      return [1, spec.width];
    case 'quadratic':
      return [2, 0];
    case 'swish':
      return [3, spec.beta];
    default:
      return spec satisfies never;
  }
}

/**
 * g_b stands in dx, g_a in scratch memory, until `combine` has said what becomes of them. Addresses and lengths
 * are read first: scratch memory and `combine` may grow the heap, which detaches every view.
 */
function backward(engine: Engine, args: SignConvGradientArguments): void {
  const { scratch, team } = engine;
  const { geometry: g, padValue, combine } = args;
  const [dy, x, kernel] = [args.dy.byteOffset, args.x.byteOffset, args.kernel.byteOffset];
  const [dx, dkernel] = [args.dx.byteOffset, args.dkernel.byteOffset];
  const auxiliary = args.auxiliary?.byteOffset;
  const dauxiliary = args.dauxiliary?.byteOffset;
  const inputs = args.x.length;
  const weights = args.kernel.length;
  const [kind, parameter] = surrogateCode(args.inputSurrogate);

  // Without `combine` the auxiliary branch has weight 0: nobody would see it.
  const second =
    auxiliary !== undefined && combine
      ? { weights: auxiliary, target: scratch.take(4 * inputs) }
      : undefined;
  scratch.scope(() => {
    const signs = scratch.take(4 * weights);
    const parts = partsOf(weights);
    team.run('signs', parts.tasks, [parts.from(kernel), parts.from(signs), parts.count]);
    inputGradient(engine, g, dy, [{ weights: signs, target: dx }, second]);
  });

  let auxiliaryGradient = 0;
  if (combine) {
    const branches = combine(measure(engine, dx, second?.target ?? 0, x, inputs, kind, parameter));
    const auxiliaryWeight = second ? branches.auxiliary : 0;
    const parts = partsOf(inputs);
    team.run('combineBranches', parts.tasks, [
      parts.from(dx),
      parts.from(second?.target ?? 0),
      parts.count,
      branches.binary,
      auxiliaryWeight,
    ]);
    auxiliaryGradient = branches.auxiliaryGradient;
  } else applySlope(engine, dx, x, inputs, kind, parameter);

  const withSecond = dauxiliary !== undefined && auxiliaryGradient !== 0;
  const first = { target: dkernel, signs: true, outside: padValue };
  filterGradient(engine, g, x, dy, first, withSecond ? dauxiliary : 0);
  applySlope(engine, dkernel, kernel, weights, ...surrogateCode(args.weightSurrogate));
  if (dauxiliary !== undefined) {
    const parts = partsOf(weights);
    const at = parts.from(dauxiliary);
    team.run('scale', parts.tasks, [at, at, parts.count, auxiliaryGradient]);
  }
}

/** The gradient at `g` times the slope at the values `v`. */
function applySlope(
  { team }: Engine,
  g: number,
  v: number,
  count: number,
  kind: number,
  parameter: number,
): void {
  const parts = partsOf(count);
  team.run('applySlope', parts.tasks, [parts.from(g), parts.from(v), parts.count, kind, parameter]);
}

/** Applies the slope to g_b (at `gb`) and measures both branches in the same pass. */
function measure(
  engine: Engine,
  gb: number,
  ga: number,
  x: number,
  count: number,
  kind: number,
  parameter: number,
): BranchMeasure {
  const { scratch, team } = engine;
  return scratch.scope(() => {
    const parts = partsOf(count);
    const sums = scratch.take(MEASURE_BYTES * Math.max(1, parts.tasks));
    team.run('measureBranches', parts.tasks, [
      parts.from(gb),
      parts.from(ga),
      parts.from(x),
      parts.count,
      kind,
      parameter,
      { at: sums, task: MEASURE_BYTES },
    ]);
    if (parts.tasks === 0) return { normB: 0, normA: 0, inner: 0, clipped: 0 };
    team.run('addParts', 1, [sums, parts.tasks, MEASURE_BYTES, MEASURE_BYTES / 8, sums]);
    const [bb, aa, inner, zeros] = new Float64Array(scratch.buffer, sums, MEASURE_BYTES / 8);
    return {
      normB: Math.sqrt(bb),
      normA: Math.sqrt(aa),
      inner,
      clipped: zeros / count,
    };
  });
}
