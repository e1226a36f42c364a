/** What the ops of texts compute by docs/format.md, with plain loops over plain arrays; interpreter.fixture.ts has all others. */
import type { DumpedNode } from './integer-dump.js';

const round = Math.fround;

/** Horner's scheme, the coefficient of the highest power first. */
function polynomial(s: number, coefficients: readonly number[]): number {
  let sum = 0;
  coefficients.forEach((a, i) => {
    sum = i === 0 ? a : a + s * sum;
  });
  return sum;
}

/** Coefficients of section 5 of the page, by the number that they are named after: the numerator's and the denominator's. */
const approximations = {
  near: [
    [
      -0.0000237630166566501626084, -0.00577027029648944159157, -0.0284817495755985104766,
      -0.32504210724700149937, 0.128379167095512558561,
    ],
    [
      -0.0000039602282787753681232, 0.000132494738004321644526, 0.00508130628187576562776,
      0.0650222499887672944485, 0.397917223959155352819, 1,
    ],
  ],
  one: [
    [
      -0.002166375594868790843, 0.0354783043256182359371, -0.110894694282396677476,
      0.318346619901161753674, -0.372207876035701323847, 0.414856118683748331666,
      -0.00236211856075265944077,
    ],
    [
      0.011984499846799107417, 0.0136370839120290507362, 0.126171219808761642112,
      0.0718286544141962662868, 0.540397917702171048937, 0.106420880400844228286, 1,
    ],
  ],
  far: [
    [
      -9.81432934416914548592, -81.2874355063065934246, -184.605092906711035994,
      -162.396669462573470355, -62.3753324503260060396, -10.5586262253232909814,
      -0.693858572707181764372, -0.00986494403484714822705,
    ],
    [
      -0.0604244152148580987438, 6.57024977031928170135, 108.635005541779435134,
      429.008140027567833386, 645.387271733267880336, 434.565877475229228821, 137.6577541435190426,
      19.6512716674392571292, 1,
    ],
  ],
  tail: [
    [
      -483.519191608651397019, -1025.09513161107724954, -637.566443368389627722,
      -160.636384855821916062, -17.7579549177547519889, -0.799283237680523006574,
      -0.00986494292470009928597,
    ],
    [
      -22.4409524465858183362, 474.528541206955367215, 2553.05040643316442583,
      3199.85821950859553908, 1536.72958608443695994, 325.792512996573918826,
      30.3380607434824582924, 1,
    ],
  ],
} as const;

function ratio(s: number, which: keyof typeof approximations): number {
  const [above, below] = approximations[which];
  return polynomial(s, above) / polynomial(s, below);
}

type Exponential = (x: number) => number;

/** Phi of section 5. */
export function normalBelow(x: number, exponential: Exponential): number {
  const z = x * 0.7071067811865476;
  const far = Math.abs(z);
  if (far < 0.84375) return 0.5 + 0.5 * (z + z * ratio(z * z, 'near'));
  const tail = 0.5 * complement(far, exponential);
  return z < 0 ? tail : 1 - tail;
}

function complement(z: number, exponential: Exponential): number {
  if (z < 1.25) return 1 - 0.845062911510467529297 - ratio(z - 1, 'one');
  if (z >= 28) return 0;
  const s = 1 / (z * z);
  return exponential(-(z * z) - 0.5625 + ratio(s, z < 1 / 0.35 ? 'far' : 'tail')) / z;
}

type Attention = Extract<
  DumpedNode,
  { op: 'softmaxAttention' | 'bitAttention' | 'elasticAttention' }
>;

/** Signs are 1 and -1: a score is a sum of products, and so is what is weighted with 0 and 1. */
export function attend(
  node: Attention,
  [q, k, v]: readonly (readonly number[])[],
  exponential: Exponential,
): number[] {
  const [keys, width] = node.inputs[1].shape;
  const each = width / node.attributes.heads;
  const out: number[] = [];
  for (let row = 0; row < q.length; row += width) {
    for (let head = 0; head < width; head += each) {
      const scores = Array.from({ length: keys }, (_, j) => {
        let s = 0;
        for (let i = head; i < head + each; i++) s += q[row + i] * k[j * width + i];
        return s;
      });
      const p = weights(node, scores, exponential);
      for (let c = head; c < head + each; c++) {
        let sum = 0;
        p.forEach((weight, j) => {
          sum += weight * v[j * width + c];
        });
        out.push(round(sum));
      }
    }
  }
  return out;
}

function weights(node: Attention, scores: readonly number[], exponential: Exponential): number[] {
  if (node.op === 'bitAttention') return scores.map((s) => (s >= 0 ? 1 : 0));
  const largest = (of: readonly number[]) => {
    let m = -Infinity;
    for (const s of of) if (s > m) m = s;
    return m;
  };
  const shares = (e: readonly number[]) => {
    let z = 0;
    for (const one of e) z += one;
    return e.map((one) => round(one / z));
  };
  if (node.op === 'softmaxAttention') {
    const u = scores.map((s) => round(round(node.attributes.scale) * round(s)));
    const m = largest(u);
    return shares(u.map((one) => exponential(one - m)));
  }
  const factor = round(node.attributes.factor);
  const m = largest(scores);
  const e = scores.map((s) => exponential(-round(factor * (m - s))));
  return shares(e).map((p) => (p >= round(node.attributes.least) ? 1 : 0));
}
