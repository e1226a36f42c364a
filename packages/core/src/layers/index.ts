/** The layers, as tfl.layers has them: a factory function each. */
import { HardTanh, PRelu, RPRelu } from './activations.js';
import { BatchNorm } from './batch-norm.js';
import { BinaryConv1D } from './binary-conv1d.js';
import { BinaryConv2D } from './binary-conv2d.js';
import { BinaryDense } from './binary-dense.js';
import { ChannelBias } from './channel-bias.js';
import { FloatConv2D } from './conv2d.js';
import { Doubled2D } from './doubled-2d.js';
import { L2Norm } from './l2-norm.js';
import { LayerNorm } from './layer-norm.js';
import { Maxout } from './maxout.js';
import { MaxPool2D } from './max-pool-2d.js';
import { PadChannels } from './pad-channels.js';
import { registerOnce } from './registration.js';

export { hardTanh, prelu, rprelu } from './activations.js';
export { batchNorm } from './batch-norm.js';
export { binaryConv1d } from './binary-conv1d.js';
export { binaryConv2d } from './binary-conv2d.js';
export { binaryDense } from './binary-dense.js';
export { channelBias } from './channel-bias.js';
export { conv2d } from './conv2d.js';
export { doubled2d } from './doubled-2d.js';
export { l2Norm } from './l2-norm.js';
export { layerNorm } from './layer-norm.js';
export { maxout } from './maxout.js';
export { maxPool2d } from './max-pool-2d.js';
export { padChannels } from './pad-channels.js';

/** Makes all layer classes known to TF.js; call it before `tfl.loadLayersModel`. */
export function registerLayers(): void {
  const conv = [BinaryConv1D, BinaryConv2D, BinaryDense, FloatConv2D];
  const norms = [BatchNorm, L2Norm, LayerNorm, ChannelBias];
  const others = [Doubled2D, HardTanh, Maxout, MaxPool2D, PadChannels, PRelu, RPRelu];
  for (const c of [...conv, ...norms, ...others]) registerOnce(c);
}
