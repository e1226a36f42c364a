/**
 * The published methods once more, in plain float64 and from the papers' formulas: what a layer computes, and what its backward pretends
 * it to compute. A sign at u0 is pretended to be sign(u0) + s(u0) (u - u0), a detached quantity to stand still.
 * method-layer.ts makes gradients of it.
 */
import { sign } from './formulas.js';
import type { Case, Numbers } from './formulas.js';

export interface MethodCase {
  /** What the op is given. */
  readonly name: string;
  readonly options?: Readonly<Record<string, number | string | boolean>>;
  readonly p: number;
  /** Learnable numbers of the input and of the weights, in the op's order. */
  readonly inputParameters?: (channels: number) => number[][];
  readonly weightParameters?: (filters: number) => number[][];
  /** What meets the weights: a value for each x; `at` is the point that the pretence is made at. */
  input(now: Point, at: Point): Numbers;
  /** The effective weights. */
  weights(now: Point, at: Point): Numbers;
}

/** Where a function is evaluated. */
export interface Point {
  readonly x: Numbers;
  readonly w: Numbers;
  readonly inputParameters: readonly Numbers[];
  readonly weightParameters: readonly Numbers[];
  readonly c: Case;
  readonly p: number;
}

type Slope = (u: number) => number;
const box =
  (width: number): Slope =>
  (u) =>
    Math.abs(u) <= width ? 1 : 0;
const openBox: Slope = (u) => (Math.abs(u) < 1 ? 1 : 0);
const one: Slope = () => 1;
const quadratic: Slope = (u) => Math.max(0, 2 - 2 * Math.abs(u));
const tanhWindow = (start: number, p: number): Slope => {
  const t = 10 ** (start + (1 - start) * p);
  return (u) => Math.max(1 / t, 1) * t * (1 - Math.tanh(t * u) ** 2);
};
const power = (p: number): Slope => {
  const o = 1 + (1 - Math.cos((p * Math.PI) / 2)) * 2;
  return (u) => {
    const size = Math.abs(u);
    if (size > 1.5) return 0;
    return size > 0.1 ? (1 / o) * size ** ((1 - o) / o) : 0.1 ** (1 / o) / 0.1;
  };
};

/** The pretended sign. */
const pretend = (u: number, u0: number, slope: Slope) => sign(u0) + slope(u0) * (u - u0);
const pretendAll = (u: Numbers, u0: Numbers, slope: Slope) =>
  u.map((v, i) => pretend(v, u0[i], slope));

const mean = (v: ArrayLike<number>) => Array.from(v).reduce((s, e) => s + e, 0) / v.length;
const variance = (v: Numbers, free: number) => {
  const m = mean(v);
  return v.reduce((s, e) => s + (e - m) ** 2, 0) / free;
};

/** The entries of filter f of a kernel [.., filters]. */
const filter = (w: Numbers, filters: number, f: number) => w.filter((_, i) => i % filters === f);
/** A function of each filter put back in place. */
function perFilter(w: Numbers, filters: number, f: (own: Numbers, index: number) => Numbers) {
  const out = new Float64Array(w.length);
  for (let k = 0; k < filters; k++) {
    f(filter(w, filters, k), k).forEach((v, i) => (out[i * filters + k] = v));
  }
  return out;
}
const magnitude = (v: Numbers) => mean(v.map(Math.abs));

function perSample(x: Numbers, samples: number, f: (own: Numbers) => Numbers) {
  const size = x.length / samples;
  const out = new Float64Array(x.length);
  for (let n = 0; n < samples; n++) out.set(f(x.subarray(n * size, (n + 1) * size)), n * size);
  return out;
}

const plainInput =
  (slope: (p: number) => Slope): MethodCase['input'] =>
  (now, at) =>
    pretendAll(now.x, at.x, slope(now.p));
const shifted =
  (slope: Slope): MethodCase['input'] =>
  (now, at) => {
    const u = (q: Point) => q.x.map((v, i) => v + q.inputParameters[0][i % q.c.x[3]]);
    return pretendAll(u(now), u(at), slope);
  };
const bySample: MethodCase['input'] = (now, at) => {
  const y = (q: Point) =>
    perSample(q.x, q.c.x[0], (own) => {
      const s = Math.sqrt(variance(own, own.length - 1) + 1e-5);
      return own.map((v) => v / s);
    });
  return pretendAll(y(now), y(at), quadratic);
};

const biRealWeights: MethodCase['weights'] = (now, at) =>
  perFilter(now.w, now.c.kernel[3], (own, k) => {
    const own0 = filter(at.w, now.c.kernel[3], k);
    // The forward value is a sign(W), the pretence clip(W): its slope is the box, without a.
    const a = magnitude(own0);
    return own.map((v, i) => a * sign(own0[i]) + box(1)(own0[i]) * (v - own0[i]));
  });

function reCUWeights(learnable: boolean): MethodCase['weights'] {
  return (now, at) => {
    const filters = now.c.kernel[3];
    const u = (q: Point) =>
      perFilter(q.w, filters, (own) => {
        const s = Math.sqrt(variance(own, own.length - 1) + 1e-5);
        const m = mean(own);
        return own.map((v) => (2 * Math.SQRT2 * (v - m)) / s);
      });
    const tau = 0.85 + ((0.99 - 0.85) * (Math.exp(now.p) - 1)) / (Math.E - 1);
    const [un, u0] = [u(now), u(at)];
    const q = -Math.log(2 - 2 * tau) * magnitude(u0);
    const clip = (v: number) => Math.max(-q, Math.min(q, v));
    const value = pretendAll(un.map(clip), u0.map(clip), one);
    return learnable ? value.map((v, i) => v * now.weightParameters[0][i % filters]) : value;
  };
}

const irNetWeights =
  (start: number): MethodCase['weights'] =>
  (now, at) => {
    const filters = now.c.kernel[3];
    const standardised = (own: Numbers) => {
      const s = Math.sqrt(variance(own, own.length - 1));
      const m = mean(own);
      return own.map((v) => (v - m) / s);
    };
    return perFilter(now.w, filters, (own, k) => {
      const v0 = standardised(filter(at.w, filters, k));
      const scale = 2 ** Math.round(Math.log2(magnitude(v0)));
      return pretendAll(standardised(own), v0, tanhWindow(start, now.p)).map((v) => scale * v);
    });
  };

const adaBinWeights: MethodCase['weights'] = (now, at) =>
  perFilter(now.w, now.c.kernel[3], (own, k) => {
    const parts = (values: Numbers) => {
      const b = mean(values);
      const a = Math.sqrt(variance(values, values.length));
      return { a, b, v: values.map((v) => (v - b) / a) };
    };
    const n = parts(own);
    const at0 = parts(filter(at.w, now.c.kernel[3], k));
    return pretendAll(n.v, at0.v, tanhWindow(-3, now.p)).map((s) => n.a * s + n.b);
  });

const adaBinInput =
  (paper: boolean): MethodCase['input'] =>
  (now, at) => {
    const r = (q: Point) => {
      const [[a], [b]] = q.inputParameters;
      return q.x.map((v) => (v - b) / a);
    };
    const [[a], [b]] = now.inputParameters;
    return pretendAll(r(now), r(at), quadratic).map((s) => a * s + (paper ? b : a * b));
  };

const wave =
  (real: boolean): MethodCase['weights'] =>
  (now, at) => {
    const f = (q: Point) => q.w.map((v) => Math.sin(20 * v));
    return real ? f(now) : pretendAll(f(now), f(at), one);
  };

const biBertWeights: MethodCase['weights'] = (now, at) =>
  perFilter(now.w, now.c.kernel[3], (own, k) => {
    const own0 = filter(at.w, now.c.kernel[3], k);
    const [m, m0] = [mean(own), mean(own0)];
    return own.map((v, i) => {
      const v0 = own0[i] - m0;
      return magnitude(own0) * sign(v0) + box(1)(v0) * (v - m - v0);
    });
  });

const biTWeights: MethodCase['weights'] = (now, at) => {
  const [a, m] = [magnitude(at.w), mean(at.w)];
  return now.w.map((v, i) => a * sign(at.w[i] - m) + (v - at.w[i]));
};

/** The published backward of the scale a is no slope of the value: it is pretended to be as steep as the authors' code has it. */
const biTInput =
  (unsigned: boolean): MethodCase['input'] =>
  (now, at) => {
    const moved = (q: Point) =>
      q.x.map((v, i) => v + (q.inputParameters.at(1)?.[i % q.c.x[3]] ?? 0));
    const [[a], [a0]] = [now.inputParameters[0], at.inputParameters[0]];
    const [u, u0] = [moved(now), moved(at)];
    return u.map((v, i) => {
      const q = u0[i] / a0;
      const low = unsigned ? 0 : -1;
      const inside = q >= low && q <= 1 ? 1 : 0;
      const bit = unsigned ? (q >= 0.5 ? 1 : 0) : sign(q);
      const h = unsigned ? bit - q * inside : bit;
      return a0 * bit + inside * (v - u0[i]) + ((a - a0) * h) / Math.sqrt(now.x.length);
    });
  };

/** The same with four values, by LSQ: the scale's gradient is its own, divided by the root of N and the highest level. */
const twoBitInput =
  (low: number, high: number): MethodCase['input'] =>
  (now, at) => {
    const moved = (q: Point) =>
      q.x.map((v, i) => v + (q.inputParameters.at(1)?.[i % q.c.x[3]] ?? 0));
    const [[a], [a0]] = [now.inputParameters[0], at.inputParameters[0]];
    const u = moved(now);
    return moved(at).map((v0, i) => {
      const q = v0 / a0;
      const level = Math.max(low, Math.min(high, Math.round(q)));
      const inside = q >= low && q <= high;
      const h = inside ? level - q : level;
      const slope = inside ? u[i] - v0 : 0;
      return a0 * level + slope + ((a - a0) * h) / Math.sqrt(now.x.length * high);
    });
  };

const shifts = (channels: number) => [
  Array.from({ length: channels }, (_, i) => 0.3 - 0.2 * (i % 4)),
];

export const methodCases: MethodCase[] = [
  {
    name: 'xnor-net',
    p: 0,
    input: plainInput(() => box(1)),
    weights: (now, at) =>
      perFilter(now.w, now.c.kernel[3], (own, k) => {
        const own0 = filter(at.w, now.c.kernel[3], k);
        const a = magnitude(own);
        return pretendAll(own, own0, box(1)).map((v) => a * v);
      }),
  },
  { name: 'bi-real', p: 0, input: plainInput(() => quadratic), weights: biRealWeights },
  {
    name: 'reactnet',
    p: 0,
    inputParameters: shifts,
    input: shifted(quadratic),
    weights: biRealWeights,
  },
  ...[0, 0.5, 1].map((p): MethodCase => ({
    name: 'ir-net',
    p,
    input: plainInput(() => tanhWindow(-3, p)),
    weights: irNetWeights(-3),
  })),
  {
    name: 'ir-net',
    options: { start: -1 },
    p: 0.6,
    input: plainInput(() => tanhWindow(-1, 0.6)),
    weights: irNetWeights(-1),
  },
  ...[0, 0.7].map((p): MethodCase => ({
    name: 'recu',
    p,
    input: bySample,
    weights: reCUWeights(false),
  })),
  {
    name: 'recu',
    options: { scale: 'learnable' },
    p: 0.3,
    weightParameters: (filters) => [Array.from({ length: filters }, (_, i) => 0.2 + 0.3 * i)],
    input: bySample,
    weights: reCUWeights(true),
  },
  ...[0, 0.4, 1].map((p): MethodCase => ({
    name: 'reste',
    p,
    input: plainInput(() => power(p)),
    weights: (now, at) => {
      const a = magnitude(now.w);
      return pretendAll(now.w, at.w, power(p)).map((v) => a * v);
    },
  })),
  { name: 'biper', options: { realUntil: 1 }, p: 0.2, input: bySample, weights: wave(true) },
  { name: 'biper', options: { realUntil: 0 }, p: 0.2, input: bySample, weights: wave(false) },
  ...[0.1, 0.8].map((p): MethodCase => ({
    name: 'adabin',
    p,
    inputParameters: () => [[0.8], [0.15]],
    input: adaBinInput(false),
    weights: adaBinWeights,
  })),
  {
    name: 'adabin',
    options: { offset: 'paper' },
    p: 0.5,
    inputParameters: () => [[1.3], [-0.2]],
    input: adaBinInput(true),
    weights: adaBinWeights,
  },
  {
    name: 'bnext',
    p: 0.005,
    inputParameters: shifts,
    input: shifted(box(1.5)),
    weights: (now, at) => {
      const t = 0.9 ** (512 * now.p);
      return now.w.map((v, i) => Math.max(-1, Math.min(1, at.w[i] / t)) + (v - at.w[i]));
    },
  },
  {
    name: 'bnext',
    p: 0.5,
    inputParameters: shifts,
    input: shifted(box(1.5)),
    weights: (now, at) => pretendAll(now.w, at.w, one),
  },
  { name: 'bibert', p: 0, input: plainInput(() => openBox), weights: biBertWeights },
  {
    name: 'bit',
    p: 0,
    inputParameters: (channels) => [[0.9], ...shifts(channels)],
    input: biTInput(false),
    weights: biTWeights,
  },
  {
    name: 'bit',
    options: { set: 'unsigned' },
    p: 0,
    inputParameters: (channels) => [[0.9], ...shifts(channels)],
    input: biTInput(true),
    weights: biTWeights,
  },
  {
    name: 'bit',
    options: { set: 'unsigned', shift: false },
    p: 0,
    inputParameters: () => [[1.1]],
    input: biTInput(true),
    weights: biTWeights,
  },
  {
    name: 'bit',
    options: { bits: 2 },
    p: 0,
    inputParameters: (channels) => [[0.45], ...shifts(channels)],
    input: twoBitInput(-2, 1),
    weights: biTWeights,
  },
  {
    name: 'bit',
    options: { set: 'unsigned', bits: 2 },
    p: 0,
    inputParameters: (channels) => [[0.4], ...shifts(channels)],
    input: twoBitInput(0, 3),
    weights: biTWeights,
  },
  {
    name: 'bit',
    options: { set: 'unsigned', bits: 2, shift: false },
    p: 0,
    inputParameters: () => [[0.3]],
    input: twoBitInput(0, 3),
    weights: biTWeights,
  },
  {
    name: 'bop',
    p: 0,
    input: plainInput(() => box(1)),
    weights: (now, at) => pretendAll(now.w, at.w, one),
  },
];
