/**
 * Softmax cross-entropy: one-hot, soft and weightless labels; logits so large that exp alone overflows.
 */
import type { KernelCase } from './kernel-case.js';
import { positives, reals, uniform } from './numbers.js';

const forms = [
  [1, 1],
  [3, 2],
  [5, 10],
  [4, 7],
  [2, 130],
  [0, 10],
] as const;

const kinds: readonly (readonly [string, (rows: number, classes: number) => Float32Array])[] = [
  ['one-hot', oneHot],
  ['soft', (rows, classes) => positives(rows * classes, 5)],
  ['no', (rows, classes) => new Float32Array(rows * classes)],
];

export const softmaxCrossEntropyCases: readonly KernelCase[] = forms.flatMap(([rows, classes]) =>
  kinds.flatMap(([kind, labels]) =>
    [1, 100].map((size) => ({
      name: `[${rows}, ${classes}], ${kind} labels, logits up to ${2 * size}`,
      kernel: 'softmaxCrossEntropy' as const,
      inputs: [reals(rows * classes, 1).map((v) => v * size), labels(rows, classes)],
      outputLengths: [rows, rows * classes],
      bound: 1e-5,
      call: (kernels, [logits, target], [loss, gradient]) =>
        kernels.softmaxCrossEntropy(logits, target, loss, gradient),
    })),
  ),
);

function oneHot(rows: number, classes: number): Float32Array {
  const next = uniform(9);
  const labels = new Float32Array(rows * classes);
  for (let r = 0; r < rows; r++) labels[r * classes + Math.floor(next() * classes)] = 1;
  return labels;
}
