/**
 * Which input row or column a window position looks at: the one place where stride, dilation and
 * padding meet. Used by every reference kernel that slides a window; nothing here computes.
 */
import type { ConvGeometry } from '@surge-bnn/contract';

/** What of a geometry places the window (channels and groups do not matter for that). */
export type WindowGeometry = Pick<
  ConvGeometry,
  | 'inHeight'
  | 'inWidth'
  | 'strideHeight'
  | 'strideWidth'
  | 'dilationHeight'
  | 'dilationWidth'
  | 'padTop'
  | 'padLeft'
>;

/** The input row under filter row `filterRow` at output row `outRow`; outside 0..inHeight-1 is padding. */
export function inputRow(g: WindowGeometry, outRow: number, filterRow: number): number {
  return outRow * g.strideHeight + filterRow * g.dilationHeight - g.padTop;
}

/** The input column under filter column `filterColumn` at output column `outColumn`. */
export function inputColumn(g: WindowGeometry, outColumn: number, filterColumn: number): number {
  return outColumn * g.strideWidth + filterColumn * g.dilationWidth - g.padLeft;
}

/** Whether (row, column) lies inside the picture. */
export function isInside(g: WindowGeometry, row: number, column: number): boolean {
  return row >= 0 && row < g.inHeight && column >= 0 && column < g.inWidth;
}
