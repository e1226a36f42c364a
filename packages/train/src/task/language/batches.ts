/** The training batches of a network for texts: texts of similar length with their labels, with the vectors that a teacher gives them, or with pieces to be predicted. */
import { latentPenalty } from '@surge-bnn/core';
import { dropWords, MaskedTextLoader, TextLoader, WordPiece } from '@surge-bnn/data';
import type { TextBatch } from '@surge-bnn/data';
import { setStep, textInputs } from '@surge-bnn/language';
import type { TextNetwork } from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';
import { lossGradients } from '../../gradients.js';
import type { BatchResult, TrainingBatch } from '../../gradients.js';
import type { Parameter } from '../../parameters.js';
import type { LanguageSpec } from '../../recipe/language.js';
import type { Recipe } from '../../recipe/schema.js';
import type { TrainingBatches } from '../task.js';
import type { TextData } from './data.js';
import type { EncodedHalf } from './half.js';
import type { VectorTeacher } from './published.js';
import type { TextObjective } from './objective.js';

/** A batch with what it is to come to. */
export interface LabelledTexts {
  readonly texts: Omit<TextBatch, 'labels'>;
  /** Classes or pieces, [count]; scores, [count]; vectors, [count, entries]. */
  readonly labels: Int32Array | Float32Array;
  /** Texts. */
  readonly count: number;
}

/** The batches of an epoch with their truths: a text's label or vector, or the pieces that were masked. */
interface Batches {
  readonly perEpoch: number;
  epoch(epoch: number, firstBatch?: number): Iterable<LabelledTexts>;
}

interface BatchOrder {
  readonly batchSize: number;
  readonly seed: number;
  readonly shuffle?: boolean;
}

/** What batches are made with beside a half of the texts. */
export type BatchSource = Pick<TextData, 'tokenizer' | 'task'> & {
  /** Of language.vectors, for each half. */
  readonly teachers?: ReadonlyMap<EncodedHalf, VectorTeacher>;
};

/** In an order and with masks that depend on seed and epoch alone. */
export function labelledBatches(
  half: EncodedHalf,
  source: BatchSource,
  spec: LanguageSpec,
  order: BatchOrder,
): Batches {
  if (source.task !== undefined) {
    return plainBatches(half, order, ({ labels }) => {
      if (labels === undefined) throw new Error(`${half.title} has no labels`);
      return labels;
    });
  }
  if (spec.masked !== undefined) return maskedBatches(half, source, spec.masked, order);
  const teacher = source.teachers?.get(half);
  if (teacher === undefined) throw new Error(`${half.title} has neither labels nor a teacher`);
  return plainBatches(half, order, ({ indices }) => teacher.vectorsOf(indices));
}

/** The texts as they are. @param truths of a batch. */
function plainBatches(
  { encoded }: EncodedHalf,
  order: BatchOrder,
  truths: (batch: TextBatch) => Int32Array | Float32Array,
): Batches {
  const loader = new TextLoader(encoded, order);
  return {
    perEpoch: loader.batchesPerEpoch,
    *epoch(epoch, firstBatch) {
      for (const texts of loader.epoch(epoch, firstBatch)) {
        yield { texts, labels: truths(texts), count: texts.count };
      }
    },
  };
}

function maskedBatches(
  { encoded }: EncodedHalf,
  { tokenizer }: BatchSource,
  { share, wholeWords }: NonNullable<LanguageSpec['masked']>,
  order: BatchOrder,
): Batches {
  if (!(tokenizer instanceof WordPiece)) throw new Error('gaps are in texts of WordPiece');
  const loader = new MaskedTextLoader(encoded, tokenizer, { ...order, share, wholeWords });
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
  half: EncodedHalf,
  source: BatchSource,
  spec: LanguageSpec,
  { batchSize, seed }: Pick<Recipe, 'batchSize' | 'seed'>,
  objective: TextObjective,
): TrainingBatches {
  const batches = labelledBatches(half, source, spec, { batchSize, seed });
  const hide = wordDropout(source, spec, seed);
  return {
    async *epoch(epoch, firstBatch = 0) {
      let step = epoch * batches.perEpoch + firstBatch;
      for (const batch of batches.epoch(epoch, firstBatch)) {
        hide(batch.texts, epoch);
        yield trainingBatch(network, batch, step, objective);
        step += 1;
      }
    },
    close: () => Promise.resolve(),
  };
}

/** Hides pieces of a batch's texts, where the recipe wants it. */
function wordDropout(
  { tokenizer }: BatchSource,
  { wordDropout: share }: LanguageSpec,
  seed: number,
): (texts: LabelledTexts['texts'], epoch: number) => void {
  if (share === 0) return () => undefined;
  // The recipe's check refuses it for the sentence encoder, whose tokenizer is another.
  if (!(tokenizer instanceof WordPiece)) throw new Error('only WordPiece has [MASK]');
  return (texts, epoch) => {
    dropWords(texts, tokenizer, epoch, { share, seed });
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
  const targets = objective.targets(inputs, texts.indices);
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
