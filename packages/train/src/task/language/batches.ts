/** The training batches of a network for texts: texts of similar length with their labels, or with pieces to be predicted. */
import { latentPenalty } from '@surge-bnn/core';
import { MaskedTextLoader, TextLoader, WordPiece } from '@surge-bnn/data';
import { setStep, textInputs } from '@surge-bnn/language';
import type { TextNetwork, Texts } from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';
import { lossGradients } from '../../gradients.js';
import type { BatchResult, TrainingBatch } from '../../gradients.js';
import type { Parameter } from '../../parameters.js';
import type { LanguageSpec } from '../../recipe/language.js';
import type { Recipe } from '../../recipe/schema.js';
import type { TrainingBatches } from '../task.js';
import type { EncodedHalf, TextData } from './data.js';
import type { TextObjective } from './objective.js';

/** A batch with what it is to come to. */
export interface LabelledTexts {
  readonly texts: Texts;
  readonly labels: Int32Array | Float32Array;
  /** Texts. */
  readonly count: number;
}

/** The batches of an epoch with their truths: a text's label, or the pieces that were masked. */
interface Batches {
  readonly perEpoch: number;
  epoch(epoch: number, firstBatch?: number): Iterable<LabelledTexts>;
}

/** In an order and with masks that depend on seed and epoch alone. */
export function labelledBatches(
  half: EncodedHalf,
  { tokenizer, task }: Pick<TextData, 'tokenizer' | 'task'>,
  spec: LanguageSpec,
  order: { readonly batchSize: number; readonly seed: number; readonly shuffle?: boolean },
): Batches {
  if (task !== undefined) {
    const loader = new TextLoader(half.encoded, order);
    return {
      perEpoch: loader.batchesPerEpoch,
      *epoch(epoch, firstBatch) {
        for (const batch of loader.epoch(epoch, firstBatch)) {
          if (batch.labels === undefined) throw new Error(`${half.title} has no labels`);
          yield { texts: batch, labels: batch.labels, count: batch.count };
        }
      },
    };
  }
  if (!(tokenizer instanceof WordPiece)) throw new Error('gaps are in texts of WordPiece');
  const { share, wholeWords } = spec.masked ?? {};
  const loader = new MaskedTextLoader(half.encoded, tokenizer, { ...order, share, wholeWords });
  return {
    perEpoch: loader.batchesPerEpoch,
    *epoch(epoch, firstBatch) {
      for (const batch of loader.epoch(epoch, firstBatch)) {
        yield { texts: batch, labels: batch.targets, count: batch.count };
      }
    },
  };
}

export function textBatches(
  network: TextNetwork,
  data: TextData,
  spec: LanguageSpec,
  { batchSize, seed }: Pick<Recipe, 'batchSize' | 'seed'>,
  objective: TextObjective,
): TrainingBatches {
  const batches = labelledBatches(data.train, data, spec, { batchSize, seed });
  return {
    async *epoch(epoch, firstBatch = 0) {
      let step = epoch * batches.perEpoch + firstBatch;
      for (const batch of batches.epoch(epoch, firstBatch)) {
        yield trainingBatch(network, batch, step, objective);
        step += 1;
      }
    },
    close: () => Promise.resolve(),
  };
}

/** @param step of the run, from 0: what dropout draws depends on it. */
function trainingBatch(
  network: TextNetwork,
  batch: LabelledTexts,
  step: number,
  objective: TextObjective,
): TrainingBatch {
  return {
    count: batch.count,
    gradients(parameters) {
      setStep(network.model, step);
      return batchGradients(network, batch, objective, parameters);
    },
  };
}

function batchGradients(
  { model }: TextNetwork,
  { texts, labels }: LabelledTexts,
  objective: TextObjective,
  parameters: readonly Parameter[],
): BatchResult {
  const inputs = textInputs(texts);
  const targets = objective.targets(inputs);
  let correct: number | undefined;
  let parts: Readonly<Record<string, number>> | undefined;
  const result = lossGradients(
    () => {
      const losses = objective.losses(inputs, labels, targets);
      ({ correct } = losses);
      const terms = Object.entries(losses.parts);
      if (terms.length > 1) {
        parts = Object.fromEntries(terms.map(([name, one]) => [name, one.dataSync()[0]]));
      }
      const penalty = latentPenalty(model);
      const all = [...terms.map(([, one]) => one), ...(penalty === undefined ? [] : [penalty])];
      return tf.addN<tf.Scalar>(all);
    },
    parameters,
    [...inputs, ...targets],
  );
  return {
    ...result,
    ...(correct === undefined ? {} : { correct }),
    ...(parts === undefined ? {} : { parts }),
  };
}
