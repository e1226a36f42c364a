/** The ops: differentiable functions of tensors. */
export { attentionSoftmax } from './attention-softmax.js';
export { joinHeads, maskBias, MASKED, splitHeads } from './attention.js';
export { gelu } from './gelu.js';
