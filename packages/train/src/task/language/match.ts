/**
 * What a network for texts learns from a teacher: soft logits (Hinton et al. 2015), hidden states (BiT, arXiv 2205.13016), and the directions of
 * query, key and value (BiBERT, arXiv 2203.06390, section 3.3). With z the network's outputs, z' the teacher's, y the labels, h and p hidden states
 * and projections of each layer, M the mask of padding,
 *
 *     L = (1 - w) H(y, z) + w T^2 H(softmax(z'/T), softmax(z/T)) + v sum_l D(h_l, h'_l) + u sum_l sum_{q,k,v} |P/|P| - P'/|P'||^2
 *     P = (M x)(M x)^T of a head,  D = mean of M (h - h')^2  or  |h/|h| - h'/|h'||^2
 *
 * Norms are Frobenius' of one text (and head), so what is compared is a direction; a difference of two is at most 4. Scores have no probabilities: their soft loss
 * is the squared difference.
 */
import { InputError } from '@surge-bnn/contract';
import { collate } from '@surge-bnn/data';
import type { EncodedTexts } from '@surge-bnn/data';
import { textInputs } from '@surge-bnn/language';
import { ops } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { DistillationSpec } from '../../recipe/additions.js';
import type { LanguageSpec } from '../../recipe/language.js';
import type { RecipeNetwork } from './build.js';
import { correctOf, labelLoss, rowsOf } from './objective.js';
import type { TextObjective } from './objective.js';

/** No text's matrix has a norm of 0, but one of padding alone. */
const SMALLEST_NORM = 1e-12;

/** A network that is learnt from. */
export interface Teacher {
  readonly network: RecipeNetwork;
  /** The training texts as it reads them, where its pieces are others than the student's: words hidden from the student are not hidden from it. */
  readonly texts?: EncodedTexts;
}

/** @throws InputError for networks whose layers cannot be compared. */
export function matchingObjective(
  student: RecipeNetwork,
  { network: teacher, texts }: Teacher,
  { logits: soft }: DistillationSpec,
  match: LanguageSpec['match'],
  smoothing: number,
): TextObjective {
  checkAlike(student, teacher, match);
  const read = (inputs: readonly tf.Tensor[], indices: Int32Array) =>
    texts === undefined ? inputs : textInputs(collate(texts, indices));
  const [mine, its] = [student, teacher].map((one) => withInside(one, match));
  const hiddenCount = match.hiddenStates === undefined ? 0 : student.hiddenStates.length;
  const { heads } = student.options;
  return {
    targets: (inputs, indices) => tf.tidy(() => outputsOf(its, read(inputs, indices), false)),
    losses(inputs, labels, [teacherOutput, ...teacherInside]) {
      const [output, ...inside] = outputsOf(mine, inputs, true);
      const outputs = rowsOf(output);
      const mask = tf.expandDims(tf.cast(inputs[2], 'float32'), 2);
      const hard = soft === undefined ? 1 : 1 - soft.weight;
      const parts: Record<string, tf.Scalar> = {};
      if (hard > 0) parts.labels = tf.mul(labelLoss(outputs, labels, smoothing), hard);
      if (soft !== undefined) {
        parts.logits = tf.mul(
          softLoss(outputs, rowsOf(teacherOutput), soft.temperature),
          soft.weight,
        );
      }
      const pairs = inside.map((x, i): Pair => [x, teacherInside[i]]);
      const { hiddenStates, projections } = match;
      if (hiddenStates !== undefined) {
        const difference = hiddenStates.of === 'values' ? valuesApart : directionsApart;
        const each = pairs.slice(0, hiddenCount).map((pair) => difference(pair, mask));
        parts.hiddenStates = tf.mul(tf.addN<tf.Scalar>(each), hiddenStates.weight);
      }
      if (projections !== undefined) {
        const each = pairs.slice(hiddenCount).map((pair) => similaritiesApart(pair, mask, heads));
        parts.projections = tf.mul(tf.addN<tf.Scalar>(each), projections.weight);
      }
      return { parts, correct: correctOf(outputs, labels) };
    },
  };
}

type Pair = readonly [student: tf.Tensor, teacher: tf.Tensor];

/** Mean over pieces and entries of the squared difference. */
function valuesApart([x, y]: Pair, mask: tf.Tensor): tf.Scalar {
  const squares = tf.sum(tf.mul(tf.squaredDifference(x, y), mask));
  return tf.div(squares, tf.mul(tf.sum(mask), x.shape[2] ?? 1));
}

/** Mean over texts of the squared distance of what was divided by its norm. */
function directionsApart([x, y]: Pair, mask: tf.Tensor): tf.Scalar {
  return unitsApart(tf.mul(x, mask), tf.mul(y, mask));
}

/** The same of the similarity matrices of each head. */
function similaritiesApart(pair: Pair, mask: tf.Tensor, heads: number): tf.Scalar {
  const [p, q] = pair.map((x) => {
    const [batch, length, width] = x.shape;
    const apart = tf.reshape(tf.mul(x, mask), [batch, length, heads, width / heads]);
    const each = tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [-1, length, width / heads]);
    return tf.matMul<tf.Tensor>(each, each, false, true);
  });
  return unitsApart(p, q);
}

/** Mean over the matrices of |x/|x| - y/|y||^2. */
function unitsApart(x: tf.Tensor, y: tf.Tensor): tf.Scalar {
  const [a, b] = [x, y].map((one) => {
    const norm = tf.sqrt(tf.sum(tf.square(one), [1, 2], true));
    return tf.div(one, tf.maximum(norm, SMALLEST_NORM));
  });
  return tf.div(tf.sum(tf.squaredDifference(a, b)), x.shape[0]);
}

function softLoss(outputs: tf.Tensor2D, teacher: tf.Tensor2D, temperature: number): tf.Scalar {
  if (outputs.shape[1] === 1) return tf.mean(tf.squaredDifference(outputs, teacher));
  const probabilities = tf.softmax(tf.div<tf.Tensor2D>(teacher, temperature));
  const losses = ops.softmaxCrossEntropy(tf.div(outputs, temperature), probabilities);
  return tf.mul(tf.mean(losses), temperature ** 2);
}

/** The network with what is matched behind its output. It shares the network's layers: it is not disposed. */
function withInside(network: RecipeNetwork, match: LanguageSpec['match']): Model {
  const { model, hiddenStates, projections } = network;
  return tfl.model({
    inputs: model.inputs,
    outputs: [
      model.outputs[0],
      ...(match.hiddenStates === undefined ? [] : hiddenStates),
      ...(match.projections === undefined
        ? []
        : projections.flatMap(({ query, key, value }) => [query, key, value])),
    ],
  });
}

function outputsOf(model: Model, inputs: readonly tf.Tensor[], training: boolean): tf.Tensor[] {
  const output = model.apply([...inputs], { training });
  return (Array.isArray(output) ? output : [output]).map((one) => {
    if (one instanceof tf.Tensor) return one;
    throw new Error('a model applied to tensors gave a symbolic tensor');
  });
}

function checkAlike(
  student: RecipeNetwork,
  teacher: RecipeNetwork,
  match: LanguageSpec['match'],
): void {
  const layers = ({ projections }: RecipeNetwork) => projections.length;
  const widths = ({ hiddenStates }: RecipeNetwork) =>
    hiddenStates.map(({ shape }) => String(shape.at(-1))).join(', ');
  const heads = ({ options }: RecipeNetwork) => options.heads;
  const { hiddenStates, projections } = match;
  if (student.kind !== teacher.kind && (hiddenStates ?? projections) !== undefined) {
    throw new InputError(
      `language.match compares piece by piece, but the network is of kind ${student.kind} and the teacher of kind ${teacher.kind}, which cuts texts otherwise; leave match out`,
    );
  }
  const needed: Readonly<Record<string, (of: RecipeNetwork) => number | string>> = {
    ...(hiddenStates === undefined && projections === undefined ? {} : { layers }),
    ...(hiddenStates === undefined ? {} : { widths }),
    ...(projections === undefined ? {} : { heads }),
  };
  for (const [what, of] of Object.entries(needed)) {
    if (of(student) === of(teacher)) continue;
    throw new InputError(
      `language.match compares layer by layer, but the network has ${what} ${of(student)} and the teacher ${of(teacher)}; give a teacher of the same sizes, or leave match out`,
    );
  }
}
