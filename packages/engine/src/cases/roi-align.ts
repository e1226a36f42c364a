/**
 * RoIAlign and its gradient: channels around vector widths, boxes inside, over every border, wholly outside, smaller than a
 * pixel, without area and turned inside out, maps of one row, no boxes. All exact.
 */
import type { Kernels } from '../providers/provider.js';
import type { KernelCase } from './kernel-case.js';
import { reals, uniform } from './numbers.js';

/** Boxes in pixels of a picture of about 64 pixels, and their pictures, as the bits of a float array. */
function regions(
  count: number,
  batch: number,
  seed: number,
): readonly [Float32Array, Float32Array] {
  const odd = [
    [-400, -400, -300, -300],
    [16, 16, 16, 16],
    [30, 30, 10, 10],
    [9, 9, 10, 11],
    [-50, -60, 90, 80],
  ];
  const next = uniform(seed);
  const boxes = Array.from({ length: count }, (_, i) => {
    if (i % 3 === 2) return odd[Math.floor(i / 3) % odd.length];
    const [x, y] = [next() * 60 - 10, next() * 60 - 10];
    return [x, y, x + next() * 50, y + next() * 50];
  });
  const pictures = Int32Array.from(boxes, () => Math.floor(next() * batch));
  return [Float32Array.from(boxes.flat()), new Float32Array(pictures.buffer)];
}

const idsOf = (bits: Float32Array): Int32Array =>
  new Int32Array(bits.buffer, bits.byteOffset, bits.length);

/** Boxes; batch, rows, columns and channels of the map; rows and columns of bins; samples; aligned. The last ones are shared by threads. */
const forms = (
  [
    [0, 1, 4, 4, 4, 2, 2, 2, false],
    [1, 1, 1, 1, 1, 1, 1, 2, false],
    [4, 1, 1, 9, 3, 2, 3, 1, true],
    [7, 2, 8, 8, 5, 7, 7, 2, false],
    [16, 3, 8, 9, 8, 3, 2, 0, false],
    [16, 3, 9, 8, 17, 3, 2, 0, true],
    [9, 2, 8, 8, 64, 7, 7, 2, true],
    [40, 2, 16, 12, 96, 4, 4, 3, false],
    [37, 2, 16, 12, 64, 7, 7, 0, true],
  ] as const
).map(([count, batch, height, width, channels, rows, columns, samplingRatio, aligned], i) => ({
  name: `${count} boxes of ${batch} maps of ${height}x${width}x${channels} in ${rows}x${columns} bins, ${samplingRatio} samples, ${aligned ? 'aligned' : 'not aligned'}`,
  map: { batch, height, width, channels },
  attrs: { scale: 1 / 8, height: rows, width: columns, samplingRatio, aligned },
  regions: regions(count, batch, i + 1),
  inside: batch * height * width * channels,
  outside: count * rows * columns * channels,
}));

type Form = (typeof forms)[number];

const call =
  (kernel: 'roiAlign' | 'roiAlignGradient', { map, attrs }: Form): KernelCase['call'] =>
  (kernels: Kernels, [from, boxes, pictures], [to]) =>
    kernels[kernel](from, boxes, idsOf(pictures), to, map, attrs);

export const roiAlignCases: readonly KernelCase[] = forms.map((form) => ({
  name: form.name,
  kernel: 'roiAlign',
  inputs: [reals(form.inside, 1), ...form.regions],
  outputLengths: [form.outside],
  bound: 0,
  call: call('roiAlign', form),
}));

export const roiAlignGradientCases: readonly KernelCase[] = forms.map((form) => ({
  name: form.name,
  kernel: 'roiAlignGradient',
  inputs: [reals(form.outside, 2), ...form.regions],
  outputLengths: [form.inside],
  bound: 0,
  call: call('roiAlignGradient', form),
}));
