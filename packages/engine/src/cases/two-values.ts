/**
 * Two values by the sign and their backward: no shift, one, one for each channel; lengths around vector widths; entries on the edges of the
 * box; NaN.
 */
import type { KernelCase } from './kernel-case.js';
import { reals } from './numbers.js';

const shapes = [
  [0, 1],
  [1, 1],
  [5, 3],
  [7, 4],
  [3, 17],
  [40, 16],
  [9, 70],
  [130, 1],
] as const;

const forms = shapes.flatMap(([rows, channels]) =>
  [...new Set([0, 1, channels])].map((shifts) => {
    const x = reals(rows * channels, 3);
    // Both zeros, and entries whose u is exactly on an edge, where no shift moves them.
    x.set([0, -0, 0.5, -0.5, 0.25, 1].slice(0, x.length));
    return {
      name: `${rows} rows of ${channels}, shifts: ${shifts}`,
      x,
      shift: shifts === 0 ? [] : [reals(shifts, 5).map((v) => v / 4)],
      shifts,
    };
  }),
);

export const twoValuesCases: readonly KernelCase[] = forms.flatMap((f) =>
  [false, true].map((broken): KernelCase => {
    const x = f.x.slice();
    if (broken && x.length > 0) x[x.length - 1] = NaN;
    const isBroken = broken && x.length > 0;
    return {
      name: `${f.name}${broken ? ', NaN' : ''}`,
      kernel: 'twoValues',
      inputs: [x, ...f.shift],
      outputLengths: [x.length],
      bound: 0,
      call: (kernels, [from, shift], [y]) => {
        const said = kernels.twoValues(from, shift, y, -0.25, 0.75);
        // What is written where a NaN was found is no promise.
        if (isBroken) y.fill(0);
        return [said];
      },
    };
  }),
);

export const twoValuesGradientCases: readonly KernelCase[] = forms.flatMap((f) =>
  (
    [
      [1, 0.5, 1],
      [2, 0.75, 0.5],
    ] as const
  ).map(([k, scale, factor]) => ({
    name: `${f.name}, k = ${k}`,
    kernel: 'twoValuesGradient',
    inputs: [reals(f.x.length, 6), f.x, ...f.shift],
    outputLengths: [f.x.length, 3, f.shifts],
    bound: 1e-5,
    call: (kernels, [dy, x, shift], [dx, sums, dshift]) => {
      const byShift = f.shifts === 0 ? undefined : dshift;
      const attrs = { k, scale, factor, width: 1 };
      kernels.twoValuesGradient(dy, x, shift, dx, sums, byShift, attrs);
    },
  })),
);
