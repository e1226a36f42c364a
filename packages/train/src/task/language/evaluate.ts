/** A network for texts on a half of its data: predictions, and what they are worth by the task's measure. */
import { InputError } from '@surge-bnn/contract';
import { canonicalOutputs, layerCalls } from '@surge-bnn/core';
import type { TextTask } from '@surge-bnn/data';
import { textInputs } from '@surge-bnn/language';
import type { Texts } from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';
import { predictedClasses } from '../../evaluation/agreement.js';
import { glueScores } from '../../evaluation/glue.js';
import { Tally } from '../../evaluation/tally.js';
import type { LanguageSpec } from '../../recipe/language.js';
import { nextTurn } from '../../turn.js';
import type { Evaluation } from '../../types.js';
import type { TaskEvaluateOptions } from '../task.js';
import { labelledBatches } from './batches.js';
import type { BatchSource } from './batches.js';
import type { RecipeNetwork } from './build.js';
import type { TextData } from './data.js';
import type { EncodedHalf } from './half.js';
import { labelLoss, rowsOf, single } from './objective.js';

/** Texts that go through the network at once. */
const atOnce = 32;

/** What a task is judged by where that is not the share of texts with the right class. */
export function textMeasure({
  task,
  published,
}: Pick<TextData, 'task' | 'published'>): string | undefined {
  if (published !== undefined) return 'mean cosine';
  if (task === undefined) return 'masked pieces';
  if (task === 'cola') return "Matthews' correlation";
  return task === 'stsb' ? "Pearson's correlation" : undefined;
}

/** @throws InputError for outputs that are not finite; the signal's reason when it is aborted. */
export async function evaluateTexts(
  network: RecipeNetwork,
  half: EncodedHalf,
  source: BatchSource,
  spec: LanguageSpec,
  { signal, onProgress }: TaskEvaluateOptions = {},
): Promise<Evaluation> {
  const batches = labelledBatches(half, source, spec, {
    batchSize: atOnce,
    seed: 0,
    shuffle: false,
  });
  const judged = new Judged();
  for (const { texts, labels, count } of batches.epoch(0)) {
    judged.add(rowsOfBatch(network, texts, source.task), labels, count);
    onProgress?.(judged.texts, half.count);
    await nextTurn();
    signal?.throwIfAborted();
  }
  return judged.result(source.task);
}

/**
 * What the network gives for a batch of texts: logits or scores, row by row. In canonical arithmetic, the same bits on every engine and in the packed model;
 * but for what is not shipped, and is evaluated as the engine computes it: what was pre-trained only, BiT's step with inputs of two bits, the sentence encoder.
 */
function rowsOfBatch(
  { kind, model, options }: RecipeNetwork,
  texts: Texts,
  task: TextTask | undefined,
): tf.Tensor2D {
  const ships = kind === 'bert' && task !== undefined && options.inputs !== 'two-bit';
  return tf.tidy(() => {
    const inputs = textInputs(texts);
    if (!ships) return rowsOf(single(model.apply(inputs)));
    return rowsOf(canonicalOutputs(layerCalls(model), inputs)[0]);
  });
}

/** Outputs with what they should have been; rows may be texts or masked pieces. */
class Judged {
  texts = 0;
  private lossSum = 0;
  private rows = 0;
  private width = 0;
  private readonly outputs: Float32Array[] = [];
  private readonly labels: number[] = [];
  private correct = 0;
  /** The sum of those of vectors; of anything else undefined. */
  private cosines: number | undefined;

  /** @param outputs are disposed. */
  add(outputs: tf.Tensor2D, labels: Int32Array | Float32Array, texts: number): void {
    const [rows, width] = outputs.shape;
    this.lossSum += tf.tidy(() => labelLoss(outputs, labels, 0).dataSync()[0]) * rows;
    const values = outputs.dataSync<'float32'>();
    outputs.dispose();
    this.texts += texts;
    this.rows += rows;
    this.width = width;
    if (labels instanceof Int32Array) {
      predictedClasses(values, width).forEach((one, i) => {
        if (one === labels[i]) this.correct += 1;
      });
    } else if (width > 1) {
      this.cosines = (this.cosines ?? 0) + sumOfCosines(values, labels, width);
    }
    // Of masked pieces and vectors there are too many numbers to be kept.
    if (width <= largestKept) {
      this.outputs.push(values);
      this.labels.push(...labels);
    }
  }

  /** @throws InputError for a loss that is not finite. */
  result(task: TextTask | undefined): Evaluation {
    const loss = this.lossSum / this.rows;
    if (!Number.isFinite(loss)) {
      throw new InputError(
        `the evaluation loss is ${loss}: the network's outputs are not finite; lower the learning rate`,
      );
    }
    const facts = { loss, images: this.texts };
    if (this.cosines !== undefined) return { ...facts, accuracy: this.cosines / this.rows };
    if (task === undefined) {
      const details = { perplexity: Math.exp(loss), pieces: this.rows };
      return { ...facts, accuracy: this.correct / this.rows, details };
    }
    const outputs = Float32Array.from(this.outputs.flatMap((part) => [...part]));
    if (this.width === 1) return { ...facts, ...textScores(task, outputs, this.labels) };
    const tally = new Tally(this.width);
    tally.add(outputs, Int32Array.from(this.labels));
    const predicted = predictedClasses(outputs, this.width);
    return {
      ...facts,
      ...textScores(task, predicted, this.labels),
      correct: this.correct,
      confusion: tally.confusion,
    };
  }
}

const largestKept = 64;

/** Over the rows of two matrices; the cosine of a row of zeros is 0. */
function sumOfCosines(x: Float32Array, y: Float32Array, width: number): number {
  let sum = 0;
  for (let row = 0; row < x.length; row += width) {
    let [product, ofX, ofY] = [0, 0, 0];
    for (let i = row; i < row + width; i++) {
      product += x[i] * y[i];
      ofX += x[i] ** 2;
      ofY += y[i] ** 2;
    }
    if (ofX > 0 && ofY > 0) sum += product / Math.sqrt(ofX * ofY);
  }
  return sum;
}

/** The task's measure as `accuracy`, and all that GLUE has for it. */
export function textScores(
  task: TextTask,
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
): Pick<Evaluation, 'accuracy' | 'details'> {
  const scores = glueScores(task, predicted, labels);
  const { accuracy, f1, matthews, pearson, spearman } = scores;
  const value = task === 'stsb' ? pearson : scores.main;
  if (value === undefined) throw new Error(`no measure for ${task}`);
  const all = { accuracy, f1, matthews, pearson, spearman };
  return {
    accuracy: value,
    details: Object.fromEntries(
      Object.entries(all).flatMap(([name, one]) => (one === undefined ? [] : [[name, one]])),
    ),
  };
}
