/** Which taps of a window lie inside the picture, along one axis. */

/** For each output: taps first to end (excluded) are inside, the others are not. */
export interface TapRanges {
  readonly first: Int32Array;
  readonly end: Int32Array;
}

/** Sizes along one axis; tap k of output o is at o * stride + k * dilation - pad. */
export interface AxisSizes {
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
}

export function tapRanges({ inputs, outputs, taps, stride, dilation, pad }: AxisSizes): TapRanges {
  const first = new Int32Array(outputs);
  const end = new Int32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const begin = o * stride - pad;
    first[o] = Math.min(taps, Math.max(0, Math.ceil(-begin / dilation)));
    end[o] = Math.max(first[o], Math.min(taps, Math.ceil((inputs - begin) / dilation)));
  }
  return { first, end };
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

export function rowTaps(s: WindowSizes): TapRanges {
  return tapRanges({
    inputs: s.inHeight,
    outputs: s.outHeight,
    taps: s.filterHeight,
    stride: s.strideHeight,
    dilation: s.dilationHeight,
    pad: s.padTop,
  });
}

export function columnTaps(s: WindowSizes): TapRanges {
  return tapRanges({
    inputs: s.inWidth,
    outputs: s.outWidth,
    taps: s.filterWidth,
    stride: s.strideWidth,
    dilation: s.dilationWidth,
    pad: s.padLeft,
  });
}
