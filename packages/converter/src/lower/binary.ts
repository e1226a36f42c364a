/** Binary layers: signs of the input, exact sums, scale and offsets behind them. */
import { BinaryConv1D, BinaryConv2D, BinaryDense } from '@surge-bnn/core';
import type { BinaryLayer } from '@surge-bnn/core';
import type { NodeOf } from '@surge-bnn/runtime';
import type { NamedTensor } from '../graph-builder.js';
import { storedFloats, storedSigns, taken } from '../stored.js';
import type { Values } from '../stored.js';
import type { Layer, LowerContext, LowerRule } from './rule.js';
import { cannotConvert, foreign } from './rule.js';
import { withValueSets } from './value-sets.js';
import { windowOf } from './window.js';

export const binaryConv2d: LowerRule = ({ name, self }, [input], context) => {
  if (!(self instanceof BinaryConv2D)) throw foreign(name, '@surge-bnn/core');
  const layer = { name, self };
  const { builder } = context;
  const geometry = self.geometry([1, ...builder.edge(input).shape]);
  const { groups } = geometry;
  const { padValue } = self;
  const window = windowOf(geometry);
  return binaryLayer(layer, input, context, {
    groups,
    padsWithZero: padValue === 0 && window.pads.some((pad) => pad > 0),
    addSums: (node, form, filters) => {
      return addConvolution(builder, node, form, { window, filters, groups, padValue });
    },
  });
};

/** A picture of one row, and back to a sequence. */
export const binaryConv1d: LowerRule = ({ name, self }, [input], context) => {
  if (!(self instanceof BinaryConv1D)) throw foreign(name, '@surge-bnn/core');
  const layer = { name, self };
  const { builder } = context;
  const geometry = self.geometry([1, ...builder.edge(input).shape]);
  const { inWidth, inChannels, outWidth, groups } = geometry;
  const { padValue } = self;
  const window = windowOf(geometry);
  const reshaped = (
    edge: string,
    as: string,
    shape: readonly number[],
    layers: readonly string[],
  ) => builder.add({ name: as, op: 'reshape', inputs: [edge], attributes: { shape }, layers });
  return binaryLayer(layer, input, context, {
    groups,
    padsWithZero: padValue === 0 && window.pads.some((pad) => pad > 0),
    addSums: ({ inputs: [sequence], layers, ...given }, form, filters) => {
      const row = reshaped(sequence, `${given.name}/row`, [1, inWidth, inChannels], layers);
      const node = { ...given, inputs: [row], layers };
      const sums = addConvolution(builder, node, form, { window, filters, groups, padValue });
      return reshaped(sums, `${given.name}/sequence`, [outWidth, filters], layers);
    },
  });
};

/** Bits times bits, or floats times signs. */
function addConvolution(
  builder: LowerContext['builder'],
  node: BinaryNode,
  form: Form,
  attributes: NodeOf<'binaryConv2d'>['attributes'],
): string {
  return form === 'packed'
    ? builder.add({ ...node, op: 'binaryConv2d', attributes })
    : builder.add({ ...node, op: 'conv2d', attributes: { ...attributes, weights: 'bits' } });
}

export const binaryDense: LowerRule = ({ name, self }, [input], context) => {
  if (!(self instanceof BinaryDense)) throw foreign(name, '@surge-bnn/core');
  const layer = { name, self };
  const { builder } = context;
  return binaryLayer(layer, input, context, {
    groups: 1,
    padsWithZero: false,
    addSums: (node, form, units) =>
      form === 'packed'
        ? builder.add({ ...node, op: 'binaryDense', attributes: { units } })
        : builder.add({ ...node, op: 'dense', attributes: { units, weights: 'bits' } }),
  });
};

/** A binary layer under its name in the graph. */
export type Binary = Layer & { readonly self: BinaryLayer };

/** What every node of a binary layer has. */
interface BinaryNode {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly tensors: { readonly kernel: NamedTensor };
  readonly layers: readonly string[];
}

/** The layer's linear operator on signs or floats. */
export interface SumOperator {
  readonly groups: number;
  /** Whether windows reach over the border of the picture and find 0 there. */
  readonly padsWithZero: boolean;
  addSums(node: BinaryNode, form: Form, filters: number): string;
}

/** Signs or floats in, sums by the operator, then what stands behind them. */
function binaryLayer(
  layer: Binary,
  input: string,
  context: LowerContext,
  operator: SumOperator,
): string {
  const weights = weightsOf(layer);
  const inputs = inputsOf(layer);
  const form = formOf(layer, weights.signs, context);
  const operand =
    form === 'weightOnly'
      ? input
      : signsOf(
          layer,
          transformedInput(layer, input, inputs, context),
          form === 'packed' ? 'bits' : 'f32',
          context,
        );
  const sumsOf = (name: string, from: string, key: string, signs: Values) =>
    operator.addSums(
      {
        name,
        inputs: [from],
        tensors: { kernel: { key, tensor: storedSigns(signs) } },
        layers: [layer.name],
      },
      form,
      signs.shape.at(-1) ?? 1,
    );
  const sums = sumsOf(layer.name, operand, `${layer.name}/kernel`, weights.signs);
  if (inputs.set === undefined && weights.offset === undefined) {
    return scaled(layer, sums, weights.scale, context);
  }
  return withValueSets(layer, input, sums, context, {
    ...weights,
    set: inputs.set,
    operand,
    operator,
    sumsOf,
    signsOf: (edge) => signsOf(layer, edge, form === 'packed' ? 'bits' : 'f32', context),
  });
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
  const { levels } = inputBinarizer;
  if (levels !== undefined) {
    throw cannotConvert(
      layer,
      `its inputs have ${levels.bits} bits (${levels.name}), and a model file holds inputs of 1 bit; train the step to 1 bit from these weights, and ship that`,
    );
  }
  if (inputBinarizer.transform.signs === undefined) {
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

/** The weights as they ship. @throws InputError while they are real. */
function weightsOf(layer: Binary): { signs: Values; scale?: Values; offset?: Values } {
  const { self } = layer;
  const { name, real } = self.weightBinarizer;
  if (self.isReal && real !== undefined) {
    const over = real.appliesAt(1) ? '' : ', or call setProgress(model, 1) if its training is over';
    throw cannotConvert(
      layer,
      `its weights are not binary yet: at p = ${Number(self.progress.toPrecision(3))} of the training "${name}" computes with real values (${real.name}); train on until they are signs${over}`,
    );
  }
  const { signs, scale, offset } = self.inferenceWeights();
  return {
    signs: taken(signs),
    ...(scale === undefined ? {} : { scale: taken(scale) }),
    ...(offset === undefined ? {} : { offset: taken(offset) }),
  };
}

/** What happens to the inputs before their sign and to it. */
interface Inputs {
  readonly factor?: Values;
  readonly shift?: Values;
  readonly set?: { readonly scale: Values; readonly offset: Values };
}

function inputsOf({ self }: Binary): Inputs {
  const { factor, shift, set } = self.inferenceInputs();
  return {
    ...(factor === undefined ? {} : { factor: taken(factor) }),
    ...(shift === undefined ? {} : { shift: taken(shift) }),
    ...(set === undefined ? {} : { set: { scale: taken(set.scale), offset: taken(set.offset) } }),
  };
}

/** The edge whose signs are those of the transformed input: fround(fround(factor x) + shift), parts that change no sign left out. */
function transformedInput(
  layer: Binary,
  input: string,
  { factor, shift }: Inputs,
  { builder }: LowerContext,
): string {
  const channels = builder.channels(input);
  const part = (values: Values | undefined, neutral: number, key: string) => {
    if (values === undefined || values.values.every((v) => v === neutral)) return undefined;
    const each = Float32Array.from({ length: channels }, (_, c) =>
      values.values.length === 1 ? values.values[0] : values.values[c],
    );
    return numbers(layer, key, each);
  };
  const a = part(factor, 1, 'inputFactor');
  const b = part(shift, 0, 'inputShift');
  if (a === undefined && b === undefined) return input;
  return builder.add({
    name: `${layer.name}/input`,
    op: 'affine',
    inputs: [input],
    attributes: {},
    tensors: { ...(a && { a }), ...(b && { b }) },
    layers: [layer.name],
  });
}

/** A layer's numbers under a key of its own. @throws InputError when one is not finite. */
export function numbers(layer: Layer, key: string, values: Float32Array): NamedTensor {
  const where = `a parameter of layer "${layer.name}" (${key})`;
  return {
    key: `${layer.name}/${key}`,
    tensor: storedFloats({ values, shape: [values.length] }, where),
  };
}

/** The signs of an edge; layers that read the same edge share them. */
export function signsOf(
  layer: Layer,
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
