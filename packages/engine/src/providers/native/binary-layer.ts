/**
 * The binary layer. Its backward as METHOD.md has it: the products and norms of both branches are the addon's, what becomes of the
 * norms is decided by the caller's `combine` between its two halves.
 */
import type { SurrogateSpec } from '@surge-bnn/contract';
import { notePart, timedPart } from '../../kernels/profile.js';
import type { Kernels } from '../provider.js';
import type { NativeMethods } from './addon.js';
import { packGeometry } from './geometry.js';

/** The parts whose seconds `branches` reports, in its order. */
const parts = [
  'both branches: minimal filtering, surrogate and norms',
  'binary branch: input gradient',
  'auxiliary branch: input gradient',
  'surrogate and norms',
  'binary branch: filter gradient',
  'auxiliary branch: filter gradient',
] as const;
const MEASURES = 4;

export function signKernels(
  native: NativeMethods,
): Pick<Kernels, 'signConv2d' | 'signConv2dGradient'> {
  const report = new Float64Array(MEASURES + parts.length);
  return {
    signConv2d: (x, kernel, y, g, padValue) =>
      native.signConv2d(x, kernel, y, packGeometry(g), padValue),

    signConv2dGradient(args) {
      const { dy, x, kernel, auxiliary, dx, dkernel, dauxiliary, padValue } = args;
      const g = packGeometry(args.geometry);
      const surrogate = surrogateCode(args.inputSurrogate);
      native.branches(dy, x, kernel, auxiliary, dx, dkernel, dauxiliary, g, ...surrogate, report);
      parts.forEach((part, i) => notePart(part, 1e3 * report[MEASURES + i]));
      const [squaredB, squaredA, inner, clipped] = report;
      const weights = args.combine?.({
        normB: Math.sqrt(squaredB),
        normA: Math.sqrt(squaredA),
        inner,
        clipped: x.length === 0 ? 0 : clipped / x.length,
      }) ?? { binary: 1, auxiliary: 0, auxiliaryGradient: 0 };
      timedPart('branches combined', () => {
        native.combineBranches(dx, weights.binary, weights.auxiliary);
        const weightSurrogate = surrogateCode(args.weightSurrogate);
        native.finishBinaryFilter(dy, kernel, dkernel, g, padValue, ...weightSurrogate);
        if (dauxiliary) native.finishAuxiliaryFilter(dauxiliary, weights.auxiliaryGradient);
      });
    },
  };
}

/** The surrogate as the kernels know it: SurrogateKind of native/src/kernels/kernel_set.h, and its parameter. */
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
