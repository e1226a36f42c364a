/**
 * GELU, dropout and the softmax of attention, forward and backward: row lengths around vector widths, masks, a text that is masked whole, large scores,
 * and the far ends of GELU.
 */
import { attentionSoftmax } from '../providers/reference/attention-softmax.js';
import type { KernelCase } from './kernel-case.js';
import { reals } from './numbers.js';

const ends = Float32Array.from([
  -1e30, -40, -13, -6, -5.5, -4, -3, -2.9, -1e-6, 0, 1e-6, 3, 5, 6, 40, 1e30,
]);
const lists: readonly (readonly [string, Float32Array])[] = [
  ...[0, 1, 3, 4, 7, 64, 130].map((n) => [`${n} entries`, reals(n, n)] as const),
  ['entries up to 8', reals(200, 3).map((v) => 4 * v)],
  ['the far ends', ends],
];

export const geluCases: readonly KernelCase[] = lists.flatMap(([name, x]) => {
  const one = (of: string, values: Float32Array): KernelCase => ({
    name: of,
    kernel: 'gelu',
    inputs: [values],
    outputLengths: [values.length],
    // Far out an exponent of -80 has lost digits that its power misses: of numbers that are as good as 0.
    bound: values.some((v) => v < -8 && v > -20) ? 1e-5 : 2e-6,
    call: (kernels, [from], [y]) => kernels.gelu(from, y),
  });
  // The far ends one by one: beside 1e30 the others would be nothing.
  return name === 'the far ends'
    ? Array.from(x, (v) => one(`of ${v}`, Float32Array.of(v, v, v, v, v)))
    : [one(name, x)];
});

export const geluGradientCases: readonly KernelCase[] = lists.map(([name, x]) => ({
  name,
  kernel: 'geluGradient',
  inputs: [reals(x.length, 9), x],
  outputLengths: [x.length],
  bound: 2e-6,
  call: (kernels, [dy, from], [dx]) => kernels.geluGradient(dy, from, dx),
}));

export const dropoutCases: readonly KernelCase[] = [0, 1, 3, 15, 16, 17, 64, 131].flatMap((n) =>
  (
    [
      [0, 1],
      [0.1, 1 / 0.9],
      [0.5, 1],
      [0.999, 1000],
    ] as const
  ).map(([rate, kept]): KernelCase => {
    // One number that a factor of 0 does not make 0.
    const x = reals(n, 4);
    if (n > 2) x[2] = Infinity;
    const attrs = { rate, kept, start: 0xfedcba98 - n };
    return {
      name: `${n} entries, rate ${rate}`,
      kernel: 'dropout',
      inputs: [x],
      outputLengths: [n],
      bound: 0,
      call: (kernels, [from], [y]) => kernels.dropout(from, y, attrs),
    };
  }),
);

const MASKED = -3.4028234663852886e38;
const shapes = [
  [1, 1, 1],
  [2, 3, 4],
  [3, 2, 5],
  [2, 4, 7],
  [2, 8, 64],
  [1, 5, 130],
  [4, 130, 3],
  [0, 4, 4],
] as const;

const forms = shapes.flatMap(([texts, rows, keys]) =>
  [1, 50].map((size) => {
    // The first text whole, of the others a part, the last one masked throughout where there are three.
    const bias = Float32Array.from({ length: texts * keys }, (_, i) => {
      const [text, key] = [Math.floor(i / keys), i % keys];
      if (text === 2) return MASKED;
      return text > 0 && key > 0 && key % 3 !== 1 ? MASKED : 0;
    });
    const x = reals(texts * rows * keys, 1).map((v) => v * size);
    const scale = 0.35;
    return {
      name: `${texts} texts, ${rows} rows of ${keys}, scores up to ${2 * size}`,
      x,
      bias,
      keys,
      scale,
    };
  }),
);

export const attentionSoftmaxCases: readonly KernelCase[] = forms.map((f) => ({
  name: f.name,
  kernel: 'attentionSoftmax',
  inputs: [f.x, f.bias],
  outputLengths: [f.x.length],
  bound: 1e-5,
  call: (kernels, [x, bias], [y]) => kernels.attentionSoftmax(x, bias, y, f.keys, f.scale),
}));

export const attentionSoftmaxGradientCases: readonly KernelCase[] = forms.map((f) => {
  const y = new Float32Array(f.x.length);
  attentionSoftmax(f.x, f.bias, y, f.keys, f.scale);
  return {
    name: f.name,
    kernel: 'attentionSoftmaxGradient',
    inputs: [reals(f.x.length, 2), y],
    outputLengths: [f.x.length],
    bound: 1e-5,
    call: (kernels, [dy, from], [dx]) =>
      kernels.attentionSoftmaxGradient(dy, from, dx, f.keys, f.scale),
  };
});
