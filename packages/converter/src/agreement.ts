/** The proof: the packed model beside the trained one, on real inputs. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { canonicalForward } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import type { PackedModel } from '@surge-bnn/runtime';
import { eachBatch } from './batches.js';
import { Comparison } from './comparison.js';
import type { RoundedEvaluation } from './ends/rounded-evaluation.js';
import type { Agreement, ConvertOptions } from './types.js';

/** The packed model computes something else than the trained one; nothing was written. */
export class DisagreementError extends Error {
  override readonly name = 'DisagreementError';
}

export type ProofOptions = Pick<
  ConvertOptions,
  'inputs' | 'inputsAre' | 'onProgress' | 'signal'
> & {
  /** How the trained network is evaluated where the file's float layers are rounded. */
  readonly rounded?: RoundedEvaluation;
  /** The model that ships, if multiply-adds were merged in it: then it is compared, and the one without merging is proven. */
  readonly merged?: PackedModel;
  /** What was rounded, for the report. */
  readonly roundingOf?: readonly string[];
};

/**
 * Runs both on all inputs. With rounded float layers the trained network is evaluated with the same rounding, so that equality
 * is still bit for bit, and what the rounding changed is listed. Merged multiply-adds change last bits, which is listed, too.
 *
 * @param packed without merged multiply-adds.
 * @throws DisagreementError when the outputs of any input are not the same bits.
 * @throws InputError when there is no input, or one has the wrong shape.
 */
export async function proveAgreement(
  model: Model,
  packed: PackedModel,
  options: ProofOptions,
): Promise<Agreement> {
  const { inputsAre, rounded, merged, roundingOf = [] } = options;
  const outputSize = packed.outputShape.reduce((a, b) => a * b, 1);
  const comparison = () => new Comparison(outputSize, packed.outputShape.at(-1) ?? 1);
  const [proof, shipped, effect] = [comparison(), comparison(), comparison()];
  const inputs = await eachBatch(
    options.inputs,
    packed.inputShape,
    'the proof that the packed model computes the same',
    (batch, data, first) => {
      const original = outputOf(model, batch);
      const trained = rounded === undefined ? original : outputOf(model, batch, rounded);
      const result = packed.run(data);
      proof.add(trained, result, first);
      const ships = merged === undefined ? result : merged.run(data);
      shipped.add(trained, ships, first);
      effect.add(original, ships, first);
    },
    options,
  );
  if (proof.example !== undefined) {
    throw new DisagreementError(
      `the packed model disagrees with the trained network "${model.name}" on ${inputs - proof.equalOutputs} of ${inputs} inputs (${proof.example}); no file was made. This is a defect of surge-bnn: please report it with the network`,
    );
  }
  const { differentPredictions, largestDifference } = effect;
  return {
    inputs,
    inputsAre: typeof inputsAre === 'string' ? inputsAre : inputsAre(inputs),
    equalOutputs: shipped.equalOutputs,
    equalPredictions: shipped.equalPredictions,
    largestDifference: shipped.largestDifference,
    ...(merged && { equalUnmerged: proof.equalOutputs }),
    ...(roundingOf.length > 0 && {
      rounding: { of: roundingOf, differentPredictions, largestDifference },
    }),
  };
}

function outputOf(model: Model, batch: Tensor, rounded?: RoundedEvaluation): Float32Array {
  const output = canonicalForward(model, batch, { linear: rounded?.linear });
  try {
    return Float32Array.from(output.dataSync());
  } finally {
    output.dispose();
  }
}
