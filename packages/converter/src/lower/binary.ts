/** Binary layers: signs of the input, exact sums, the scale. */
import { BinaryConv1D, BinaryConv2D, BinaryDense, noTransform } from '@surge-bnn/core';
import type { BinaryLayer } from '@surge-bnn/core';
import { InputError } from '@surge-bnn/contract';
import type { NamedTensor } from '../graph-builder.js';
import { storedFloats, storedSigns } from '../stored.js';
import type { Values } from '../stored.js';
import type { Layer, LowerContext, LowerRule } from './rule.js';
import { cannotConvert } from './rule.js';
import { windowOf } from './window.js';

export const binaryConv2d: LowerRule = ({ name, self }, [input], context) => {
  if (!(self instanceof BinaryConv2D)) throw foreign(name);
  const layer = { name, self };
  const { builder } = context;
  const geometry = self.geometry([1, ...builder.edge(input).shape]);
  const attributes = {
    window: windowOf(geometry),
    filters: geometry.outChannels,
    groups: geometry.groups,
    padValue: self.padValue,
  };
  return binaryLayer(layer, input, context, (node, form) =>
    form === 'packed'
      ? builder.add({ ...node, op: 'binaryConv2d', attributes })
      : builder.add({ ...node, op: 'conv2d', attributes: { ...attributes, weights: 'bits' } }),
  );
};

/** A picture of one row, and back to a sequence. */
export const binaryConv1d: LowerRule = ({ name, self }, [input], context) => {
  if (!(self instanceof BinaryConv1D)) throw foreign(name);
  const layer = { name, self };
  const { builder } = context;
  const geometry = self.geometry([1, ...builder.edge(input).shape]);
  const { inWidth, inChannels, outWidth, outChannels } = geometry;
  const attributes = {
    window: windowOf(geometry),
    filters: outChannels,
    groups: geometry.groups,
    padValue: self.padValue,
  };
  return binaryLayer(layer, input, context, ({ inputs, layers, ...given }, form) => {
    const reshaped = (edges: readonly string[], suffix: string, shape: readonly number[]) =>
      builder.add({
        name: `${name}/${suffix}`,
        op: 'reshape',
        inputs: edges,
        attributes: { shape },
        layers,
      });
    const row = reshaped(inputs, 'row', [1, inWidth, inChannels]);
    const node = { ...given, inputs: [row], layers };
    const sums =
      form === 'packed'
        ? builder.add({ ...node, op: 'binaryConv2d', attributes })
        : builder.add({ ...node, op: 'conv2d', attributes: { ...attributes, weights: 'bits' } });
    return reshaped([sums], 'sequence', [outWidth, outChannels]);
  });
};

export const binaryDense: LowerRule = ({ name, self }, [input], context) => {
  if (!(self instanceof BinaryDense)) throw foreign(name);
  const layer = { name, self };
  const { builder } = context;
  const units = self.binaryKernel.shape[1] ?? 0;
  return binaryLayer(layer, input, context, (node, form) =>
    form === 'packed'
      ? builder.add({ ...node, op: 'binaryDense', attributes: { units } })
      : builder.add({ ...node, op: 'dense', attributes: { units, weights: 'bits' } }),
  );
};

/** A binary layer under its name in the graph. */
type Binary = Layer & { readonly self: BinaryLayer };

/** What every node of a binary layer has. */
interface BinaryNode {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly tensors: { readonly kernel: NamedTensor };
  readonly layers: readonly string[];
}

/** Signs or floats in, sums by `addSums`, then the scale. */
function binaryLayer(
  layer: Binary,
  input: string,
  context: LowerContext,
  addSums: (node: BinaryNode, form: Form) => string,
): string {
  const { signs, scale } = weightsOf(layer);
  const form = formOf(layer, signs, context);
  const node: BinaryNode = {
    name: layer.name,
    inputs: [
      form === 'weightOnly'
        ? input
        : signsOf(layer, input, form === 'packed' ? 'bits' : 'f32', context),
    ],
    tensors: { kernel: { key: `${layer.name}/kernel`, tensor: storedSigns(signs) } },
    layers: [layer.name],
  };
  return scaled(layer, addSums(node, form), scale, context);
}

/** packed: bits times bits. weightOnly: floats times signs. float: signs times signs, computed in float. */
type Form = 'packed' | 'weightOnly' | 'float';

/**
 * How the layer can be shipped.
 * @throws InputError naming the layer when it is declared binary and cannot be packed, unless it may stay in float.
 */
function formOf(layer: Binary, signs: Values, context: LowerContext): Form {
  const { inputBinarizer } = layer.self;
  if (inputBinarizer === 'none') return 'weightOnly';
  if (inputBinarizer.transform !== noTransform) {
    throw cannotConvert(
      layer,
      `its input binarizer "${inputBinarizer.name}" transforms the input (${inputBinarizer.transform.name}) before the sign, and no op of the packed format does that; allowFloat does not help here`,
    );
  }
  const filters = signs.shape.at(-1) ?? 1;
  const products = signs.values.length / filters;
  if (products <= context.largestSum) return 'packed';
  if (context.allowFloat.has(layer.name)) return 'float';
  throw cannotConvert(
    layer,
    `its sums of ${products} products can exceed ${context.largestSum}, the largest range in which float32 holds every integer; name it in allowFloat to keep it in float`,
  );
}

function weightsOf({ self }: Binary): { signs: Values; scale?: Values } {
  const { signs, scale } = self.inferenceWeights();
  const values = { values: Float32Array.from(signs.dataSync()), shape: signs.shape };
  signs.dispose();
  if (scale === undefined) return { signs: values };
  const factors = { values: Float32Array.from(scale.dataSync()), shape: scale.shape };
  scale.dispose();
  return { signs: values, scale: factors };
}

/** The signs of an edge; layers that read the same edge share them. */
function signsOf(
  layer: Binary,
  input: string,
  values: 'bits' | 'f32',
  { builder, signs }: LowerContext,
): string {
  const key = `${values} of ${input}`;
  const known = signs.get(key);
  if (known !== undefined) return known;
  const made = builder.add({
    name: `${layer.name}/sign`,
    op: 'sign',
    inputs: [input],
    attributes: { values },
    layers: [layer.name],
  });
  signs.set(key, made);
  return made;
}

/** The weight binarizer's scale: one float32 multiply per sum, after the sum is exact. */
function scaled(
  layer: Binary,
  sums: string,
  scale: Values | undefined,
  { builder }: LowerContext,
): string {
  if (scale === undefined) return sums;
  const channels = builder.channels(sums);
  if (scale.values.length !== channels) {
    throw cannotConvert(
      layer,
      `its scale has ${scale.values.length} entries instead of one for each of ${channels} output channels`,
    );
  }
  const tensor = storedFloats(
    { ...scale, shape: [channels] },
    `the scale of layer "${layer.name}"`,
  );
  return builder.add({
    name: `${layer.name}/scale`,
    op: 'affine',
    inputs: [sums],
    attributes: {},
    tensors: { a: { key: `${layer.name}/scale`, tensor } },
    layers: [layer.name],
  });
}

function foreign(name: string): InputError {
  return new InputError(
    `layer "${name}" says that it is a binary layer of surge-bnn but was made by another copy of the package; install @surge-bnn/core once`,
  );
}
