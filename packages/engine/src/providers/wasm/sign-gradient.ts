/**
 * The binary layer's backward with both branches (the contract is in @surge-bnn/contract, kernels.ts). Products with signs look sums up
 * (sign-tables.ts) where the shape allows it; else the signs are floats like the auxiliary branch's.
 */
import type { BranchMeasure, SurrogateSpec } from '@surge-bnn/contract';
import type { SignConvGradientArguments } from '../provider.js';
import { filterGradient, inputGradient } from './conv.js';
import type { Engine } from './instance.js';
import {
  filterByTable,
  inputByTable,
  signFilterGradient,
  signInputGradient,
} from './sign-tables.js';
import { partsOf } from './threads/parts.js';

/** Four sums in f64. */
const MEASURE_BYTES = 32;

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
export function backward(engine: Engine, args: SignConvGradientArguments): void {
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
    if (inputByTable(g)) {
      signInputGradient(engine, g, dy, { weights: kernel, target: dx }, second);
      return;
    }
    const signs = signsOf(engine, kernel, weights);
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
  scratch.scope(() => {
    if (filterByTable(g)) signFilterGradient(engine, g, x, dy, dkernel, padValue);
    else filterGradient(engine, g, signsOf(engine, x, inputs), dy, dkernel, padValue);
  });
  if (withSecond) scratch.scope(() => filterGradient(engine, g, x, dy, dauxiliary));
  applySlope(engine, dkernel, kernel, weights, ...surrogateCode(args.weightSurrogate));
  if (dauxiliary !== undefined) {
    const parts = partsOf(weights);
    const at = parts.from(dauxiliary);
    team.run('scale', parts.tasks, [at, at, parts.count, auxiliaryGradient]);
  }
}

/** Signs as floats, in scratch memory. */
function signsOf({ scratch, team }: Engine, values: number, count: number): number {
  const signs = scratch.take(4 * count);
  const parts = partsOf(count);
  team.run('signs', parts.tasks, [parts.from(values), parts.from(signs), parts.count]);
  return signs;
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
