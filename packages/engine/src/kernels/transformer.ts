/**
 * What transformers need beside products and layer norm: SurgeGelu, SurgeAttentionSoftmax, SurgeDropout, and their gradients.
 */
import {
  ATTENTION_SOFTMAX,
  ATTENTION_SOFTMAX_GRADIENT,
  DROPOUT,
  GELU,
  GELU_GRADIENT,
  InputError,
  type AttentionSoftmaxAttrs,
  type DropoutAttrs,
} from '@surge-bnn/contract';
import type { KernelEntry } from './entry.js';
import { expectSameSize } from './per-channel.js';

export const gelu: KernelEntry = {
  kernel: GELU,
  uses: ['gelu'],
  run(call) {
    const x = call.input('x');
    const y = call.output(x.shape);
    call.compute((kernels, view) => kernels.gelu(view(x), view(y)));
    return [y];
  },
};

export const geluGradient: KernelEntry = {
  kernel: GELU_GRADIENT,
  uses: ['geluGradient'],
  run(call) {
    const dy = call.input('dy');
    const x = call.input('x');
    expectSameSize('gelu', dy, x);
    const dx = call.output(x.shape);
    call.compute((kernels, view) => kernels.geluGradient(view(dy), view(x), view(dx)));
    return [dx];
  },
};

export const attentionSoftmax: KernelEntry = {
  kernel: ATTENTION_SOFTMAX,
  uses: ['attentionSoftmax'],
  run(call) {
    const { scale } = call.attrs<AttentionSoftmaxAttrs>();
    const x = call.input('x');
    const bias = call.input('bias');
    const [batch, , , keys] = x.shape;
    if (x.shape.length !== 4 || bias.shape.join() !== `${batch},${keys}`) {
      throw new InputError(
        `attention softmax: x must be [batch, heads, queries, keys] and bias [batch, keys], got [${x.shape}] and [${bias.shape}]`,
      );
    }
    const y = call.output(x.shape);
    call.compute((kernels, view) =>
      kernels.attentionSoftmax(view(x), view(bias), view(y), keys, scale),
    );
    return [y];
  },
};

export const attentionSoftmaxGradient: KernelEntry = {
  kernel: ATTENTION_SOFTMAX_GRADIENT,
  uses: ['attentionSoftmaxGradient'],
  run(call) {
    const { scale } = call.attrs<AttentionSoftmaxAttrs>();
    const dy = call.input('dy');
    const y = call.input('y');
    expectSameSize('attention softmax', dy, y);
    const dx = call.output(y.shape);
    const keys = y.shape[y.shape.length - 1];
    call.compute((kernels, view) =>
      kernels.attentionSoftmaxGradient(view(dy), view(y), view(dx), keys, scale),
    );
    return [dx];
  },
};

export const dropout: KernelEntry = {
  kernel: DROPOUT,
  uses: ['dropout'],
  run(call) {
    const attrs = call.attrs<DropoutAttrs>();
    const x = call.input('x');
    const y = call.output(x.shape);
    call.compute((kernels, view) => kernels.dropout(view(x), view(y), attrs));
    return [y];
  },
};
