/**
 * The surrogate derivatives s(v) that kernels know, as their formulas stand in @surge-bnn/contract.
 * Only the kernels' list; the method's other surrogates live in core, composed of plain ops.
 */
import type { SurrogateSpec } from '@surge-bnn/contract';

/** s(v) for one surrogate. */
export function slope(spec: SurrogateSpec, v: number): number {
  switch (spec.kind) {
    case 'identity':
      return 1;
    case 'box':
      return Math.abs(v) <= spec.width ? 1 : 0;
    case 'quadratic':
      return Math.max(0, 2 - 2 * Math.abs(v));
    case 'swish': {
      const u = spec.beta * v;
      return (spec.beta * (2 - u * Math.tanh(u / 2))) / (1 + Math.cosh(u));
    }
    default:
      return spec satisfies never;
  }
}
