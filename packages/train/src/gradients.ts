/**
 * Loss and gradients of one batch: in one piece or as the sum over micro-batches; then clipped. The auxiliary
 * weights W_a never enter the global norm, so a run with SURGE clips the same as one without.
 */
import { latentPenalty } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { InputError } from '@surge-bnn/contract';
import * as tf from '@tensorflow/tfjs-core';
import { countCorrect } from './evaluation/tally.js';
import { crossEntropy } from './objective/objective.js';
import type { Objective } from './objective/objective.js';
import type { Parameter } from './parameters.js';

/** One batch as plain arrays: normalised pixels NHWC and class numbers. */
export interface PlainBatch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

/** One batch of whatever a network is trained on, which knows its loss. */
export interface TrainingBatch {
  /** Pictures. */
  readonly count: number;
  /** Mean loss of the batch, and its gradients by these parameters. */
  gradients(parameters: readonly Parameter[]): BatchResult;
}

export interface LossOptions {
  /** [height, width, channels]. */
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  readonly labelSmoothing: number;
  /** Micro-batches that the batch is cut into. */
  readonly accumulate: number;
  /** What is minimised. Default: the cross-entropy with the labels. */
  readonly objective?: Objective;
}

export interface BatchResult {
  /** Mean over the batch of what is minimised, and what the weight binarizers add to it. */
  readonly loss: number;
  /** Pictures whose largest logit was their class's; absent where a picture has no class. */
  readonly correct?: number;
  /** What the loss is the sum of, by name, where it has parts. */
  readonly parts?: Readonly<Record<string, number>>;
  /** By parameter key; the caller disposes them. Parameters that the loss does not reach are absent. */
  readonly gradients: Map<string, tf.Tensor>;
}

/** Makes training batches for a classifier of plain ones; smoothing and accumulation are the recipe's. */
export function imageBatches(
  model: Model,
  { labelSmoothing, accumulate }: Pick<LossOptions, 'labelSmoothing' | 'accumulate'>,
  shape: Pick<LossOptions, 'inputShape' | 'classes' | 'objective'>,
): (batch: PlainBatch) => TrainingBatch {
  const { inputShape, classes, objective } = shape;
  const options = { inputShape, classes, objective, labelSmoothing, accumulate };
  return (batch) => ({
    count: batch.count,
    gradients: (parameters) => batchGradients(model, parameters, batch, options),
  });
}

/** Gradients of the batch's mean loss. */
export function batchGradients(
  model: Model,
  parameters: readonly Parameter[],
  batch: PlainBatch,
  options: LossOptions,
): BatchResult {
  const gradients = new Map<string, tf.Tensor>();
  let loss = 0;
  let correct = 0;
  const pieces = Math.min(options.accumulate, batch.count);
  for (let i = 0; i < pieces; i++) {
    const from = Math.floor((i * batch.count) / pieces);
    const to = Math.floor(((i + 1) * batch.count) / pieces);
    const piece = pieceGradients(model, parameters, slice(batch, from, to, options), {
      ...options,
      total: batch.count,
      penalty: i === 0,
    });
    loss += piece.loss;
    correct += piece.correct ?? 0;
    addAll(gradients, piece.gradients);
  }
  return { loss, correct, gradients };
}

function slice(batch: PlainBatch, from: number, to: number, options: LossOptions): PlainBatch {
  const [height, width, channels] = options.inputShape;
  const picture = height * width * channels;
  return {
    images: batch.images.subarray(from * picture, to * picture),
    labels: batch.labels.subarray(from, to),
    count: to - from,
  };
}

function pieceGradients(
  model: Model,
  parameters: readonly Parameter[],
  batch: PlainBatch,
  options: LossOptions & { readonly total: number; readonly penalty: boolean },
): BatchResult {
  let correct = 0;
  const { classes, labelSmoothing, objective = crossEntropy(model) } = options;
  const x = imageTensor(batch, options.inputShape);
  const targets = objective.targets(x);
  const lossOf = () => {
    const labels = smoothLabels(batch.labels, classes, labelSmoothing);
    const { losses, logits } = objective.losses(x, labels, targets);
    correct = countCorrect(logits.dataSync(), batch.labels, classes);
    const loss = tf.div<tf.Scalar>(tf.sum(losses), options.total);
    // What a binarizer adds to the loss does not depend on the images: once a batch.
    const term = options.penalty ? latentPenalty(model) : undefined;
    return term === undefined ? loss : tf.add<tf.Scalar>(loss, term);
  };
  const { loss, gradients } = lossGradients(lossOf, parameters, [x, ...targets]);
  return { loss, correct, gradients };
}

/**
 * The value of a loss, and its gradients by parameter key; what it was given is freed, also when a layer throws (a NaN at a sign).
 */
export function lossGradients(
  lossOf: () => tf.Scalar,
  parameters: readonly Parameter[],
  given: tf.Tensor[],
): Pick<BatchResult, 'loss' | 'gradients'> {
  const variables = parameters.map((parameter) => parameter.variable);
  const { value, grads } = variableGradients(lossOf, variables, given);
  const [loss] = value.dataSync();
  value.dispose();
  const gradients = new Map<string, tf.Tensor>();
  for (const { key, variable } of parameters) {
    const gradient = grads[variable.name];
    // variableGrads leaves null where the loss does not depend on the variable.
    if (gradient instanceof tf.Tensor) gradients.set(key, gradient);
  }
  return { loss, gradients };
}

function variableGradients(lossOf: () => tf.Scalar, variables: tf.Variable[], given: tf.Tensor[]) {
  try {
    return tf.variableGrads(lossOf, variables);
  } finally {
    tf.dispose(given);
  }
}

/** The images as a tensor [count, height, width, channels] that does not share the loader's memory for long. */
export function imageTensor(
  batch: PlainBatch,
  [height, width, channels]: readonly [number, number, number],
): tf.Tensor4D {
  return tf.tensor4d(batch.images, [batch.count, height, width, channels]);
}

/** Rows of labels: 1 - s on the class, s spread evenly over all classes. */
export function smoothLabels(labels: Int32Array, classes: number, smoothing: number): tf.Tensor2D {
  const rows = new Float32Array(labels.length * classes).fill(smoothing / classes);
  labels.forEach((label, i) => {
    rows[i * classes + label] += 1 - smoothing;
  });
  return tf.tensor2d(rows, [labels.length, classes]);
}

function addAll(sums: Map<string, tf.Tensor>, more: ReadonlyMap<string, tf.Tensor>): void {
  for (const [key, gradient] of more) {
    const sum = sums.get(key);
    if (sum === undefined) {
      sums.set(key, gradient);
    } else {
      sums.set(key, tf.add(sum, gradient));
      tf.dispose([sum, gradient]);
    }
  }
}

export interface ClipOptions {
  /** Each entry to [-value, value]; first. */
  readonly value?: number;
  /** The L2 norm over all gradients but the auxiliaries'. */
  readonly globalNorm?: number;
}

/**
 * Clips the gradients in place of the map (old tensors are disposed).
 *
 * @throws InputError naming the parameter whose gradient is not finite.
 */
export function clipGradients(
  gradients: Map<string, tf.Tensor>,
  parameters: readonly Parameter[],
  { value, globalNorm }: ClipOptions,
): void {
  if (value !== undefined) {
    replaceAll(gradients, [...gradients.keys()], (g) => tf.clipByValue(g, -value, value));
  }
  if (globalNorm === undefined) return;
  const counted = parameters
    .filter(({ role, key }) => role !== 'auxiliary' && gradients.has(key))
    .map(({ key }) => key);
  let squares = 0;
  for (const key of counted) {
    const sum = tf.tidy(() => tf.sum(tf.square(gradients.get(key) ?? [])).dataSync()[0]);
    if (!Number.isFinite(sum)) {
      throw new InputError(`the gradient of "${key}" is not finite, so it cannot be clipped`);
    }
    squares += sum;
  }
  const norm = Math.sqrt(squares);
  if (norm > globalNorm) replaceAll(gradients, counted, (g) => tf.mul(g, globalNorm / norm));
}

function replaceAll(
  gradients: Map<string, tf.Tensor>,
  keys: readonly string[],
  change: (gradient: tf.Tensor) => tf.Tensor,
): void {
  for (const key of keys) {
    const gradient = gradients.get(key);
    if (gradient === undefined) continue;
    gradients.set(
      key,
      tf.tidy(() => change(gradient)),
    );
    gradient.dispose();
  }
}
