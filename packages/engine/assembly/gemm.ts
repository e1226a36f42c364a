/**
 * A block of C = op(A) op(B), after Goto and van de Geijn: some KC steps of k, whose panels of B (KC x 8, 8 KiB) stay one after the other
 * in the first-level cache while all panels of a block of A, packed to stay in the second-level cache, pass by. Which blocks there are,
 * and which of the two operands is packed once for all of them: src/providers/wasm/mat-mul.ts.
 */
import { multiplyPanels } from './micro-panels';
import { packByColumns, packByRows } from './pack';
import { NR, ROWS, TILE_BYTES } from './tile';

/** Bytes of a tile in scratch memory. */
export function tileBytes(): i32 {
  return TILE_BYTES;
}

/** Panels of `rows` rows of op(A), k deep. `a` is where the block begins; `stride` is bytes between the rows of A as it lies. */
export function packLeft(
  a: usize,
  stride: usize,
  turned: bool,
  k: i32,
  rows: i32,
  to: usize,
): void {
  const panelBytes = <usize>k * (ROWS * 4);
  if (turned) packByRows(a, stride, k, rows, ROWS, to, panelBytes);
  else packByColumns(a, stride, k, rows, ROWS, to, panelBytes);
}

/** Panels of `columns` columns of op(B), k deep. */
export function packRight(
  b: usize,
  stride: usize,
  turned: bool,
  k: i32,
  columns: i32,
  to: usize,
): void {
  const panelBytes = <usize>k * (NR * 4);
  if (turned) packByColumns(b, stride, k, columns, NR, to, panelBytes);
  else packByRows(b, stride, k, columns, NR, to, panelBytes);
}

/** Rows of C: packs their part of A to `scratch` (behind a tile) and multiplies it with all packed columns. */
export function multiplyRows(
  a: usize,
  stride: usize,
  turned: bool,
  packedB: usize,
  c: usize,
  ldc: usize,
  rows: i32,
  columns: i32,
  k: i32,
  accumulate: bool,
  scratch: usize,
): void {
  packLeft(a, stride, turned, k, rows, scratch + TILE_BYTES);
  multiply(scratch + TILE_BYTES, packedB, c, ldc, rows, columns, k, accumulate, scratch);
}

/** Columns of C: packs their part of B and multiplies all packed rows with it. */
export function multiplyColumns(
  packedA: usize,
  b: usize,
  stride: usize,
  turned: bool,
  c: usize,
  ldc: usize,
  rows: i32,
  columns: i32,
  k: i32,
  accumulate: bool,
  scratch: usize,
): void {
  packRight(b, stride, turned, k, columns, scratch + TILE_BYTES);
  multiply(packedA, scratch + TILE_BYTES, c, ldc, rows, columns, k, accumulate, scratch);
}

/**
 * Whole products one after the other, `count` of them, `stepA`, `stepB` and `stepC` bytes apart: both operands of each are packed by the thread
 * that multiplies them. k is one block. `scratch` holds a tile, then all of A packed, `bytesA`, then all of B.
 */
export function multiplyMany(
  a: usize,
  stepA: usize,
  strideA: usize,
  turnedA: bool,
  b: usize,
  stepB: usize,
  strideB: usize,
  turnedB: bool,
  c: usize,
  stepC: usize,
  count: i32,
  rows: i32,
  columns: i32,
  k: i32,
  bytesA: usize,
  scratch: usize,
): void {
  const packedA = scratch + TILE_BYTES;
  const packedB = packedA + bytesA;
  for (let i = 0; i < count; i++) {
    packLeft(a, strideA, turnedA, k, rows, packedA);
    packRight(b, strideB, turnedB, k, columns, packedB);
    multiply(packedA, packedB, c, (<usize>columns) << 2, rows, columns, k, false, scratch);
    a += stepA;
    b += stepB;
    c += stepC;
  }
}

function multiply(
  packedA: usize,
  packedB: usize,
  c: usize,
  ldc: usize,
  rows: i32,
  columns: i32,
  k: i32,
  accumulate: bool,
  tile: usize,
): void {
  const strideA = <usize>k * (ROWS * 4);
  const strideB = <usize>k * (NR * 4);
  multiplyPanels(
    rows,
    columns,
    k,
    packedA,
    strideA,
    packedB,
    strideB,
    c,
    ldc,
    accumulate,
    tile,
    ROWS,
  );
}
