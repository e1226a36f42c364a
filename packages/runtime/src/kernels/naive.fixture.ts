/** Convolution as one would write it down: numbers, no bits, no words, nothing shared with the kernels. */
export interface NaiveConv {
  readonly input: readonly [height: number, width: number, channels: number];
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  readonly filters: number;
  readonly groups: number;
  readonly padValue: number;
}

/** Sizes of the output, by trying where the window still fits. */
export function naiveOutputSize({ input, size, strides, dilations, pads }: NaiveConv): number[] {
  return [0, 1].map((axis) => {
    let count = 0;
    for (let begin = -pads[axis]; ; begin += strides[axis]) {
      const lastTap = begin + (size[axis] - 1) * dilations[axis];
      if (lastTap > input[axis] - 1 + pads[axis + 2]) return count;
      count += 1;
    }
  });
}

/**
 * @param x [height, width, channels] of one picture.
 * @param weight of filter f at row ky, column kx, channel c of its group.
 */
export function naiveConv(
  x: ArrayLike<number>,
  weight: (f: number, ky: number, kx: number, c: number) => number,
  conv: NaiveConv,
): number[] {
  const [height, width, channels] = conv.input;
  const [outHeight, outWidth] = naiveOutputSize(conv);
  const out: number[] = [];
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let f = 0; f < conv.filters; f++) {
        const group = Math.floor(f / (conv.filters / conv.groups));
        const first = group * (channels / conv.groups);
        let sum = 0;
        for (let ky = 0; ky < conv.size[0]; ky++) {
          for (let kx = 0; kx < conv.size[1]; kx++) {
            const row = oy * conv.strides[0] - conv.pads[0] + ky * conv.dilations[0];
            const column = ox * conv.strides[1] - conv.pads[1] + kx * conv.dilations[1];
            const inside = row >= 0 && row < height && column >= 0 && column < width;
            for (let c = 0; c < channels / conv.groups; c++) {
              const value = inside
                ? x[row * width * channels + column * channels + first + c]
                : conv.padValue;
              sum += value * weight(f, ky, kx, c);
            }
          }
        }
        out.push(sum);
      }
    }
  }
  return out;
}
