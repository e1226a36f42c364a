/**
 * Which taps of a window lie inside the picture, along one axis: those from the first on, before the end. Tap k of a window that
 * begins at `begin` stands at begin + k * dilation. Computed for each window anew: tables of them would be as long as the
 * picture, for every node of a model, and inside the picture two comparisons tell as much.
 */

export function firstTap(begin: number, taps: number, dilation: number): number {
  return begin >= 0 ? 0 : Math.min(taps, Math.ceil(-begin / dilation));
}

/** @param first of `firstTap`; the end of a window that sees nothing. */
export function endTap(
  begin: number,
  first: number,
  taps: number,
  dilation: number,
  inputs: number,
): number {
  if (begin + (taps - 1) * dilation < inputs) return taps;
  return Math.max(first, Math.ceil((inputs - begin) / dilation));
}

/** Whether all taps lie inside. */
export function allInside(begin: number, taps: number, dilation: number, inputs: number): boolean {
  return begin >= 0 && begin + (taps - 1) * dilation < inputs;
}

/** The sizes of a convolution or pool that taps depend on. */
export interface WindowSizes {
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
}
