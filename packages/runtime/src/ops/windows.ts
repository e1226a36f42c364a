/** Sizes of what convolutions and pools make, and the checks of their windows. */
import type { Edge, Window } from '../graph.js';
import type { ConvShape, PoolShape } from '../kernels/float-conv.js';
import type { Named } from './edges.js';
import { channelsOf, misfit, pictureOf } from './edges.js';

/**
 * [height, width] of what a window makes of a picture: floor((in + pads - reach) / stride) + 1, where it reaches over
 * dilation (size - 1) + 1 rows.
 *
 * @throws ModelFileError when the window is larger than the padded picture.
 */
export function outputSize(node: Named, input: Edge, window: Window): readonly [number, number] {
  const [height, width] = pictureOf(node, input);
  const [top, left, bottom, right] = window.pads;
  const fit = (size: number, pads: number, axis: 0 | 1): number => {
    const reach = window.dilations[axis] * (window.size[axis] - 1) + 1;
    if (size + pads < reach) {
      const what = axis === 0 ? 'rows' : 'columns';
      throw misfit(
        node,
        `its window reaches over ${reach} ${what}, the padded picture has ${size + pads}`,
      );
    }
    return Math.floor((size + pads - reach) / window.strides[axis]) + 1;
  };
  return [fit(height, top + bottom, 0), fit(width, left + right, 1)];
}

/** @throws ModelFileError when a window of a pool lies outside the picture with all of its taps: it has no mean and no maximum. */
export function checkPoolTaps(node: Named, input: Edge, window: Window): void {
  const sizes = pictureOf(node, input);
  const outs = outputSize(node, input, window);
  for (const axis of [0, 1] as const) {
    // The first and the last begin farthest above and below the picture.
    checkTaps(node, window, axis, 0, sizes[axis]);
    checkTaps(node, window, axis, outs[axis] - 1, sizes[axis]);
    // Those that begin above it may also have it between two of their taps.
    const before = Math.min(outs[axis], Math.ceil(window.pads[axis] / window.strides[axis]));
    if (countHits(window, axis, before, sizes[axis]) === before) continue;
    for (let o = 0; o < before; o++) checkTaps(node, window, axis, o, sizes[axis]);
  }
}

/**
 * How many of the first `count` windows, which all begin above the picture and reach it, have a tap in it. The first tap that is
 * not above it stands at r = begin mod dilation, and misses it where r >= size: just where floor((begin + dilation - size) /
 * dilation) is floor(begin / dilation) + 1. Sums of such floors take a few steps, however many windows a file asks for.
 */
function countHits(window: Window, axis: 0 | 1, count: number, size: number): number {
  const [stride, dilation] = [window.strides[axis], window.dilations[axis]];
  if (dilation <= size) return count;
  const pad = window.pads[axis];
  const begin = Math.ceil(pad / dilation) * dilation - pad;
  const misses =
    floorSum(count, begin + dilation - size, stride, dilation) -
    floorSum(count, begin, stride, dilation);
  return count - misses;
}

/** The sum of floor((start + step * i) / divisor) for i from 0 to count - 1, by the steps of Euclid's algorithm. */
function floorSum(count: number, start: number, step: number, divisor: number): number {
  if (count === 0) return 0;
  const whole =
    ((count * (count - 1)) / 2) * Math.floor(step / divisor) + count * Math.floor(start / divisor);
  // What is left lies below a line from (0, b) with a slope a / divisor < 1; counted along the other axis.
  const [a, b] = [step % divisor, start % divisor];
  const end = a * count + b;
  return whole + floorSum(Math.floor(end / divisor), end % divisor, divisor, a);
}

function checkTaps(node: Named, window: Window, axis: 0 | 1, out: number, size: number): void {
  const begin = out * window.strides[axis] - window.pads[axis];
  const dilation = window.dilations[axis];
  const first = begin < 0 ? Math.ceil(-begin / dilation) : 0;
  if (first < window.size[axis] && begin + first * dilation < size) return;
  const what = axis === 0 ? 'row' : 'column';
  throw misfit(node, `its window for output ${what} ${out} lies outside the picture`);
}

/** The sizes that a pool works with, of a node whose window fits. */
export function poolShape({ shape }: Edge, output: Edge, window: Window): PoolShape {
  const [inHeight, inWidth, channels] = shape;
  const [outHeight, outWidth] = output.shape;
  return {
    inHeight,
    inWidth,
    channels,
    outHeight,
    outWidth,
    filterHeight: window.size[0],
    filterWidth: window.size[1],
    strideHeight: window.strides[0],
    strideWidth: window.strides[1],
    dilationHeight: window.dilations[0],
    dilationWidth: window.dilations[1],
    padTop: window.pads[0],
    padLeft: window.pads[1],
  };
}

/** The sizes that a convolution works with, of a node whose window fits. */
export function convShape(
  input: Edge,
  output: Edge,
  { window, groups }: { readonly window: Window; readonly groups: number },
): ConvShape {
  const { channels: inChannels, ...sizes } = poolShape(input, output, window);
  return { ...sizes, inChannels, outChannels: channelsOf(output), groups };
}

/** "3x3/2, dilation 2": size, and strides and dilations that are not 1. */
export function windowText({ size, strides, dilations }: Window): string {
  const both = ([a, b]: readonly [number, number]) => (a === b ? `${a}` : `${a}x${b}`);
  const step = both(strides) === '1' ? '' : `/${both(strides)}`;
  const spread = both(dilations) === '1' ? '' : `, dilation ${both(dilations)}`;
  return `${size[0]}x${size[1]}${step}${spread}`;
}
