/**
 * C = op(A) op(B), blocked for the caches after Goto and van de Geijn: a block of B (KC x NC) is packed
 * once, blocks of A (MC x KC) are packed to stay in the second-level cache, and one panel of B (KC x 8, 8 KiB)
 * stays in the first-level cache while all panels of A pass by.
 */
import { MR, NR, TILE_BYTES, multiplyPanels } from './micro';
import { packByColumns, packByRows } from './pack';

const KC: i32 = 256;
const MC: i32 = 128;
const NC: i32 = 1024;

/** Bytes of scratch memory that `gemm` needs. */
export function gemmScratch(m: i32, n: i32, k: i32): i32 {
  const depth = min(k, KC);
  const rows = (min(m, MC) + MR - 1) & ~(MR - 1);
  const columns = (min(n, NC) + NR - 1) & ~(NR - 1);
  return (rows + columns) * depth * 4 + TILE_BYTES;
}

/** a is m x k, or k x m with transposeA; b is k x n, or n x k with transposeB; all dense. */
export function gemm(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transposeA: bool,
  transposeB: bool,
  scratch: usize,
): void {
  if (k == 0) {
    memory.fill(c, 0, (<usize>m * n) << 2);
    return;
  }
  const tile = scratch;
  const blockA = scratch + TILE_BYTES;
  const rows = (min(m, MC) + MR - 1) & ~(MR - 1);
  const blockB = blockA + ((<usize>rows * min(k, KC)) << 2);
  const rowC = (<usize>n) << 2;
  const rowA = (<usize>(transposeA ? m : k)) << 2;
  const rowB = (<usize>(transposeB ? k : n)) << 2;
  for (let jc = 0; jc < n; jc += NC) {
    const nc = min(NC, n - jc);
    for (let pc = 0; pc < k; pc += KC) {
      const kc = min(KC, k - pc);
      const strideB = (<usize>kc) << 5;
      const strideA = (<usize>kc) << 4;
      if (transposeB) {
        const from = b + <usize>jc * rowB + ((<usize>pc) << 2);
        packByColumns(from, rowB, kc, nc, NR, blockB, strideB);
      } else {
        const from = b + <usize>pc * rowB + ((<usize>jc) << 2);
        packByRows(from, rowB, kc, nc, NR, blockB, strideB);
      }
      for (let ic = 0; ic < m; ic += MC) {
        const mc = min(MC, m - ic);
        if (transposeA) {
          const from = a + <usize>pc * rowA + ((<usize>ic) << 2);
          packByRows(from, rowA, kc, mc, MR, blockA, strideA);
        } else {
          const from = a + <usize>ic * rowA + ((<usize>pc) << 2);
          packByColumns(from, rowA, kc, mc, MR, blockA, strideA);
        }
        const at = c + <usize>ic * rowC + ((<usize>jc) << 2);
        multiplyPanels(mc, nc, kc, blockA, strideA, blockB, strideB, at, rowC, pc > 0, tile);
      }
    }
  }
}
