/**
 * THE TABLE of canonical evaluation: what every supported kind of layer does, by its class name. Layers of other packages bring their own rule, in a
 * method `canonicalCall`. A kind that has neither is refused: nobody has said that its sums come in one order on every backend.
 */
import { InputError } from '@surge-bnn/contract';
import { activationLayer, leakyReluLayer, reluLayer, softmaxLayer } from './activations.js';
import { batchNormLayer } from './batch-norm.js';
import { binaryConv1dLayer, binaryConv2dLayer, binaryDenseLayer } from './binary-layers.js';
import { conv2dLayer, denseLayer, depthwiseConv2dLayer, floatConv2dLayer } from './float-layers.js';
import { l2NormLayer } from './l2-norm.js';
import { layerNormLayer } from './layer-norm.js';
import { refuseChannelsFirst } from './layer-parts.js';
import type { Layer } from './layer-parts.js';
import {
  averagePooling2dLayer,
  globalAveragePooling2dLayer,
  maxPool2dLayer,
  maxPooling2dLayer,
} from './pool-layers.js';
import { itself } from './rule.js';
import type { CanonicalLayer, Rule } from './rule.js';

/** The layer itself, where it has an option for where the channels are. */
const itselfOnPictures: Rule = (layer, inputs) => {
  refuseChannelsFirst(layer);
  return itself(layer, inputs);
};

const rules: Readonly<Record<string, Rule>> = {
  BinaryConv1D: binaryConv1dLayer,
  BinaryConv2D: binaryConv2dLayer,
  BinaryDense: binaryDenseLayer,
  Conv2D: conv2dLayer,
  FloatConv2D: floatConv2dLayer,
  DepthwiseConv2D: depthwiseConv2dLayer,
  Dense: denseLayer,
  SurgeBatchNorm: batchNormLayer,
  BatchNormalization: batchNormLayer,
  Activation: activationLayer,
  ReLU: reluLayer,
  LeakyReLU: leakyReluLayer,
  PReLU: itself,
  SurgePReLU: itself,
  RPReLU: itself,
  HardTanh: itself,
  ChannelBias: itself,
  Maxout: itself,
  L2Norm: l2NormLayer,
  SurgeLayerNorm: layerNormLayer,
  Softmax: softmaxLayer,
  MaxPooling1D: itself,
  MaxPooling2D: maxPooling2dLayer,
  SurgeMaxPool2D: maxPool2dLayer,
  GlobalMaxPooling1D: itself,
  GlobalMaxPooling2D: itselfOnPictures,
  AveragePooling2D: averagePooling2dLayer,
  GlobalAveragePooling2D: globalAveragePooling2dLayer,
  PadChannels: itself,
  Doubled2D: itself,
  Flatten: itselfOnPictures,
  Reshape: itself,
  Permute: itself,
  RepeatVector: itself,
  ZeroPadding2D: itselfOnPictures,
  Cropping2D: itselfOnPictures,
  Add: itself,
  Multiply: itself,
  Maximum: itself,
  Minimum: itself,
  Concatenate: itself,
  Dropout: itself,
  SpatialDropout1D: itself,
  GaussianNoise: itself,
  GaussianDropout: itself,
  AlphaDropout: itself,
};

/** The kinds of layers that can be evaluated canonically, by their class names. */
export const canonicalKinds: readonly string[] = Object.keys(rules);

/** @throws InputError naming the layer and the kinds that are supported. */
export function ruleOf(layer: Layer): Rule {
  const kind = layer.getClassName();
  if (Object.hasOwn(rules, kind)) return rules[kind];
  if (bringsRule(layer)) return (_, inputs) => layer.canonicalCall(inputs);
  throw new InputError(
    `layer "${layer.name}" is of kind ${kind}, which has no canonical evaluation; supported kinds: ${canonicalKinds.join(', ')}`,
  );
}

function bringsRule(layer: Layer): layer is Layer & CanonicalLayer {
  return 'canonicalCall' in layer && typeof layer.canonicalCall === 'function';
}
