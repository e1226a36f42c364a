/**
 * The binary layer's backward, step by step as METHOD.md has it. The products and the norms are the addon's; what becomes of the norms
 * is decided by the caller's `combine`, between them.
 */
import type { SurrogateSpec } from '@surge-bnn/contract';
import { timedPart } from '../../kernels/profile.js';
import type { Kernels } from '../provider.js';
import type { NativeMethods } from './addon.js';
import { packGeometry } from './geometry.js';

export function signKernels(
  native: NativeMethods,
): Pick<Kernels, 'signConv2d' | 'signConv2dGradient'> {
  const sums = new Float64Array(4);
  return {
    signConv2d: (x, kernel, y, g, padValue) =>
      native.signConv2d(x, kernel, y, packGeometry(g), padValue),

    signConv2dGradient(args) {
      const { dy, x, kernel, auxiliary, dx, dkernel, dauxiliary, padValue } = args;
      const g = packGeometry(args.geometry);
      const [kind, parameter] = surrogateCode(args.inputSurrogate);

      // g_b into dx, g_a into the addon's buffer, then the norms of both in one pass.
      timedPart('binary branch: input gradient', () => {
        native.binaryInputGradient(dy, kernel, dx, g);
      });
      if (auxiliary) {
        timedPart('auxiliary branch: input gradient', () => {
          native.auxiliaryInputGradient(dy, auxiliary, g);
        });
      }
      timedPart('surrogate and norms', () => {
        native.throughSurrogate(x, dx, kind, parameter, sums);
      });
      const [squaredB, squaredA, inner, clipped] = sums;
      const weights = args.combine?.({
        normB: Math.sqrt(squaredB),
        normA: Math.sqrt(squaredA),
        inner,
        clipped: x.length === 0 ? 0 : clipped / x.length,
      }) ?? { binary: 1, auxiliary: 0, auxiliaryGradient: 0 };
      timedPart('branches combined', () => {
        native.combineBranches(dx, weights.binary, weights.auxiliary);
      });

      const [weightKind, weightParameter] = surrogateCode(args.weightSurrogate);
      timedPart('binary branch: filter gradient', () => {
        native.binaryFilterGradient(
          x,
          dy,
          kernel,
          dkernel,
          g,
          padValue,
          weightKind,
          weightParameter,
        );
      });
      if (dauxiliary) {
        timedPart('auxiliary branch: filter gradient', () => {
          native.auxiliaryFilterGradient(x, dy, dauxiliary, g, weights.auxiliaryGradient);
        });
      }
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
