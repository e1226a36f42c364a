/**
 * Where the features of a vector stand in PyTorch. Pictures are [height, width, channels] here and [channels, height,
 * width] there, so a flatten lays their numbers out differently, and every layer behind it that has a weight for each
 * feature has them in another order. This walks a model's calls and says, for each value, which order that is.
 */
import type { CallGraph, LayerCall, ValueId } from '@surge-bnn/core';

export type FeatureOrder =
  /** The last axis is as it is in PyTorch: the channels of a picture, the units of a dense layer. */
  | { readonly kind: 'same' }
  /** Our feature i is PyTorch's feature torchIndex[i]. */
  | { readonly kind: 'permuted'; readonly torchIndex: Int32Array; readonly text: string }
  /** Behind this layer nobody can tell. */
  | { readonly kind: 'unknown'; readonly since: string };

type Shape = readonly (number | null)[];

const same: FeatureOrder = { kind: 'same' };

/** Layers whose output has new features. */
const makesFeatures = ['Conv2D', 'FloatConv2D', 'BinaryConv2D', 'Dense', 'BinaryDense'];

/** Layers that leave the features where they are. */
const keepsFeatures = [
  ...['Activation', 'ReLU', 'LeakyReLU', 'ELU', 'ThresholdedReLU', 'Softmax'],
  ...['PReLU', 'SurgePReLU', 'RPReLU', 'ChannelBias', 'L2Norm', 'BatchNormalization'],
  ...['Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
  ...[
    'MaxPooling2D',
    'SurgeMaxPool2D',
    'AveragePooling2D',
    'GlobalMaxPooling2D',
    'GlobalAveragePooling2D',
  ],
  ...['ZeroPadding2D', 'Cropping2D', 'UpSampling2D', 'DepthwiseConv2D', 'InputLayer'],
];

/** Layers of one value or several, entry by entry. */
const combinesFeatures = [
  ...['HardTanh', 'SurgeBatchNorm', 'Add', 'Multiply', 'Average', 'Maximum', 'Minimum'],
];

/** The order of every value. Inputs of the model are taken to be given as PyTorch is given them, but channels last. */
export function featureOrders({ inputs, calls }: CallGraph): (value: ValueId) => FeatureOrder {
  const known = new Map<ValueId, { order: FeatureOrder; shape: Shape }>(
    inputs.map(({ id, shape }) => [id, { order: same, shape }]),
  );
  const valueOf = (id: ValueId) => {
    const value = known.get(id);
    if (value === undefined) throw new Error(`value ${id} is used before it is computed`);
    return value;
  };
  for (const call of calls) {
    const given = call.inputs.map(valueOf);
    const order = orderBehind(
      call,
      given.map((value) => value.order),
      given.map((value) => value.shape),
    );
    known.set(call.output, { order, shape: call.outputShape });
  }
  return (id) => valueOf(id).order;
}

function orderBehind(
  { layer, outputShape }: LayerCall,
  orders: readonly FeatureOrder[],
  shapes: readonly Shape[],
): FeatureOrder {
  const kind = layer.getClassName();
  const lost = orders.find((order) => order.kind === 'unknown');
  if (lost !== undefined) return lost;
  const unknown: FeatureOrder = { kind: 'unknown', since: `"${layer.name}" (${kind})` };
  if (makesFeatures.includes(kind)) return same;
  if (keepsFeatures.includes(kind)) return orders[0];
  if (combinesFeatures.includes(kind)) {
    return orders.every((order) => sameOrder(orders[0], order)) ? orders[0] : unknown;
  }
  // Zeros around the channels, as PyTorch's pad puts them.
  if (kind === 'PadChannels') return orders[0].kind === 'same' ? same : unknown;
  if (kind === 'Concatenate') return joined(orders, shapes) ?? unknown;
  if (kind === 'Flatten' || kind === 'Reshape') {
    return reshaped(orders[0], shapes[0], outputShape) ?? unknown;
  }
  return unknown;
}

/** A change of shape; undefined where PyTorch's view of its own layout would be no picture of ours. */
function reshaped(order: FeatureOrder, from: Shape, to: Shape): FeatureOrder | undefined {
  if (from.join() === to.join()) return order;
  if (order.kind !== 'same') return undefined;
  if (from.length === 4 && to.length === 2) return flattened(from);
  // Sequences [batch, positions, features] have their features last in PyTorch, too.
  if (from.length === 3 && to.length === 2) return same;
  if (to.length === 3 && to[2] === from.at(-1)) return same;
  const oneByOne = to.length === 4 && (to[3] === 1 || (to[1] === 1 && to[2] === 1));
  return from.length === 2 && oneByOne ? same : undefined;
}

function flattened([, h, w, c]: Shape): FeatureOrder | undefined {
  if (h === null || w === null || c === null) return undefined;
  if (c === 1 || h * w === 1) return same;
  const torchIndex = new Int32Array(h * w * c);
  for (let pixel = 0; pixel < h * w; pixel++) {
    for (let channel = 0; channel < c; channel++) {
      torchIndex[pixel * c + channel] = channel * h * w + pixel;
    }
  }
  return { kind: 'permuted', torchIndex, text: `CHW -> HWC of ${c}x${h}x${w}` };
}

/** Values side by side: vectors keep their own orders, everything else must have none. */
function joined(
  orders: readonly FeatureOrder[],
  shapes: readonly Shape[],
): FeatureOrder | undefined {
  if (orders.every(({ kind }) => kind === 'same')) return same;
  const torchIndex: number[] = [];
  const texts: string[] = [];
  for (const [i, order] of orders.entries()) {
    const size = shapes[i].at(-1);
    if (shapes[i].length !== 2 || typeof size !== 'number') return undefined;
    const start = torchIndex.length;
    const own =
      order.kind === 'permuted' ? order.torchIndex : Int32Array.from({ length: size }, (_, k) => k);
    for (const index of own) torchIndex.push(start + index);
    texts.push(order.kind === 'permuted' ? order.text : `${size} as they are`);
  }
  return { kind: 'permuted', torchIndex: Int32Array.from(torchIndex), text: texts.join(' | ') };
}

export function sameOrder(a: FeatureOrder, b: FeatureOrder): boolean {
  if (a.kind !== 'permuted' || b.kind !== 'permuted') return a.kind === b.kind;
  const { torchIndex } = b;
  return (
    a.torchIndex.length === torchIndex.length &&
    a.torchIndex.every((index, i) => index === torchIndex[i])
  );
}
