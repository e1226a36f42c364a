/** Layers of texts, [pieces, channels]: attention, layer norm, GELU, and the first piece. */
import { LayerNorm } from '@surge-bnn/core';
import { SelfAttention } from '@surge-bnn/language';
import type { NamedTensor } from '../graph-builder.js';
import { storedFloats } from '../stored.js';
import { numbers, signsOf } from './binary.js';
import type { LowerRule } from './rule.js';
import { cannotConvert, foreign, weightOf } from './rule.js';

export const layerNorm: LowerRule = (layer, [input], { builder }) => {
  const { name, self } = layer;
  if (!(self instanceof LayerNorm)) throw foreign(name, '@surge-bnn/core');
  const stored = (role: 'gamma' | 'beta'): NamedTensor => ({
    key: `${name}/${role}`,
    tensor: storedFloats(weightOf(layer, role), `the ${role} of layer "${name}"`),
  });
  return builder.add({
    name,
    op: 'layerNorm',
    inputs: [input],
    attributes: { epsilon: self.epsilon },
    tensors: { gamma: stored('gamma'), beta: stored('beta') },
    layers: [name],
  });
};

export const gelu: LowerRule = ({ name }, inputs, { builder }) =>
  builder.add({ name, op: 'gelu', inputs, attributes: {}, layers: [name] });

export const firstPiece: LowerRule = ({ name }, inputs, { builder }) =>
  builder.add({ name, op: 'firstRow', inputs, attributes: {}, layers: [name] });

/** Of query, key and value: a text in a file has no padding, and so no mask. */
export const selfAttention: LowerRule = (layer, inputs, context) => {
  const { name, self } = layer;
  const { builder } = context;
  if (!(self instanceof SelfAttention)) throw foreign(name, '@surge-bnn/language');
  if (inputs.length !== 3) {
    throw cannotConvert(
      layer,
      'it reads a mask; a packed text has no padding, so that the mask must be an input of the model',
    );
  }
  const { heads } = self;
  const given = self.inferenceNumbers();
  const layers = [name];
  if (given.kind === 'softmax') {
    const attributes = { heads, scale: given.scale };
    return builder.add({ name, op: 'softmaxAttention', inputs, attributes, layers });
  }
  const bits = inputs.map((input) => signsOf(layer, input, 'bits', context));
  if (given.kind === 'bibert') {
    return builder.add({ name, op: 'bitAttention', inputs: bits, attributes: { heads }, layers });
  }
  const { factor, least } = given;
  const attributes = { heads, factor, least };
  const sums = builder.add({ name, op: 'elasticAttention', inputs: bits, attributes, layers });
  const a = new Float32Array(builder.channels(sums)).fill(given.context);
  return builder.add({
    name: `${name}/scale`,
    op: 'affine',
    inputs: [sums],
    attributes: {},
    tensors: { a: numbers(layer, 'scale', a) },
    layers,
  });
};
