/**
 * Packing: a matrix is copied into panels of W columns (W = 4, fused 6, for the left operand, 8 for the right one), in
 * each panel the W values of one step of k side by side, so that the inner loop reads memory straight on.
 * What is missing to a whole panel is zero.
 *
 * A matrix "by rows" has the W values of one step contiguous in memory; one "by columns" has consecutive steps
 * of k contiguous, and its 4 x 4 blocks are transposed in registers.
 */

/** Source k x width, rows `stride` bytes apart: panels of W columns, `panelStride` bytes apart. */
export function packByRows(
  source: usize,
  stride: usize,
  k: i32,
  width: i32,
  W: i32,
  target: usize,
  panelStride: usize,
): void {
  for (let j = 0; j < width; j += W) {
    let from = source + ((<usize>j) << 2);
    let to = target;
    const columns = width - j;
    if (columns >= W) {
      if (W == 8) {
        for (let p = 0; p < k; p++) {
          v128.store(to, v128.load(from));
          v128.store(to, v128.load(from, 16), 16);
          from += stride;
          to += 32;
        }
      } else if (W == 6) {
        for (let p = 0; p < k; p++) {
          v128.store(to, v128.load(from));
          store<u64>(to, load<u64>(from, 16), 16);
          from += stride;
          to += 24;
        }
      } else {
        for (let p = 0; p < k; p++) {
          v128.store(to, v128.load(from));
          from += stride;
          to += 16;
        }
      }
    } else {
      for (let p = 0; p < k; p++) {
        for (let c = 0; c < W; c++) {
          store<f32>(to + ((<usize>c) << 2), c < columns ? load<f32>(from + ((<usize>c) << 2)) : 0);
        }
        from += stride;
        to += (<usize>W) << 2;
      }
    }
    target += panelStride;
  }
}

/** Source width x k, rows `stride` bytes apart (so that k is contiguous): panels of W of its rows. */
export function packByColumns(
  source: usize,
  stride: usize,
  k: i32,
  width: i32,
  W: i32,
  target: usize,
  panelStride: usize,
): void {
  const step = (<usize>W) << 2;
  for (let j = 0; j < width; j += W) {
    for (let part = 0; part < W; part += 4) {
      const from = source + <usize>(j + part) * stride;
      const to = target + ((<usize>part) << 2);
      const columns = width - j - part;
      const wanted = min(4, W - part);
      if (columns >= wanted) {
        if (wanted == 2) pack2(from, from + stride, k, to, step);
        else pack4(from, from + stride, from + 2 * stride, from + 3 * stride, k, to, step);
      } else {
        for (let c = 0; c < wanted; c++) {
          const row = from + <usize>c * stride;
          let at = to + ((<usize>c) << 2);
          for (let p = 0; p < k; p++) {
            store<f32>(at, c < columns ? load<f32>(row + ((<usize>p) << 2)) : 0);
            at += step;
          }
        }
      }
    }
    target += panelStride;
  }
}

/** Interleaves k values of four rows: one step of k every `step` bytes. */
export function pack4(
  r0: usize,
  r1: usize,
  r2: usize,
  r3: usize,
  k: i32,
  to: usize,
  step: usize,
): void {
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    const a = v128.load(r0);
    const b = v128.load(r1);
    const c = v128.load(r2);
    const d = v128.load(r3);
    const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(ab0, cd0, 0, 2));
    v128.store(to + step, v128.shuffle<f64>(ab0, cd0, 1, 3));
    v128.store(to + 2 * step, v128.shuffle<f64>(ab1, cd1, 0, 2));
    v128.store(to + 3 * step, v128.shuffle<f64>(ab1, cd1, 1, 3));
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
    to += 4 * step;
  }
  for (; p < k; p++) {
    store<f32>(to, load<f32>(r0));
    store<f32>(to, load<f32>(r1), 4);
    store<f32>(to, load<f32>(r2), 8);
    store<f32>(to, load<f32>(r3), 12);
    r0 += 4;
    r1 += 4;
    r2 += 4;
    r3 += 4;
    to += step;
  }
}

/** The same of two rows. */
function pack2(r0: usize, r1: usize, k: i32, to: usize, step: usize): void {
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    const a = v128.load(r0);
    const b = v128.load(r1);
    const low = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const high = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    v128.store_lane<u64>(to, low, 0);
    v128.store_lane<u64>(to + step, low, 1);
    v128.store_lane<u64>(to + 2 * step, high, 0);
    v128.store_lane<u64>(to + 3 * step, high, 1);
    r0 += 16;
    r1 += 16;
    to += 4 * step;
  }
  for (; p < k; p++) {
    store<f32>(to, load<f32>(r0));
    store<f32>(to, load<f32>(r1), 4);
    r0 += 4;
    r1 += 4;
    to += step;
  }
}
