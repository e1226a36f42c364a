/** A trained network becomes a packed file, with the proof that both compute the same. */
import { InputError } from '@surge-bnn/contract';
import { BinaryLayer, reestimateBatchNorm } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { encodeModel, fileSize, PackedModel, tensorBytes } from '@surge-bnn/runtime';
import type { JsonObject, ModelMetadata, ModelSource } from '@surge-bnn/runtime';
import { proveAgreement } from './agreement.js';
import { eachBatch } from './batches.js';
import { Calibrator } from './ends/calibrate.js';
import { formsOf } from './ends/forms.js';
import type { Forms } from './ends/forms.js';
import { RoundedEvaluation } from './ends/rounded-evaluation.js';
import { namedLayers } from './lower/names.js';
import { floatDraft, packDraft } from './pack.js';
import type { Agreement, Calibration, Conversion, ConvertOptions } from './types.js';

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
  const { merge = false, compact = false } = options;
  const forms = formsOf(model, options);
  checkCalibration(forms, options.calibration);
  const reestimatedOn =
    options.reestimateOn === undefined ? 0 : await reestimateBatchNorm(model, options.reestimateOn);
  // What is proven has no merged multiply-adds; what ships may have.
  const folded = [false, ...(merge ? [true] : [])].map((merged) =>
    floatDraft(model, { ...options, merge: merged }),
  );
  const calibrators = folded.map(({ draft }) => new Calibrator(draft, forms));
  const calibration = await calibrate(calibrators, model, options);
  const limits = calibrators.map((one) => one.limits(calibration?.percentile ?? 100));
  const variants = folded.map((one, i) => packDraft(model, one, forms, limits[i], options));
  // From its own bytes: what is proven is what a reader gets.
  const [packed, merged] = variants.map(({ source }) =>
    PackedModel.fromBytes(encodeModel(source, { compact })),
  );
  const rounded = new RoundedEvaluation(model, forms, limits[0]);
  const proof = {
    ...options,
    rounded,
    roundingOf: roundingOf(forms, merge),
    ...(merge && { merged }),
  };
  const agreement: Agreement = {
    ...(await proveAgreement(model, packed, proof).finally(() => rounded.dispose())),
    ...(calibration && {
      calibration: { ...calibration, limits: Object.fromEntries(limits[limits.length - 1]) },
    }),
  };
  const { source, layers } = variants[variants.length - 1];
  const proven: ModelSource = { ...source, metadata: metadataOf(options, agreement) };
  return {
    bytes: encodeModel(proven, { compact }),
    report: {
      layers,
      agreement,
      size: fileSize(proven, { compact }),
      floatBytes: floatBytes(model),
      reestimatedOn,
    },
  };
}

/** @throws InputError where layers need one and there is none, or the other way round, and for a percentile that is none. */
function checkCalibration(forms: Forms, calibration: ConvertOptions['calibration']): void {
  const integer = [...forms].filter(([, form]) => form === 'i8').map(([name]) => name);
  if (calibration === undefined) {
    if (integer.length === 0) return;
    throw new InputError(
      `int8 needs a calibration, which tells how large the inputs of ${integer.join(', ')} get: give real inputs as calibration, or take i8-weights`,
    );
  }
  if (integer.length === 0) {
    throw new InputError('a calibration is for float layers of the form i8, and there is none');
  }
  const { percentile = 100 } = calibration;
  if (percentile > 0 && percentile <= 100) return;
  throw new InputError(
    `the calibration's percentile must be above 0 and at most 100, got ${percentile}`,
  );
}

/** Shows all of the calibration's inputs to all of them. */
async function calibrate(
  calibrators: readonly Calibrator[],
  model: Model,
  { calibration, signal }: ConvertOptions,
): Promise<Omit<Calibration, 'limits'> | undefined> {
  if (calibration === undefined) return undefined;
  const { inputsAre, percentile = 100 } = calibration;
  const shape = model.inputs[0].shape.slice(1).map(Number);
  const inputs = await eachBatch(
    calibration.inputs,
    shape,
    'the calibration',
    (_, data) => {
      for (const calibrator of calibrators) calibrator.add(data);
    },
    { signal },
  );
  return {
    inputs,
    inputsAre: typeof inputsAre === 'string' ? inputsAre : inputsAre(inputs),
    percentile,
  };
}

/** What is rounded, for the report. */
export function roundingOf(forms: Forms, merge: boolean): readonly string[] {
  const used = new Set(forms.values());
  return [
    ...(used.has('f16') ? ['float16 kernels'] : []),
    ...(used.has('i8-weights') ? ['int8 kernels'] : []),
    ...(used.has('i8') ? ['int8 layers'] : []),
    ...(merge ? ['merged multiply-adds'] : []),
  ];
}

function metadataOf({ training, provenance }: ConvertOptions, agreement: Agreement): ModelMetadata {
  return {
    ...(training && { training }),
    ...(provenance && { provenance }),
    agreement: agreementJson(agreement),
  };
}

/** The trained network's weights in float32, without auxiliary ones; a layer that is called twice has them once. */
export function floatBytes(model: Model): number {
  return namedLayers(model)
    .flatMap(({ self }) =>
      self.weights.filter((w) => !(self instanceof BinaryLayer && self.auxiliaries.includes(w))),
    )
    .reduce((sum, { shape }) => sum + tensorBytes({ dtype: 'F32', shape: shape.map(Number) }), 0);
}

function agreementJson({ rounding, calibration, ...rest }: Agreement): JsonObject {
  return {
    ...rest,
    ...(rounding && {
      rounding: {
        ...rounding,
        differentPredictions: rounding.differentPredictions.map((one) => ({ ...one })),
      },
    }),
    ...(calibration && { calibration: { ...calibration } }),
  };
}
