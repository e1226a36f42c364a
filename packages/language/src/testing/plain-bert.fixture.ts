/**
 * BERT once more, as plainly as it can be written: loops over numbers in float64 on the tensors of a file, by Hugging Face's names. No TF.js, no code
 * of ours. Linear weights are [out, in].
 */
import type { Weights } from '../weights/safetensors.js';

export interface PlainSizes {
  readonly layers: number;
  readonly heads: number;
  readonly epsilon: number;
  readonly activation: 'gelu' | 'relu';
}

/** Rows of vectors. */
export type Rows = number[][];

/** erf by its Taylor series (|x| < 3) or its continued fraction (Lentz), to 1e-14. */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 1; n < 200; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  // erfc(z) = exp(-z^2) / sqrt(pi) / (z + (1/2)/(z + 1/(z + (3/2)/(z + ..
  let fraction = z;
  for (let k = 120; k > 0; k--) fraction = z + k / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction);
}

export const plainGelu = (x: number): number => (x * (1 + erf(x / Math.SQRT2))) / 2;

export function plainLayerNorm(
  row: readonly number[],
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
  epsilon: number,
): number[] {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
  return row.map((v, i) => ((v - mean) / Math.sqrt(variance + epsilon)) * gamma[i] + beta[i]);
}

/** softmax(q k^T / sqrt(d)) v of each head over the keys whose mask is 1. */
export function plainAttention(
  query: Rows,
  key: Rows,
  value: Rows,
  mask: readonly number[],
  heads: number,
): Rows {
  const width = query[0].length;
  const each = width / heads;
  return query.map((q) => {
    const out = new Array<number>(width).fill(0);
    for (let h = 0; h < heads; h++) {
      const scores = key.map((k, j) => {
        let sum = 0;
        for (let i = h * each; i < (h + 1) * each; i++) sum += q[i] * k[i];
        return mask[j] === 0 ? -Infinity : sum / Math.sqrt(each);
      });
      const top = Math.max(...scores);
      const e = scores.map((s) => Math.exp(s - top));
      const total = e.reduce((a, b) => a + b, 0);
      for (let i = h * each; i < (h + 1) * each; i++) {
        out[i] = e.reduce((sum, p, j) => sum + (p / total) * value[j][i], 0);
      }
    }
    return out;
  });
}

export class PlainBert {
  constructor(
    private readonly tensors: ReadonlyMap<string, Weights>,
    protected readonly sizes: PlainSizes,
  ) {}

  protected tensor(name: string): Weights {
    const found = this.tensors.get(name);
    if (found === undefined) throw new Error(`no tensor ${name}`);
    return found;
  }

  private row(name: string, i: number): number[] {
    const { shape, values } = this.tensor(name);
    return [...values.subarray(i * shape[1], (i + 1) * shape[1])];
  }

  linear(name: string, x: Rows): Rows {
    const { shape, values } = this.tensor(`${name}.weight`);
    const bias = this.tensor(`${name}.bias`).values;
    const [out, inputs] = shape;
    return x.map((row) =>
      Array.from({ length: out }, (_, o) => {
        let sum = bias[o];
        for (let i = 0; i < inputs; i++) sum += row[i] * values[o * inputs + i];
        return sum;
      }),
    );
  }

  /** The six linear layers of an encoder layer, which a binary network has otherwise. */
  projected(name: string, x: Rows): Rows {
    return this.linear(name, x);
  }

  attended(_name: string, query: Rows, key: Rows, value: Rows, mask: readonly number[]): Rows {
    return plainAttention(query, key, value, mask, this.sizes.heads);
  }

  norm(name: string, x: Rows): Rows {
    const gamma = this.tensor(`${name}.weight`).values;
    const beta = this.tensor(`${name}.bias`).values;
    return x.map((row) => plainLayerNorm(row, gamma, beta, this.sizes.epsilon));
  }

  activate(x: Rows): Rows {
    const relu = (v: number) => Math.max(0, v);
    return x.map((row) => row.map(this.sizes.activation === 'gelu' ? plainGelu : relu));
  }

  /** Of one text: after the embeddings, then after each layer. */
  hiddenStates(ids: readonly number[], types: readonly number[], mask: readonly number[]): Rows[] {
    const at = 'bert.embeddings';
    const sums = ids.map((id, position) => {
      const word = this.row(`${at}.word_embeddings.weight`, id);
      const place = this.row(`${at}.position_embeddings.weight`, position);
      const type = this.row(`${at}.token_type_embeddings.weight`, types[position]);
      return word.map((v, i) => v + place[i] + type[i]);
    });
    const states = [this.norm(`${at}.LayerNorm`, sums)];
    for (let i = 0; i < this.sizes.layers; i++) {
      const layer = `bert.encoder.layer.${i}`;
      const x = states[i];
      const [query, key, value] = ['query', 'key', 'value'].map((name) =>
        this.projected(`${layer}.attention.self.${name}`, x),
      );
      const context = this.attended(`${layer}.attention.self`, query, key, value, mask);
      const attended = this.projected(`${layer}.attention.output.dense`, context);
      const middle = this.norm(`${layer}.attention.output.LayerNorm`, added(attended, x));
      const inner = this.activate(this.projected(`${layer}.intermediate.dense`, middle));
      const outer = this.projected(`${layer}.output.dense`, inner);
      states.push(this.norm(`${layer}.output.LayerNorm`, added(outer, middle)));
    }
    return states;
  }

  /** Logits of the classifier on the pooled first piece. */
  logits(last: Rows): number[] {
    const [pooled] = this.linear('bert.pooler.dense', [last[0]]);
    return this.linear('classifier', [pooled.map(Math.tanh)])[0];
  }

  /** Logits over the vocabulary for a piece. */
  predictions(vector: number[]): number[] {
    const at = 'cls.predictions';
    const bent = this.activate(this.linear(`${at}.transform.dense`, [vector]));
    const [x] = this.norm(`${at}.transform.LayerNorm`, bent);
    const bias = this.tensor(`${at}.bias`).values;
    return [...bias].map((b, id) =>
      this.row('bert.embeddings.word_embeddings.weight', id).reduce((s, v, i) => s + v * x[i], b),
    );
  }
}

const added = (a: Rows, b: Rows): Rows => a.map((row, i) => row.map((v, j) => v + b[i][j]));
