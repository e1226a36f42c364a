/** A trained network becomes a packed file, with the proof that both compute the same. */
import { InputError } from '@surge-bnn/contract';
import { BinaryLayer, reestimateBatchNorm } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { encodeModel, fileSize, PackedModel, tensorBytes } from '@surge-bnn/runtime';
import type { JsonObject, ModelSource } from '@surge-bnn/runtime';
import { proveAgreement } from './agreement.js';
import { namedLayers } from './lower/names.js';
import { packModel } from './pack.js';
import type { Agreement, Conversion, ConvertOptions } from './types.js';

/**
 * Converts a trained model: packs it, loads the packed model from its own bytes, runs it beside the trained one on all
 * of `inputs`, and writes the agreement into the file. Batch norm is re-estimated first where `reestimateOn` is given, which
 * changes the model; nothing else does.
 *
 * @param model a tf.LayersModel with one input and one output; a compensator that is still attached plays no part.
 * @throws InputError naming the layer that cannot be packed, and why; for no inputs, and for inputs of a wrong shape.
 * @throws DisagreementError when any output differs in any bit.
 */
export async function convertModel(model: Model, options: ConvertOptions): Promise<Conversion> {
  const { floatWeights = 'f32' } = options;
  if (!['f32', 'f16'].includes(floatWeights)) {
    throw new InputError(`floatWeights must be f32 or f16, got ${String(floatWeights)}`);
  }
  const reestimatedOn =
    options.reestimateOn === undefined ? 0 : await reestimateBatchNorm(model, options.reestimateOn);
  const { source, layers } = packModel(model, {
    pixels: options.pixels,
    classes: options.classes,
    floatWeights,
    allowFloat: options.allowFloat,
    metadata: {
      ...(options.training === undefined ? {} : { training: options.training }),
      ...(options.provenance === undefined ? {} : { provenance: options.provenance }),
    },
  });
  // From its own bytes: what is proven is what a reader gets.
  const packed = PackedModel.fromBytes(encodeModel(source));
  const agreement = await proveAgreement(model, packed, { ...options, floatWeights });
  const proven: ModelSource = {
    ...source,
    metadata: { ...source.metadata, agreement: agreementJson(agreement) },
  };
  return {
    bytes: encodeModel(proven),
    report: {
      layers,
      agreement,
      size: fileSize(proven),
      floatBytes: floatBytes(model),
      reestimatedOn,
    },
  };
}

/** The trained network's weights in float32, without auxiliary ones; a layer that is called twice has them once. */
function floatBytes(model: Model): number {
  return namedLayers(model)
    .flatMap(({ self }) =>
      self.weights.filter((w) => !(self instanceof BinaryLayer && self.auxiliaries.includes(w))),
    )
    .reduce((sum, { shape }) => sum + tensorBytes({ dtype: 'F32', shape: shape.map(Number) }), 0);
}

function agreementJson({ rounding, ...rest }: Agreement): JsonObject {
  if (rounding === undefined) return rest;
  const { differentPredictions, largestDifference } = rounding;
  const differ = differentPredictions.map(({ input, margin }) => ({ input, margin }));
  return { ...rest, rounding: { differentPredictions: differ, largestDifference } };
}
