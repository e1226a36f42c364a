/** Pictures as arrays of bytes, and the one way in which this page changes their size: averages over areas. */

export interface Raster {
  readonly height: number;
  readonly width: number;
  /** 1 or 3. */
  readonly channels: number;
  /** [height, width, channels], row-major. */
  readonly bytes: Uint8Array;
}

/** A part of a picture, in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** For one output pixel, along one axis: the source pixels that it lies over, with their shares of its length. */
interface Cover {
  readonly first: number;
  readonly shares: readonly number[];
}

/**
 * A box of the picture in another size. Each output pixel is the mean of the source area that it covers, in f64, rounded once:
 * the same bytes in every browser, which a canvas does not promise.
 */
export function resized(from: Raster, box: Box, height: number, width: number): Raster {
  const { channels } = from;
  const rows = covers(box.top, box.height, height);
  const columns = covers(box.left, box.width, width);
  const bytes = new Uint8Array(height * width * channels);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      for (let c = 0; c < channels; c++) bytes[at++] = Math.round(meanOver(from, row, column, c));
    }
  }
  return { height, width, channels, bytes };
}

function meanOver(
  { width, channels, bytes }: Raster,
  row: Cover,
  column: Cover,
  c: number,
): number {
  let sum = 0;
  for (let dy = 0; dy < row.shares.length; dy++) {
    const line = (row.first + dy) * width + column.first;
    for (let dx = 0; dx < column.shares.length; dx++) {
      sum += row.shares[dy] * column.shares[dx] * bytes[(line + dx) * channels + c];
    }
  }
  return sum;
}

function covers(start: number, length: number, count: number): Cover[] {
  return Array.from({ length: count }, (_, i) => {
    const from = start + (i * length) / count;
    const to = start + ((i + 1) * length) / count;
    const first = Math.floor(from);
    // At least one pixel, where rounding makes `to` equal `from`.
    const pixels = Math.max(1, Math.ceil(to) - first);
    const shares = Array.from({ length: pixels }, (_, k) => {
      const overlap = Math.min(to, first + k + 1) - Math.max(from, first + k);
      return Math.max(0, overlap) / (to - from);
    });
    return { first, shares };
  });
}

/** ITU-R BT.601 luma, as JPEG has it; grey stays what it is. */
export function grey(from: Raster): Raster {
  if (from.channels === 1) return from;
  const bytes = new Uint8Array(from.height * from.width);
  for (let i = 0; i < bytes.length; i++) {
    const luma = 0.299 * from.bytes[3 * i] + 0.587 * from.bytes[3 * i + 1];
    bytes[i] = Math.round(luma + 0.114 * from.bytes[3 * i + 2]);
  }
  return { ...from, channels: 1, bytes };
}

/** Light and dark exchanged. */
export function inverted(from: Raster): Raster {
  return { ...from, bytes: from.bytes.map((value) => 255 - value) };
}

/** Mean of each channel over the outermost pixels. */
export function borderOf({ height, width, channels, bytes }: Raster): number[] {
  const sums = new Array<number>(channels).fill(0);
  let pixels = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (y > 0 && y < height - 1 && x > 0 && x < width - 1) continue;
      for (let c = 0; c < channels; c++) sums[c] += bytes[(y * width + x) * channels + c];
      pixels += 1;
    }
  }
  return sums.map((sum) => sum / pixels);
}

/** The picture on a ground of one colour. */
export function placed(
  from: Raster,
  { top, left, height, width }: Box,
  ground: readonly number[],
): Raster {
  const { channels } = from;
  const bytes = Uint8Array.from({ length: height * width * channels }, (_, i) =>
    Math.round(ground[i % channels]),
  );
  const row = from.width * channels;
  for (let y = 0; y < from.height; y++) {
    const line = from.bytes.subarray(y * row, (y + 1) * row);
    bytes.set(line, ((y + top) * width + left) * channels);
  }
  return { height, width, channels, bytes };
}
