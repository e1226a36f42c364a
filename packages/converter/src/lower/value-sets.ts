/**
 * Binary layers whose inputs or weights have values of their own, alpha s + o and a B + b (AdaBin): the sums that canonical evaluation
 * makes (core's binary forward has the derivation), out of ops that the format has.
 *
 *     y = alpha a conv(s, B) + [o a conv(1, B) + o b conv(1, 1)] + alpha b conv(s, 1)
 *
 * A sum over the window is a binary convolution with one filter of +1; a float 1x1 convolution spreads it over the filters, its f64
 * product rounded once, which is the float32 product. The bracket is one number for each filter, unless windows find 0 outside the picture: then it
 * depends on the position, and the picture of ones that it is computed from is sign(clip(x, 0, 0)).
 */
import { BinaryConv1D, BinaryDense } from '@surge-bnn/core';
import { storedFloats } from '../stored.js';
import type { Values } from '../stored.js';
import type { Binary, SumOperator } from './binary.js';
import { numbers } from './binary.js';
import type { LowerContext } from './rule.js';

export interface ValueSets {
  readonly signs: Values;
  /** a and b, one number a filter. */
  readonly scale?: Values;
  readonly offset?: Values;
  /** alpha and o. */
  readonly set?: { readonly scale: Values; readonly offset: Values };
  /** The edge that meets the weights. */
  readonly operand: string;
  readonly operator: SumOperator;
  sumsOf(name: string, from: string, key: string, signs: Values): string;
  signsOf(edge: string): string;
}

/** @param sums conv(s, B). */
export function withValueSets(
  layer: Binary,
  input: string,
  sums: string,
  { builder }: LowerContext,
  sets: ValueSets,
): string {
  const { signs, scale, offset, set, operator } = sets;
  const filters = signs.shape.at(-1) ?? 1;
  const each = (values: Values | undefined, by: Values | undefined) =>
    Float32Array.from({ length: filters }, (_, c) =>
      Math.fround((values?.values[c] ?? 1) * (by?.values[0] ?? 1)),
    );
  const ones: Values = {
    values: new Float32Array((signs.values.length / filters) * operator.groups).fill(1),
    shape: [...signs.shape.slice(0, -1), operator.groups],
  };
  const windowSums = (name: string, from: string) =>
    sets.sumsOf(`${layer.name}/${name}`, from, `${layer.name}/ones`, ones);
  const shared = { attributes: {}, layers: [layer.name] };
  const times = (name: string, from: string, a: Float32Array, b?: Float32Array) =>
    builder.add({
      ...shared,
      name: `${layer.name}/${name}`,
      op: 'affine',
      inputs: [from],
      tensors: {
        a: numbers(layer, `${name}/a`, a),
        ...(b && { b: numbers(layer, `${name}/b`, b) }),
      },
    });

  const terms: string[] = [];
  const behind = each(scale, set?.scale);
  if (set === undefined || operator.padsWithZero) {
    terms.push(times('scale', sums, behind));
  } else {
    terms.push(times('scale', sums, behind, constants(sets, each)));
  }
  if (set !== undefined && operator.padsWithZero) {
    const zero = builder.add({
      ...shared,
      name: `${layer.name}/zero`,
      op: 'clip',
      inputs: [input],
      attributes: { min: 0, max: 0 },
    });
    const picture = sets.signsOf(zero);
    const ofWeights = sets.sumsOf(`${layer.name}/border`, picture, `${layer.name}/kernel`, signs);
    const parts = [times('borderScale', ofWeights, each(scale, set.offset))];
    if (offset !== undefined) {
      const counts = windowSums('borderOnes', picture);
      parts.push(spread(layer, 'borderOffset', counts, each(offset, set.offset), builder));
    }
    terms.push(sum(`${layer.name}/constant`, parts));
  }
  if (offset !== undefined) {
    const counts = windowSums('windowSums', sets.operand);
    terms.push(spread(layer, 'offset', counts, each(offset, set?.scale), builder));
  }
  return sum(`${layer.name}/values`, terms);

  function sum(name: string, inputs: readonly string[]): string {
    return inputs.length === 1 ? inputs[0] : builder.add({ ...shared, name, op: 'add', inputs });
  }
}

/** The bracket for each filter, where the picture of ones has no border: o a sum(B) + o b K. */
function constants(
  { signs, scale, offset, set }: ValueSets,
  each: (values: Values | undefined, by: Values | undefined) => Float32Array,
): Float32Array {
  const filters = signs.shape.at(-1) ?? 1;
  const sums = new Float64Array(filters);
  signs.values.forEach((sign, i) => {
    sums[i % filters] += sign;
  });
  const [byScale, byOffset] = [each(scale, set?.offset), each(offset, set?.offset)];
  const products = signs.values.length / filters;
  return Float32Array.from(sums, (total, c) => {
    const part = Math.fround(byScale[c] * total);
    return offset === undefined ? part : Math.fround(part + Math.fround(byOffset[c] * products));
  });
}

/** Sums of one channel a group times one number for each filter; of a sequence as of its picture of one row. */
function spread(
  layer: Binary,
  name: string,
  sums: string,
  factors: Float32Array,
  builder: LowerContext['builder'],
): string {
  const { shape } = builder.edge(sums);
  const groups = shape.at(-1) ?? 1;
  const { self } = layer;
  const isDense = self instanceof BinaryDense;
  const kernel = {
    key: `${layer.name}/${name}`,
    tensor: storedFloats(
      { values: factors, shape: isDense ? [1, factors.length] : [1, 1, 1, factors.length] },
      `the offsets of layer "${layer.name}"`,
    ),
  };
  const layers = [layer.name];
  const node = { name: `${layer.name}/${name}`, tensors: { kernel }, layers };
  if (isDense) {
    const attributes = { units: factors.length, weights: 'f32' } as const;
    return builder.add({ ...node, op: 'dense', inputs: [sums], attributes });
  }
  const reshaped = (edge: string, as: string, to: readonly number[]) =>
    builder.add({
      name: `${node.name}/${as}`,
      op: 'reshape',
      inputs: [edge],
      attributes: { shape: to },
      layers,
    });
  const isSequence = self instanceof BinaryConv1D;
  const spreadSums = builder.add({
    ...node,
    op: 'conv2d',
    inputs: [isSequence ? reshaped(sums, 'row', [1, ...shape]) : sums],
    attributes: {
      window: { size: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] },
      filters: factors.length,
      groups,
      padValue: 0,
      weights: 'f32',
    },
  });
  return isSequence
    ? reshaped(spreadSums, 'sequence', [...shape.slice(0, -1), factors.length])
    : spreadSums;
}
