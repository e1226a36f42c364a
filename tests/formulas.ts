/**
 * METHOD.md section 1 once more, as plainly as it can be written: seven nested loops in float64, no TF.js, no
 * code of ours. The ops on every backend are held against it.
 */
export interface Case {
  name: string;
  x: [number, number, number, number];
  kernel: [number, number, number, number];
  stride?: number;
  dilation?: number;
  padTop: number;
  padLeft: number;
  out: [number, number];
  groups?: number;
  padValue?: 0 | 1 | -1;
  /** What the op is given for all this. */
  padding: 'same' | 'valid' | number;
}

export type Numbers = Float64Array;

interface Branch {
  y: Numbers;
  dx: Numbers;
  dw: Numbers;
}

/** y = conv(x, w), dx = dgrad(dy, w), dw = wgrad(x, dy), outside the picture x is padValue. */
export function conv(c: Case, x: Numbers, w: Numbers, dy: Numbers, padValue = 0): Branch {
  const [n, h, wd, ci] = c.x;
  const [kh, kw, cg, co] = c.kernel;
  const [oh, ow] = c.out;
  const groups = c.groups ?? 1;
  const stride = c.stride ?? 1;
  const dilation = c.dilation ?? 1;
  const y = new Float64Array(n * oh * ow * co);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  for (let b = 0; b < n; b++)
    for (let i = 0; i < oh; i++)
      for (let j = 0; j < ow; j++)
        for (let o = 0; o < co; o++) {
          const at = ((b * oh + i) * ow + j) * co + o;
          const group = Math.floor(o / (co / groups));
          for (let r = 0; r < kh; r++)
            for (let s = 0; s < kw; s++)
              for (let q = 0; q < cg; q++) {
                const row = i * stride + r * dilation - c.padTop;
                const column = j * stride + s * dilation - c.padLeft;
                const inside = row >= 0 && row < h && column >= 0 && column < wd;
                const ix = ((b * h + row) * wd + column) * ci + group * cg + q;
                const iw = ((r * kw + s) * cg + q) * co + o;
                const value = inside ? x[ix] : padValue;
                y[at] += value * w[iw];
                dw[iw] += value * dy[at];
                if (inside) dx[ix] += w[iw] * dy[at];
              }
        }
  return { y, dx, dw };
}

export const sign = (v: number) => (v < 0 ? -1 : 1);

/** The surrogate derivatives, from the papers' formulas. */
export const slopes: Record<string, (v: number) => number> = {
  ste: (v) => (Math.abs(v) <= 1 ? 1 : 0),
  identity: () => 1,
  'approx-sign': (v) => Math.max(0, 2 - 2 * Math.abs(v)),
  'swish-sign': (v) => (5 * (2 - 5 * v * Math.tanh((5 * v) / 2))) / (1 + Math.cosh(5 * v)),
};

const norm = (v: Numbers) => Math.sqrt(v.reduce((s, e) => s + e * e, 0));

/** Everything that a binary layer with SURGE gives for one dy. */
export function surgeLayer(
  c: Case,
  tensors: { x: Numbers; kernel: Numbers; auxiliary: Numbers; dy: Numbers },
  options: { input: string; weight: string; eta: number; scaled?: boolean; fixed?: number },
) {
  const { x, kernel, auxiliary, dy } = tensors;
  const binary = conv(c, x.map(sign), kernel.map(sign), dy, c.padValue ?? 0);
  const branch = conv(c, x, auxiliary, dy, 0);
  const gb = binary.dx.map((g, i) => g * slopes[options.input](x[i]));
  const ga = branch.dx;
  const lambda = options.fixed ?? (options.eta * norm(gb)) / (norm(ga) + 1e-8);
  return {
    y: binary.y,
    lambda,
    normA: norm(ga),
    normB: norm(gb),
    cosine: gb.reduce((s, g, i) => s + g * ga[i], 0) / (norm(ga) * norm(gb)),
    clipped: x.filter((v) => slopes[options.input](v) === 0).length / x.length,
    baseline: gb,
    dx: gb.map((g, i) => g + lambda * ga[i]),
    dkernel: binary.dw.map((g, i) => g * slopes[options.weight](kernel[i])),
    dauxiliary: branch.dw.map((g) => g * (options.scaled === false ? 1 : lambda)),
  };
}

/** Geometries with every feature and odd sizes. */
export const cases: Case[] = [
  {
    name: '3x3 same',
    x: [2, 6, 5, 3],
    kernel: [3, 3, 3, 4],
    padding: 'same',
    padTop: 1,
    padLeft: 1,
    out: [6, 5],
  },
  {
    name: '3x3 same, stride 2, even size',
    x: [2, 6, 8, 5],
    kernel: [3, 3, 5, 7],
    stride: 2,
    padding: 'same',
    padTop: 0,
    padLeft: 0,
    out: [3, 4],
  },
  {
    name: '3x3 pad 1, stride 2',
    x: [1, 7, 6, 5],
    kernel: [3, 3, 5, 3],
    stride: 2,
    padding: 1,
    padTop: 1,
    padLeft: 1,
    out: [4, 3],
  },
  {
    name: '1x1',
    x: [3, 4, 4, 17],
    kernel: [1, 1, 17, 9],
    padding: 'valid',
    padTop: 0,
    padLeft: 0,
    out: [4, 4],
  },
  {
    name: '1x1 stride 2',
    x: [2, 5, 5, 33],
    kernel: [1, 1, 33, 5],
    stride: 2,
    padding: 'valid',
    padTop: 0,
    padLeft: 0,
    out: [3, 3],
  },
  {
    name: '5x5 same',
    x: [1, 7, 7, 31],
    kernel: [5, 5, 31, 6],
    padding: 'same',
    padTop: 2,
    padLeft: 2,
    out: [7, 7],
  },
  {
    name: '5x5 valid stride 3',
    x: [2, 9, 10, 2],
    kernel: [5, 5, 2, 3],
    stride: 3,
    padding: 'valid',
    padTop: 0,
    padLeft: 0,
    out: [2, 2],
  },
  {
    name: '3x3 dilation 2',
    x: [2, 7, 6, 3],
    kernel: [3, 3, 3, 5],
    dilation: 2,
    padding: 'same',
    padTop: 2,
    padLeft: 2,
    out: [7, 6],
  },
  {
    name: '3x3 dilation 2, stride 2',
    x: [1, 9, 8, 3],
    kernel: [3, 3, 3, 5],
    dilation: 2,
    stride: 2,
    padding: 2,
    padTop: 2,
    padLeft: 2,
    out: [5, 4],
  },
  {
    name: '3x3 dilation 6, most taps outside',
    x: [2, 5, 8, 6],
    kernel: [3, 3, 6, 5],
    dilation: 6,
    padding: 6,
    padTop: 6,
    padLeft: 6,
    out: [5, 8],
    padValue: -1,
  },
  {
    name: '3x3 in 3 groups',
    x: [2, 5, 5, 9],
    kernel: [3, 3, 3, 6],
    groups: 3,
    padding: 'same',
    padTop: 1,
    padLeft: 1,
    out: [5, 5],
  },
  {
    name: 'pad value +1',
    x: [2, 5, 4, 3],
    kernel: [3, 3, 3, 4],
    padding: 'same',
    padTop: 1,
    padLeft: 1,
    out: [5, 4],
    padValue: 1,
  },
  {
    name: 'pad value -1, 5x3 filter',
    x: [1, 5, 4, 70],
    kernel: [5, 3, 70, 3],
    padding: 'same',
    padTop: 2,
    padLeft: 1,
    out: [5, 4],
    padValue: -1,
  },
  {
    name: 'one pixel',
    x: [7, 1, 1, 1],
    kernel: [3, 3, 1, 1],
    padding: 'same',
    padTop: 1,
    padLeft: 1,
    out: [1, 1],
  },
  {
    name: '130 channels',
    x: [1, 3, 3, 130],
    kernel: [3, 3, 130, 5],
    padding: 'same',
    padTop: 1,
    padLeft: 1,
    out: [3, 3],
    padValue: 1,
  },
];

/** A small deterministic generator, so that a failing case can be run again. */
export function numbers(length: number, seed: number, scale = 1): Numbers {
  let state = seed * 2654435761 + 12345;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround((state / 2 ** 31 - 1) * scale);
  });
}
