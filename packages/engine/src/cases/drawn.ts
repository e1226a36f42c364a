/**
 * Convolutions that nobody thought of: a geometry drawn from a source of numbers, with the cases of all five kernels on it.
 */
import type { ConvOptions } from '@surge-bnn/contract';
import { filterGradient, form, inputGradient, product } from './conv2d.js';
import { named, sizes, type NamedGeometry } from './geometries.js';
import type { KernelCase } from './kernel-case.js';
import { reals } from './numbers.js';
import { adaptive, backward, forward, surrogates } from './sign-conv2d.js';

/** Draws a whole number from `low` to `high`, both included. */
export type Draw = (low: number, high: number) => number;

const BOUND = 1e-5;

/** @param channels at most as many on either side. @param size of pictures, where the window leaves a choice. */
export function drawnCases(draw: Draw, channels = 70, size = 9): KernelCase[] {
  const drawn = drawGeometry(draw, channels, size);
  const { name, geometry } = drawn;
  const padValue = ([0, 1, -1] as const)[draw(0, 2)];
  const floats = form(drawn, reals, BOUND);
  const x = reals(sizes.x(geometry), 4);
  const kernel = reals(sizes.filter(geometry), 5);
  const [input, weight] = [0, 1].map(() => surrogates[draw(0, surrogates.length - 1)]);
  const options = draw(0, 3) === 0 ? {} : { combine: adaptive };
  return [
    product(floats),
    inputGradient(floats),
    filterGradient(floats),
    forward(`${name} pad ${padValue}`, geometry, padValue, x, kernel),
    backward(drawn, padValue, input, weight, options),
  ];
}

function drawGeometry(draw: Draw, channels: number, size: number): NamedGeometry {
  const groups = draw(0, 2) === 0 ? draw(2, 4) : 1;
  const perGroup = Math.max(1, Math.floor(channels / groups));
  const [inChannels, outChannels] = [0, 1].map(() => groups * draw(1, perGroup));
  const filter = [draw(1, 4), draw(1, 4)];
  const dilationRate: [number, number] = [draw(1, 2), draw(1, 2)];
  const strides: [number, number] = [draw(1, 3), draw(1, 3)];
  const padding = draw(0, 4) === 0 ? 'same' : draw(0, 3);
  const options: ConvOptions = { padding, strides, dilationRate, groups };
  const [height, width] = filter.map((taps, i) => {
    const reach = (taps - 1) * dilationRate[i] + 1;
    const smallest = padding === 'same' ? 1 : Math.max(1, reach - 2 * padding);
    return draw(smallest, Math.max(smallest, size));
  });
  return named([draw(1, 5), height, width, inChannels, outChannels, filter[0], filter[1]], options);
}
