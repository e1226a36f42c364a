/**
 * Reference matrix product, batched, in all four transpositions. Float64 sums, rounded once.
 */
import type { MatMulShape } from '../provider.js';

/** c[i] = op(a[i]) op(b[i]) for every i of the batch; c is dense, a and b advance by their strides. */
export function matMul(
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  shape: MatMulShape,
): void {
  const { m, k, n } = shape;
  for (let i = 0; i < shape.batch; i++) {
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          const ia = i * shape.strideA + (shape.transposeA ? l * m + row : row * k + l);
          const ib = i * shape.strideB + (shape.transposeB ? column * k + l : l * n + column);
          sum += a[ia] * b[ib];
        }
        c[(i * m + row) * n + column] = sum;
      }
    }
  }
}
