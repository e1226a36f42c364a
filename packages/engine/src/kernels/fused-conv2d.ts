/**
 * FusedConv2D: a convolution, its bias and relu, as `tf.fused.conv2d` and TF.js layers ask for it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { forward } from './conv2d.js';
import type { KernelEntry } from './entry.js';
import { finish, hasPlainEnd } from './mat-mul.js';

export const fusedConv2d: KernelEntry = {
  kernel: tf.FusedConv2D,
  uses: ['conv2d', 'binary', 'unary'],
  leaves:
    'data format NCHW; types other than float32; activations other than linear and relu; a bias that is not one number per channel',
  run(call) {
    const attrs = call.attrs<tf.FusedConv2DAttrs>();
    if (attrs.dataFormat === 'NCHW' || !call.areFloat('x', 'filter')) return undefined;
    if (!hasPlainEnd(call, attrs.activation)) return undefined;
    return finish(call, forward(call, attrs), attrs.activation);
  },
};
