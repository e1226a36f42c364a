/**
 * BiBERT's and BiT's parts in plain float64 from their formulas, with what their backward pretends them to be: a function of a point `now` that
 * at `at` has the published value, and near it the published slopes, so that finite differences of it are the published gradients.
 */
import type { PlainSizes, Rows } from './plain-bert.fixture.js';
import { PlainBert } from './plain-bert.fixture.js';
import type { Weights } from '../weights/safetensors.js';

const sign = (v: number) => (v < 0 ? -1 : 1);
const mean = (v: ArrayLike<number>) => Array.from(v).reduce((a, b) => a + b, 0) / v.length;

/** A value where something is evaluated, and where it is pretended. */
export type Pair = readonly [now: number, at: number];

/** sign(at), slope 1 inside of the open window. */
export const pretendedSign = ([now, at]: Pair): number =>
  sign(at) + (Math.abs(at) < 1 ? now - at : 0);

/** [at >= 0], slope 1 inside of the open window. */
export const pretendedBool = ([now, at]: Pair): number =>
  (at >= 0 ? 1 : 0) + (Math.abs(at) < 1 ? now - at : 0);

/** BiT's elastic sets, one of `entries`. */
export function pretendedElastic(
  [now, at]: Pair,
  [a, a0]: Pair,
  unsigned: boolean,
  entries: number,
) {
  const q = at / a0;
  const inside = q >= (unsigned ? 0 : -1) && q <= 1 ? 1 : 0;
  const bit = unsigned ? (q >= 0.5 ? 1 : 0) : sign(q);
  const h = unsigned ? bit - q * inside : bit;
  return a0 * bit + inside * (now - at) + ((a - a0) * h) / Math.sqrt(entries);
}

/** BiT's sets of four values, one of `entries`: a clip(round(q), L, H), the scale's gradient divided by sqrt(entries H). */
export function pretendedTwoBit(
  [now, at]: Pair,
  [a, a0]: Pair,
  unsigned: boolean,
  entries: number,
) {
  const [low, high] = unsigned ? [0, 3] : [-2, 1];
  const q = at / a0;
  const level = Math.max(low, Math.min(high, Math.round(q)));
  const inside = q >= low && q <= high ? 1 : 0;
  const h = level - inside * q;
  return a0 * level + inside * (now - at) + ((a - a0) * h) / Math.sqrt(entries * high);
}

/** Query, key and value of one text, and the four scales where there are some. */
export interface AttentionPoint {
  readonly query: Rows;
  readonly key: Rows;
  readonly value: Rows;
  readonly scales?: readonly number[];
}

/** The value of an operand's entry at a point. */
type Bits = (pair: Pair, operand: 0 | 1 | 2, point: AttentionPoint) => number;

/** Both attentions are this one, with other bits. `weigh` makes the weights of a query's values of its scores. */
function attention(
  now: AttentionPoint,
  at: AttentionPoint,
  mask: readonly number[],
  heads: number,
  bits: Bits,
  weigh: (scores: Pair[]) => number[],
): Rows {
  const width = now.query[0].length;
  const each = width / heads;
  return now.query.map((_, i) => {
    const out = new Array<number>(width).fill(0);
    for (let h = 0; h < heads; h++) {
      const own = Array.from({ length: each }, (_, c) => h * each + c);
      const scores = now.key.map((_, j): Pair => {
        const product = (point: AttentionPoint) =>
          own.reduce((sum, c) => {
            const q: Pair = [point.query[i][c], at.query[i][c]];
            const k: Pair = [point.key[j][c], at.key[j][c]];
            return sum + bits(q, 0, point) * bits(k, 1, point);
          }, 0) / Math.sqrt(each);
        return mask[j] === 0 ? [-Infinity, -Infinity] : [product(now), product(at)];
      });
      const weights = weigh(scores);
      for (const c of own) {
        out[c] = weights.reduce(
          (sum, w, j) => sum + w * bits([now.value[j][c], at.value[j][c]], 2, now),
          0,
        );
      }
    }
    return out;
  });
}

export function biBertAttention(
  now: AttentionPoint,
  at: AttentionPoint,
  mask: readonly number[],
  heads: number,
): Rows {
  return attention(now, at, mask, heads, pretendedSign, (scores) => scores.map(pretendedBool));
}

/**
 * @param texts in the batch: the scales' gradients are divided by the root of all entries of it.
 * @param pretended the sets, of 1 bit or of 2.
 */
export function biTAttention(
  now: AttentionPoint,
  at: AttentionPoint,
  mask: readonly number[],
  heads: number,
  texts: number,
  pretended = pretendedElastic,
): Rows {
  const scale = (i: number, point: AttentionPoint): Pair => [
    point.scales?.[i] ?? 1,
    at.scales?.[i] ?? 1,
  ];
  const entries = texts * now.query.length * now.query[0].length;
  const probabilities = texts * heads * now.query.length ** 2;
  const softmax = (scores: readonly number[]) => {
    const top = Math.max(...scores);
    const e = scores.map((s) => Math.exp(s - top));
    const total = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / total);
  };
  return attention(
    now,
    at,
    mask,
    heads,
    (pair, operand, point) => pretended(pair, scale(operand, point), false, entries),
    (scores) => {
      const [p, p0] = [0, 1].map((i) => softmax(scores.map((pair) => pair[i])));
      return p.map((v, j) => pretended([v, p0[j]], scale(3, now), true, probabilities));
    },
  );
}

export type BinaryKind = 'bibert' | 'bit' | 'two-bit';

/** A binary linear layer with its float bias; `behindRelu`: BiT takes its inputs into the unsigned set. */
export function binaryLinear(
  tensor: (name: string) => Weights,
  name: string,
  kind: BinaryKind,
  behindRelu: boolean,
  x: Rows,
): Rows {
  const { shape, values } = tensor(`${name}.weight`);
  const bias = tensor(`${name}.bias`).values;
  const [out, inputs] = shape;
  const effective = Array.from({ length: out }, (_, o) => {
    const row = values.subarray(o * inputs, (o + 1) * inputs);
    const of = kind === 'bibert' ? row : values;
    return Array.from(row, (w) => sign(w - mean(of)) * mean(of.map(Math.abs)));
  });
  const pretended = kind === 'two-bit' ? pretendedTwoBit : pretendedElastic;
  const bits = (v: number, i: number): number => {
    if (kind === 'bibert') return sign(v);
    const [a] = tensor(`${name}.inputScale`).values;
    const moved = v + tensor(`${name}.inputShift`).values[i];
    return pretended([moved, moved], [a, a], behindRelu, 1);
  };
  return x.map((row) => {
    const b = row.map(bits);
    return effective.map((w, o) => w.reduce((sum, v, i) => sum + v * b[i], bias[o]));
  });
}

/** Attention of one text by its layer's scales. */
export function binaryAttention(
  tensor: (name: string) => Weights,
  name: string,
  kind: BinaryKind,
  heads: number,
  [query, key, value]: readonly Rows[],
  mask: readonly number[],
): Rows {
  if (kind === 'bibert') {
    const point = { query, key, value };
    return biBertAttention(point, point, mask, heads);
  }
  const scales = ['query', 'key', 'value', 'probability'].map(
    (operand) => tensor(`${name}.${operand}Scale`).values[0],
  );
  const point = { query, key, value, scales };
  const pretended = kind === 'two-bit' ? pretendedTwoBit : pretendedElastic;
  return biTAttention(point, point, mask, heads, 1, pretended);
}

/** A whole binary network on the tensors of a file. */
export class PlainBinaryBert extends PlainBert {
  constructor(
    tensors: ReadonlyMap<string, Weights>,
    sizes: PlainSizes,
    private readonly kind: BinaryKind,
  ) {
    super(tensors, sizes);
  }

  override projected(name: string, x: Rows): Rows {
    const behindRelu = name.endsWith('.output.dense') && !name.includes('attention');
    return binaryLinear((of) => this.tensor(of), name, this.kind, behindRelu, x);
  }

  override attended(
    name: string,
    query: Rows,
    key: Rows,
    value: Rows,
    mask: readonly number[],
  ): Rows {
    const operands = [query, key, value];
    const { heads } = this.sizes;
    return binaryAttention((of) => this.tensor(of), name, this.kind, heads, operands, mask);
  }
}
