/**
 * Attention of a text's pieces in canonical arithmetic: each head is a part of the width, and its queries weight its values by the softmax of their
 * products with its keys.
 */
import { exp } from './exp.js';

/** Query rows, key (and value) rows, numbers of a row, and parts of a row. */
export interface AttentionShape {
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  readonly heads: number;
}

/** Bytes of softmaxAttention's scratch. */
export function attentionScratchBytes({ keys }: AttentionShape): number {
  return 8 * keys;
}

/**
 * For each query and head, with d = width / heads: s_j = the sum of q_c k_jc over the head's channels in f64, rounded; u_j = round(scale s_j);
 * m = the largest; e_j = exp(u_j - m), Z their sum in f64 in the order of the keys; p_j = round(e_j / Z); out_c = the sum of p_j v_jc in f64 in
 * the order of the keys, rounded.
 *
 * @param q [queries, width]. @param k and v [keys, width].
 * @param scale taken as float32.
 * @param scratch of attentionScratchBytes; given, nothing is allocated.
 */
export function softmaxAttention(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  shape: AttentionShape,
  scale: number,
  out: Float32Array,
  scratch = new ArrayBuffer(attentionScratchBytes(shape)),
): void {
  const { queries, keys, width, heads } = shape;
  const each = width / heads;
  const weights = new Float64Array(scratch, 0, keys);
  const factor = Math.fround(scale);
  for (let row = 0; row < queries * width; row += width) {
    for (let head = 0; head < width; head += each) {
      scores(q, row + head, k, head, width, each, factor, weights);
      softmaxOf(weights);
      for (let c = head; c < head + each; c++) {
        let sum = 0;
        for (let j = 0, at = c; j < keys; j++, at += width) sum += weights[j] * v[at];
        out[row + c] = sum;
      }
    }
  }
}

/** round(scale round(q . k_j)) for all keys. */
function scores(
  q: Float32Array,
  from: number,
  k: Float32Array,
  head: number,
  width: number,
  each: number,
  factor: number,
  out: Float64Array,
): void {
  for (let j = 0, at = head; j < out.length; j++, at += width) {
    let sum = 0;
    for (let c = 0; c < each; c++) sum += q[from + c] * k[at + c];
    out[j] = Math.fround(factor * Math.fround(sum));
  }
}

/** In place, each result rounded to float32. */
function softmaxOf(x: Float64Array): void {
  let largest = -Infinity;
  for (const value of x) if (value > largest) largest = value;
  let sum = 0;
  for (let j = 0; j < x.length; j++) {
    // A NaN or an infinity among the scores makes NaN of all of them.
    x[j] = exp(x[j] - largest);
    sum += x[j];
  }
  for (let j = 0; j < x.length; j++) x[j] = Math.fround(x[j] / sum);
}
