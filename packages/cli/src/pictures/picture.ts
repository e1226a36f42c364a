/** A picture on its way into a model. */

export interface Raster {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Channels innermost, row by row. */
  readonly bytes: Uint8Array;
}

/** As bytes of exactly the model's input shape, and what was done to get there. */
export interface Picture {
  /** File, or data set and index. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where it comes from a data set: the right class. */
  readonly label?: string;
  /** What was changed, for the person who asks. */
  readonly remarks: readonly string[];
}

/** [height, width, channels] that a model wants. */
export type InputShape = readonly [height: number, width: number, channels: number];

/** The same picture as a photographic negative. */
export function inverted(picture: Raster): Raster {
  return { ...picture, bytes: picture.bytes.map((value) => 255 - value) };
}

/** Mean brightness, 0 to 255, of each channel over the outermost pixels. */
export function borderOf({ height, width, channels, bytes }: Raster): number[] {
  const sums = new Array<number>(channels).fill(0);
  let pixels = 0;
  for (let y = 0; y < height; y++) {
    const inner = y > 0 && y < height - 1 && width > 1;
    for (let x = 0; x < width; x += inner ? width - 1 : 1) {
      for (let c = 0; c < channels; c++) sums[c] += bytes[(y * width + x) * channels + c];
      pixels += 1;
    }
  }
  return sums.map((sum) => sum / pixels);
}
