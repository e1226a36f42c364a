/** Linear layers, float and binary, and the bias of the latter. */
import { BinaryDense } from '@surge-bnn/core';
import { taken } from '../../stored.js';
import { cannotExport } from './rule.js';
import type { LayerWriter, TextRule } from './rule.js';

/** With a bias, and tanh behind it in a pooler. */
export const dense: TextRule = ({ layer, values: [x], write }) => {
  const products = write.step('products', 'MatMul', [x, write.weight('kernel', 'weight')]);
  const sums = [products, write.weight('bias', 'bias')];
  const { activation } = layer.getConfig();
  if (activation === 'linear') return write.last('Add', sums);
  if (activation === 'tanh') return write.last('Tanh', [write.step('sums', 'Add', sums)]);
  throw cannotExport(
    layer,
    `its activation is ${JSON.stringify(activation)}; allowed: linear, tanh`,
  );
};

export const channelBias: TextRule = ({ values: [x], write }) =>
  write.last('Add', [x, write.weight('bias', 'values')]);

/**
 * Signs times signs, an integer, then the scale; with inputs s + o of two other values, as core's binary forward has it,
 *
 *     y = alpha a conv(s, B) + o a conv(1, B)
 *
 * rounded in this order, where alpha, o are of the inputs and a of the weights. Float inputs times signs where inputs stay float.
 */
export const binaryDense: TextRule = ({ layer, values: [x], write }) => {
  if (!(layer instanceof BinaryDense)) {
    throw cannotExport(layer, 'it was made by another copy of @surge-bnn/core; install it once');
  }
  const { inputBinarizer } = layer;
  if (inputBinarizer !== 'none' && inputBinarizer.levels !== undefined) {
    throw cannotExport(
      layer,
      `inputs of ${inputBinarizer.levels.bits} bits are a step of training and are not shipped`,
    );
  }
  const { real, offset, ...weights } = layer.inferenceWeights();
  if (real !== undefined || offset !== undefined) {
    throw cannotExport(
      layer,
      `weights of "${layer.weightBinarizer.name}" have values of their own`,
    );
  }
  const { values: signs, shape } = taken(weights.signs);
  const scale = weights.scale === undefined ? undefined : taken(weights.scale).values;
  const kernel = write.signs('weight', shape, signs);
  if (inputBinarizer === 'none') {
    return scaled(write, write.step('sums', 'MatMul', [x, kernel]), scale);
  }
  const { factor, shift, set } = layer.inferenceInputs();
  const moved = shiftedInput(
    write,
    x,
    factor && taken(factor).values,
    shift && taken(shift).values,
  );
  const operands = [write.signOf('input', moved), kernel];
  const sums = write.step('integers', 'Round', [write.step('sums', 'MatMul', operands)]);
  if (set === undefined) return scaled(write, sums, scale);
  const units = shape[1] ?? 1;
  const [[alpha], [o]] = [taken(set.scale).values, taken(set.offset).values];
  const times = (by: number) =>
    Float32Array.from({ length: units }, (_, c) => by * (scale?.[c] ?? 1));
  if (o === 0) return scaled(write, sums, times(alpha));
  const constants = times(o).map((by, c) => {
    let sum = 0;
    for (let i = c; i < signs.length; i += units) sum += signs[i];
    return by * sum;
  });
  const behind = write.numbers('scale', [units], times(alpha));
  const added = write.numbers('constants', [units], constants);
  return write.last('Add', [write.step('scaled', 'Mul', [sums, behind]), added]);
};

/** fround(fround(factor x) + shift), whose signs are the binarizer's; parts that change nothing left out. */
function shiftedInput(
  write: LayerWriter,
  x: string,
  factor: Float32Array | undefined,
  shift: Float32Array | undefined,
): string {
  const part = (
    what: string,
    opType: string,
    from: string,
    values: Float32Array | undefined,
    neutral: number,
  ) =>
    values === undefined || values.every((v) => v === neutral)
      ? from
      : write.step(what, opType, [from, write.numbers(what, [values.length], values)]);
  return part('inputShift', 'Add', part('inputFactor', 'Mul', x, factor, 1), shift, 0);
}

/** The scale of each unit behind its sums. */
function scaled(write: LayerWriter, sums: string, scale: Float32Array | undefined): string {
  if (scale === undefined) return write.last('Identity', [sums]);
  return write.last('Mul', [sums, write.numbers('scale', [scale.length], scale)]);
}
