/** Channels of zeros around a picture's own. */
import { PadChannels } from '@surge-bnn/core';
import { storedSigns } from '../stored.js';
import type { Layer, LowerContext, LowerRule } from './rule.js';
import { cannotConvert } from './rule.js';

/**
 * The graph has no constants, so the zeros are made from the picture: clipped to [0, 0], where even an infinity is 0, and
 * summed with weights of +1 by a 1x1 convolution, whose sums start from +0. With as many groups as go, n zero channels of C take
 * C n / gcd(C, n) weights, of one bit each. The picture's own numbers move through a concat bit for bit.
 */
export const padChannels: LowerRule = (layer, [input], context) => {
  const { self } = layer;
  if (!(self instanceof PadChannels)) {
    throw new Error(`layer "${layer.name}" calls itself PadChannels and is none`);
  }
  const { before, after } = self;
  if (before === 0 && after === 0) return input;
  const { builder } = context;
  const { shape } = builder.edge(input);
  if (shape.length !== 3) {
    throw cannotConvert(layer, `its input "${input}" has shape [${shape}] and is no picture`);
  }
  const layers = [layer.name];
  const attributes = { min: 0, max: 0 };
  const flat = `${layer.name}/flat`;
  const nothing = builder.add({ name: flat, op: 'clip', inputs: [input], attributes, layers });
  const made = new Map<number, string>();
  const zeros = (count: number): string[] => {
    if (count === 0) return [];
    const edge = made.get(count) ?? zeroChannels(layer, nothing, count, context);
    made.set(count, edge);
    return [edge];
  };
  const inputs = [...zeros(before), input, ...zeros(after)];
  return builder.add({ name: layer.name, op: 'concat', inputs, attributes: {}, layers });
};

/** @param nothing a picture of zeros, of either sign. */
function zeroChannels(
  { name }: Layer,
  nothing: string,
  count: number,
  { builder }: LowerContext,
): string {
  const channels = builder.channels(nothing);
  const groups = gcd(channels, count);
  const window = { size: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
  const shape = [1, 1, channels / groups, count];
  const values = new Float32Array((channels / groups) * count).fill(1);
  const key = `${name}/zeros${count}`;
  return builder.add({
    name: key,
    op: 'conv2d',
    inputs: [nothing],
    attributes: { window, filters: count, groups, padValue: 0, weights: 'bits' },
    tensors: { kernel: { key, tensor: storedSigns({ values, shape }) } },
    layers: [name],
  });
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
