/**
 * Knowledge distillation (Hinton et al. 2015; ReActNet; Martinez et al. 2020 for the features): with z the network's logits,
 * z' the teacher's, y the labels, f and f' the outputs of layers,
 *
 *     L = (1 - w) H(y, softmax z) + w T^2 H(softmax(z'/T), softmax(z/T)) + v sum over pairs of mean (f - f')^2
 *
 * H is the cross-entropy; against the divergence of Kullback and Leibler it has the teacher's entropy more, which has no
 * gradient. T^2 keeps the gradient's size where T changes. w = 1, T = 1 is ReActNet's distributional loss.
 */
import { ops } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { InputError, unknownName } from '@surge-bnn/contract';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { DistillationSpec } from '../recipe/additions.js';
import { asLogits } from './objective.js';
import type { Objective } from './objective.js';
import type { Teacher } from './teacher.js';

/**
 * The objective of a recipe's `distillation`.
 *
 * @throws InputError for a layer that does not exist, and for a pair whose outputs have different shapes.
 */
export function distillation(model: Model, teacher: Teacher, spec: DistillationSpec): Objective {
  const { logits: soft, features } = spec;
  const pairs = features?.pairs ?? [];
  const student = withFeatures(
    model,
    pairs.map((pair) => pair.student),
    'the network',
  );
  const master = withFeatures(
    teacher.model,
    pairs.map((pair) => pair.teacher),
    'the teacher',
  );
  pairs.forEach((pair, i) => {
    const [mine, its] = [student, master].map((one) => String(one.outputs[i + 1].shape.slice(1)));
    if (mine === its) return;
    throw new InputError(
      `distillation.features: "${pair.student}" has outputs of shape [${mine}], the teacher's "${pair.teacher}" [${its}]; a pair must have one shape`,
    );
  });
  return {
    targets: (x) => tf.tidy(() => all(master.apply(teacher.adjust(x)))),
    losses(x, labels, [teacherLogits, ...teacherFeatures]) {
      const [output, ...outputs] = all(student.apply(x, { training: true }));
      const logits = asLogits(model, output);
      const hardWeight = soft === undefined ? 1 : 1 - soft.weight;
      const terms: tf.Tensor[] = [];
      if (hardWeight > 0) {
        terms.push(tf.mul(ops.softmaxCrossEntropy(logits, labels), hardWeight));
      }
      if (soft !== undefined) {
        const losses = softLosses(logits, teacherLogits, soft.temperature);
        terms.push(tf.mul(losses, soft.weight));
      }
      outputs.forEach((mine, i) => {
        const squares = tf.squaredDifference(mine, teacherFeatures[i]);
        const axes = mine.shape.map((_, axis) => axis).slice(1);
        terms.push(tf.mul(tf.mean(squares, axes), features?.weight ?? 0));
      });
      return { losses: tf.addN(terms), logits };
    },
  };
}

/** T^2 H(softmax(z'/T), softmax(z/T)), row by row. */
function softLosses(logits: tf.Tensor2D, teacher: tf.Tensor, temperature: number): tf.Tensor {
  const probabilities = tf.softmax(tf.div<tf.Tensor2D>(teacher, temperature));
  if (temperature === 1) return ops.softmaxCrossEntropy(logits, probabilities);
  const losses = ops.softmaxCrossEntropy(tf.div(logits, temperature), probabilities);
  return tf.mul(losses, temperature ** 2);
}

/** The model with the outputs of the named layers behind its own. It shares the model's layers: it is not disposed. */
function withFeatures(model: Model, names: readonly string[], whose: string): Model {
  if (names.length === 0) return model;
  const outputs = names.map((name) => {
    const layer = model.layers.find((one) => one.name === name);
    if (layer === undefined) {
      const allowed = model.layers.map((one) => one.name);
      throw unknownName(`layer of ${whose} in distillation.features`, name, allowed);
    }
    return layer.output as tfl.SymbolicTensor;
  });
  return tfl.model({ inputs: model.inputs, outputs: [model.outputs[0], ...outputs] });
}

function all(output: ReturnType<Model['apply']>): tf.Tensor[] {
  const list = Array.isArray(output) ? output : [output];
  return list.map((one) => {
    if (one instanceof tf.Tensor) return one;
    throw new Error('a model applied to a tensor gave a symbolic tensor');
  });
}
