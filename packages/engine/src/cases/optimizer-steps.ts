/**
 * Optimizer steps: every switch, lengths around vector widths.
 */
import type { AdamStepAttrs, BopStepAttrs, SgdStepAttrs } from '@surge-bnn/contract';
import type { KernelCase } from './kernel-case.js';
import { positives, reals, signs } from './numbers.js';

const lengths = [0, 1, 3, 4, 17, 130];
const clips = [{}, { clipMin: -1, clipMax: 1 }];

const sgdAttrs: readonly SgdStepAttrs[] = clips.flatMap((clip) => [
  { learningRate: 0.1, momentum: 0, nesterov: false, weightDecay: 0, ...clip },
  { learningRate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 1e-2, ...clip },
  { learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-2, ...clip },
]);

export const sgdStepCases: readonly KernelCase[] = sgdAttrs.flatMap((attrs) =>
  lengths.map((length) => ({
    name: `${length} ${JSON.stringify(attrs)}`,
    kernel: 'sgdStep' as const,
    inputs: [reals(length, 1), reals(length, 2), reals(length, 3)],
    outputLengths: [length, length],
    bound: 1e-6,
    call: (kernels, [p, g, v], [newP, newV]) => kernels.sgdStep(p, g, v, newP, newV, attrs),
  })),
);

const adamBase = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
const adamAttrs: readonly AdamStepAttrs[] = clips.flatMap((clip) => [
  { ...adamBase, step: 1, weightDecay: 0, decoupled: false, ...clip },
  { ...adamBase, step: 10, weightDecay: 1e-2, decoupled: false, ...clip },
  { ...adamBase, step: 1000, weightDecay: 1e-2, decoupled: true, ...clip },
]);

export const adamStepCases: readonly KernelCase[] = adamAttrs.flatMap((attrs) =>
  lengths.map((length) => ({
    name: `${length} ${JSON.stringify(attrs)}`,
    kernel: 'adamStep' as const,
    inputs: [reals(length, 1), reals(length, 2), reals(length, 3), positives(length, 4)],
    outputLengths: [length, length, length],
    bound: 2e-6,
    call: (kernels, [p, g, m, v], [newP, newM, newV]) =>
      kernels.adamStep(p, g, m, v, newP, newM, newV, attrs),
  })),
);

// Powers of two make the momentum exact, so that no rounding decides about a flip.
const bopAttrs: readonly BopStepAttrs[] = [
  { gamma: 0.25, threshold: 0.5 },
  { gamma: 2 ** -10, threshold: 0 },
  { gamma: 0, threshold: 0.125 },
];

export const bopStepCases: readonly KernelCase[] = bopAttrs.flatMap((attrs) =>
  lengths.map((length) => ({
    name: `${length} ${JSON.stringify(attrs)}`,
    kernel: 'bopStep' as const,
    inputs: [signs(length, 1), eighths(length, 2), eighths(length, 3)],
    outputLengths: [length, length],
    bound: 0,
    call: (kernels, [p, g, m], [newP, newM]) => kernels.bopStep(p, g, m, newP, newM, attrs),
  })),
);

function eighths(length: number, seed: number): Float32Array {
  return reals(length, seed).map((v) => Math.round(v * 8) / 8);
}
