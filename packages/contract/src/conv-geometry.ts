import { InputError } from './input-error.js';

/**
 * Everything that a 2-D convolution needs to know besides its numbers. Activations are NHWC, filters
 * HWIO (height, width, input channels of one group, output channels), as in TF.js. Output channel `o`
 * belongs to group `floor(o / (outChannels / groups))` and sees the input channels of that group.
 */
export interface ConvGeometry {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  /** Channels of the input over all groups. */
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  /** Channels of the output over all groups. */
  readonly outChannels: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  /** Rows added above the input; what is added below follows from outHeight. */
  readonly padTop: number;
  readonly padLeft: number;
  readonly groups: number;
}

export type Padding = 'same' | 'valid' | number;

export interface ConvOptions {
  strides?: number | readonly [number, number];
  padding?: Padding;
  dilationRate?: number | readonly [number, number];
  groups?: number;
}

/**
 * The geometry of `conv2d(x, filter)`.
 *
 * 'same' follows TF: the output has ceil(in / stride) rows, and of an odd number of padding rows the
 * extra one goes below. A number pads that many rows and columns on all four sides, as PyTorch does.
 *
 * @param where names the layer or op in errors.
 * @throws InputError naming the property, its value and what is allowed.
 */
export function convGeometry(
  xShape: readonly number[],
  filterShape: readonly number[],
  options: ConvOptions = {},
  where = 'conv2d',
): ConvGeometry {
  if (xShape.length !== 4) {
    throw new InputError(
      `${where}: the input must have shape [batch, height, width, channels], got [${xShape}]`,
    );
  }
  if (filterShape.length !== 4) {
    throw new InputError(
      `${where}: the kernel must have shape [height, width, inChannels / groups, outChannels], got [${filterShape}]`,
    );
  }
  const [batch, inHeight, inWidth, inChannels] = xShape;
  const [filterHeight, filterWidth, filterChannels, outChannels] = filterShape;
  const [strideHeight, strideWidth] = pair(options.strides ?? 1, 'strides', where);
  const [dilationHeight, dilationWidth] = pair(options.dilationRate ?? 1, 'dilationRate', where);
  const groups = options.groups ?? 1;
  if (!Number.isInteger(groups) || groups < 1 || inChannels % groups || outChannels % groups) {
    throw new InputError(
      `${where}: groups must be a whole number that divides the ${inChannels} input and the ${outChannels} output channels, got ${groups}`,
    );
  }
  if (filterChannels * groups !== inChannels) {
    throw new InputError(
      `${where}: the kernel [${filterShape}] reads ${filterChannels} channels in each of ${groups} group(s), but the input [${xShape}] has ${inChannels} channels`,
    );
  }
  const padding = options.padding ?? 'valid';
  const rows = extent(inHeight, filterHeight, strideHeight, dilationHeight, padding, where);
  const columns = extent(inWidth, filterWidth, strideWidth, dilationWidth, padding, where);
  if (rows.out < 1 || columns.out < 1) {
    throw new InputError(
      `${where}: the ${filterHeight}x${filterWidth} kernel (dilation ${dilationHeight}x${dilationWidth}) does not fit the ${inHeight}x${inWidth} input with padding ${padding}`,
    );
  }
  return {
    batch,
    inHeight,
    inWidth,
    inChannels,
    outHeight: rows.out,
    outWidth: columns.out,
    outChannels,
    filterHeight,
    filterWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop: rows.before,
    padLeft: columns.before,
    groups,
  };
}

/**
 * Rows and columns added [above, left, below, right]. Those below follow from what the last window reaches; where it does not reach the
 * last row of the picture there are none.
 */
export function paddings(g: ConvGeometry): readonly [number, number, number, number] {
  const after = (out: number, stride: number, filter: number, dilation: number, size: number) =>
    (out - 1) * stride + (filter - 1) * dilation + 1 - size;
  const bottom = after(g.outHeight, g.strideHeight, g.filterHeight, g.dilationHeight, g.inHeight);
  const right = after(g.outWidth, g.strideWidth, g.filterWidth, g.dilationWidth, g.inWidth);
  return [g.padTop, g.padLeft, Math.max(0, bottom - g.padTop), Math.max(0, right - g.padLeft)];
}

/** Multiply-adds of one forward pass over the whole batch. */
export function multiplyAdds(g: ConvGeometry): number {
  const perOutput = g.filterHeight * g.filterWidth * (g.inChannels / g.groups);
  return g.batch * g.outHeight * g.outWidth * g.outChannels * perOutput;
}

function extent(
  size: number,
  filter: number,
  stride: number,
  dilation: number,
  padding: Padding,
  where: string,
): { out: number; before: number } {
  const reach = (filter - 1) * dilation + 1;
  if (padding === 'same') {
    const out = Math.ceil(size / stride);
    const total = Math.max(0, (out - 1) * stride + reach - size);
    return { out, before: Math.floor(total / 2) };
  }
  const before = padding === 'valid' ? 0 : padding;
  if (typeof before !== 'number' || !Number.isInteger(before) || before < 0) {
    throw new InputError(
      `${where}: padding must be 'same', 'valid' or a whole number >= 0, got ${padding}`,
    );
  }
  return { out: Math.floor((size + 2 * before - reach) / stride) + 1, before };
}

function pair(
  value: number | readonly [number, number],
  what: string,
  where: string,
): readonly [number, number] {
  const both = typeof value === 'number' ? ([value, value] as const) : value;
  if (both.length !== 2 || both.some((v) => !Number.isInteger(v) || v < 1)) {
    throw new InputError(`${where}: ${what} must be one or two whole numbers >= 1, got ${value}`);
  }
  return both;
}
