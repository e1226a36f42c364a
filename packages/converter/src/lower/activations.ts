/** Activations: as layers of their own, and as the option of a layer with a kernel. */
import type { GraphBuilder, NamedTensor } from '../graph-builder.js';
import { storedFloats } from '../stored.js';
import type { Values } from '../stored.js';
import type { Layer, LowerContext, LowerRule } from './rule.js';
import { cannotConvert, configOf, weightOf } from './rule.js';

/** Applies the layer's own `activation` to its result. */
export function activation(layer: Layer, input: string, context: LowerContext): string {
  const name = configOf(layer)['activation'];
  return named(layer, name ?? 'linear', input, `${layer.name}/activation`, context);
}

export const activationLayer: LowerRule = (layer, [input], context) =>
  named(layer, configOf(layer)['activation'], input, layer.name, context);

function named(
  layer: Layer,
  activation: unknown,
  input: string,
  name: string,
  { builder }: LowerContext,
): string {
  const node = { name, inputs: [input], layers: [layer.name] };
  switch (activation) {
    case 'linear':
      return input;
    case 'relu':
    case 'sigmoid':
    case 'tanh':
    case 'softmax':
      return builder.add({ ...node, op: activation, attributes: {} });
    case 'relu6':
      return builder.add({ ...node, op: 'clip', attributes: { min: 0, max: 6 } });
    default:
      throw cannotConvert(
        layer,
        `its activation is ${JSON.stringify(activation)}; allowed: linear, relu, relu6, sigmoid, tanh, softmax`,
      );
  }
}

export const reluLayer: LowerRule = (layer, inputs, { builder }) => {
  const highest = configOf(layer)['maxValue'];
  const node = { name: layer.name, inputs, layers: [layer.name] };
  if (typeof highest === 'number' && highest < 0) {
    throw cannotConvert(layer, `its maxValue is ${highest}; allowed: 0 and above`);
  }
  return typeof highest === 'number'
    ? builder.add({ ...node, op: 'clip', attributes: { min: 0, max: highest } })
    : builder.add({ ...node, op: 'relu', attributes: {} });
};

export const hardTanh: LowerRule = (layer, inputs, { builder }) =>
  addClip(layer, inputs, layer.name, builder);

/** A hardTanh of one edge, or of the sum of two. */
export function addClip(
  layer: Layer,
  inputs: readonly string[],
  name: string,
  builder: GraphBuilder,
): string {
  const layers = [layer.name];
  const sum =
    inputs.length === 1
      ? inputs[0]
      : builder.add({ name: `${layer.name}/sum`, op: 'add', inputs, attributes: {}, layers });
  const attributes = { min: -1, max: 1 };
  return builder.add({ name, op: 'clip', inputs: [sum], attributes, layers });
}

export const softmaxLayer: LowerRule = (layer, inputs, { builder }) => {
  const axis = Number(configOf(layer)['axis'] ?? -1);
  const rank = builder.edge(inputs[0]).shape.length + 1;
  if (axis !== -1 && axis !== rank - 1) {
    throw cannotConvert(
      layer,
      `its softmax runs over axis ${axis}; only the last axis is supported`,
    );
  }
  const node = { name: layer.name, inputs, layers: [layer.name] };
  return builder.add({ ...node, op: 'softmax', attributes: {} });
};

export const leakyRelu: LowerRule = (layer, [input], context) => {
  const channels = context.builder.channels(input);
  const alpha = new Float32Array(channels).fill(Number(configOf(layer)['alpha']));
  // Its one slope for as many channels as the edge has; another edge may have others.
  return bend(layer, input, layer.name, alpha, context, `${layer.name}/alpha${channels}`);
};

export const prelu: LowerRule = (layer, [input], context) =>
  bend(layer, input, layer.name, perChannel(layer, 'alpha', input, context), context);

export const channelBias: LowerRule = (layer, [input], context) =>
  shift(layer, input, layer.name, perChannel(layer, 'bias', input, context), context);

/** ReActNet's RPReLU, PReLU(x - s) + t: x - s is x + (-s) exactly. */
export const rprelu: LowerRule = (layer, [input], context) => {
  const before = perChannel(layer, 'shiftBefore', input, context).map((s) => -s);
  const after = perChannel(layer, 'shiftAfter', input, context);
  const moved = shift(layer, input, `${layer.name}/before`, before, context);
  const alpha = perChannel(layer, 'alpha', input, context);
  const bent = bend(layer, moved, `${layer.name}/prelu`, alpha, context);
  return shift(layer, bent, layer.name, after, context);
};

/** AdaBin's two slopes, positive relu(x) + (-negative) relu(-x): one summand is 0, so that the sum rounds nothing. */
export const maxout: LowerRule = (layer, [input], context) => {
  const { builder } = context;
  const side = (name: string, from: string, slope: Float32Array) => {
    const layers = [layer.name];
    const relu = builder.add({
      name: `${layer.name}/${name}Part`,
      op: 'relu',
      inputs: [from],
      attributes: {},
      layers,
    });
    const a = stored(layer, `${layer.name}/${name}`, slope);
    const key = `${layer.name}/${name}`;
    return builder.add({
      name: key,
      op: 'affine',
      inputs: [relu],
      attributes: {},
      tensors: { a },
      layers,
    });
  };
  const positive = perChannel(layer, 'positive', input, context);
  const negative = perChannel(layer, 'negative', input, context);
  const minus = stored(
    layer,
    `${layer.name}/minus`,
    negative.map(() => -1),
  );
  const mirrored = builder.add({
    name: `${layer.name}/mirrored`,
    op: 'affine',
    inputs: [input],
    attributes: {},
    tensors: { a: minus },
    layers: [layer.name],
  });
  const sides = [
    side('positive', input, positive),
    side(
      'negative',
      mirrored,
      negative.map((slope) => -slope),
    ),
  ];
  const node = { name: layer.name, inputs: sides, layers: [layer.name] };
  return builder.add({ ...node, op: 'add', attributes: {} });
};

function bend(
  layer: Layer,
  input: string,
  name: string,
  alpha: Float32Array,
  { builder }: LowerContext,
  key = `${layer.name}/alpha`,
): string {
  return builder.add({
    name,
    op: 'prelu',
    inputs: [input],
    attributes: {},
    tensors: { alpha: stored(layer, key, alpha) },
    layers: [layer.name],
  });
}

function shift(
  layer: Layer,
  input: string,
  name: string,
  b: Float32Array,
  { builder }: LowerContext,
): string {
  return builder.add({
    name,
    op: 'affine',
    inputs: [input],
    attributes: {},
    tensors: { b: stored(layer, `${name}/b`, b) },
    layers: [layer.name],
  });
}

function stored(layer: Layer, key: string, values: Float32Array): NamedTensor {
  const where = `a parameter of layer "${layer.name}" (${key})`;
  return { key, tensor: storedFloats({ values, shape: [values.length] }, where) };
}

/** A weight with one entry per channel; TF.js's PReLU has one per position unless its axes are shared. */
function perChannel(
  layer: Layer,
  name: string,
  input: string,
  { builder }: LowerContext,
): Float32Array {
  const { values, shape }: Values = weightOf(layer, name);
  const channels = builder.channels(input);
  if (values.length === channels && shape.at(-1) === channels) return values;
  throw cannotConvert(
    layer,
    `its ${name} has shape [${shape}]; only one entry per channel (${channels}) is supported (sharedAxes: [1, 2])`,
  );
}
