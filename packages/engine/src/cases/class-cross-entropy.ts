/** Cross-entropy with one class a row: numbers of classes around vector widths, large logits, the last class. */
import { classCrossEntropy } from '../providers/reference/class-cross-entropy.js';
import type { KernelCase } from './kernel-case.js';
import { reals, uniform } from './numbers.js';

/** Cases have float32 arrays as inputs: classes travel as the bits of one. */
export const bitsOf = (ids: Int32Array): Float32Array => new Float32Array(ids.buffer);
export const idsOf = (bits: Float32Array): Int32Array =>
  new Int32Array(bits.buffer, bits.byteOffset, bits.length);

const forms = (
  [
    [0, 3],
    [1, 1],
    [2, 2],
    [5, 7],
    [3, 16],
    [4, 33],
    [2, 1000],
  ] as const
).flatMap(([rows, columns]) =>
  [1, 60].map((size) => {
    const next = uniform(7);
    const classes = Int32Array.from({ length: rows }, (_, i) =>
      i === 0 ? columns - 1 : Math.floor(next() * columns),
    );
    const logits = reals(rows * columns, 1).map((v) => v * size);
    return { name: `${rows} rows of ${columns}, up to ${2 * size}`, rows, logits, classes };
  }),
);

export const classCrossEntropyCases: readonly KernelCase[] = forms.map((f) => ({
  name: f.name,
  kernel: 'classCrossEntropy',
  inputs: [f.logits, bitsOf(f.classes)],
  outputLengths: [f.rows, f.rows],
  bound: 1e-5,
  call: (kernels, [logits, classes], [loss, logPartition]) =>
    kernels.classCrossEntropy(logits, idsOf(classes), loss, logPartition),
}));

export const classCrossEntropyGradientCases: readonly KernelCase[] = forms.map((f) => {
  const logPartition = new Float32Array(f.rows);
  classCrossEntropy(f.logits, f.classes, new Float32Array(f.rows), logPartition);
  return {
    name: f.name,
    kernel: 'classCrossEntropyGradient',
    inputs: [reals(f.rows, 2), f.logits, bitsOf(f.classes), logPartition],
    outputLengths: [f.logits.length],
    bound: 1e-5,
    call: (kernels, [dy, logits, classes, partition], [dlogits]) =>
      kernels.classCrossEntropyGradient(dy, logits, idsOf(classes), partition, dlogits),
  };
});
