/** The ops: differentiable functions of tensors. */
export { batchNormEvaluation, batchNormTraining } from './batch-norm.js';
export { binarize } from './binarize.js';
export { binaryConv1d } from './binary-conv1d.js';
export { binaryConv2d, binaryMatMul } from './binary-conv2d.js';
export { classCrossEntropy } from './class-cross-entropy.js';
export { l2Norm } from './l2-norm.js';
export { layerNorm } from './layer-norm.js';
export { hardTanh } from './hard-tanh.js';
export { padChannels } from './pad-channels.js';
export { prelu } from './prelu.js';
export { softmaxCrossEntropy } from './softmax-cross-entropy.js';
