/** Windows as the attributes of Conv and of the pools, and pictures with something around them. */
import type { Window } from '@surge-bnn/runtime';
import type { Emitter } from './rule.js';

/** @param ownPads whether the operator pads, or what it reads is padded already. */
export function windowAttributes({ size, strides, pads }: Window, ownPads: boolean) {
  return { kernel_shape: size, strides, pads: ownPads ? pads : [0, 0, 0, 0] };
}

/** The picture [N, C, H, W] with rows and columns of one value around it. */
export function framed(emit: Emitter, x: string, { pads }: Window, value: number): string {
  const [top, left, bottom, right] = pads;
  const amounts = emit.integers([0, 0, top, left, 0, 0, bottom, right]);
  return emit.step('padded', 'Pad', [x, amounts, emit.scalar(value)]);
}
