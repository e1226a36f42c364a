/**
 * The teacher of a distillation: a network from a finished run, on the engine of the run that it teaches, in inference
 * mode, never trained.
 */
import { setProgress } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { InputError } from '@surge-bnn/contract';
import { channelStatistics } from '@surge-bnn/data';
import type { ChannelStatistics, PictureSet } from '@surge-bnn/data';
import * as tf from '@tensorflow/tfjs-core';
import { loadWeights } from '../checkpoint/weights.js';
import { parametersOf } from '../parameters.js';
import type { Parts } from '../parts.js';
import type { SourceSpec } from '../recipe/additions.js';
import { dataHashOf, readSource } from '../source.js';
import { lastProgress } from '../stage-plan.js';

export interface Teacher {
  readonly model: Model;
  /** sha256 of its weights, as its own summary names them. */
  readonly hash: string;
  /** Images normalised as the teacher's own were, from images normalised for the student. */
  adjust(x: tf.Tensor4D): tf.Tensor4D;
}

/**
 * @param set the student's training images, normalised with `normalization`; their run's data have the hash `dataHash`.
 * @throws InputError when there is no finished run, its weights are others than the spec names, or it was made for
 * other classes or other pictures.
 */
export async function loadTeacher(
  spec: SourceSpec,
  set: PictureSet,
  normalization: ChannelStatistics,
  dataHash: string,
  parts: Parts,
): Promise<Teacher> {
  const where = 'distillation.teacher';
  const { recipe, whole, state, tensors, hash } = await readSource(spec, where);
  if (recipe.detection !== undefined || recipe.language !== undefined) {
    throw new InputError(`${where}: the run in ${spec.run} is no classifier of pictures; give one`);
  }
  // On the same images the classes and the normalisation are the same, and nothing has to be read again.
  let own = normalization;
  let images = set.count;
  if (state.hashes.data !== dataHash) {
    const data = await parts.data(whole);
    if (dataHashOf(data) !== state.hashes.data) {
      throw new InputError(
        `${where}: the images at hand are not those that ${spec.run} was trained on`,
      );
    }
    checkSameKind(data.train, set, `${where} ${spec.run}`);
    own = channelStatistics(data.train);
    images = data.train.count;
  }
  const model = parts.model(recipe, set);
  loadWeights(parametersOf(model), tensors);
  setProgress(model, lastProgress(state, images));
  return { model, hash, adjust: adjustment(normalization, own) };
}

function checkSameKind(its: PictureSet, ours: PictureSet, who: string): void {
  const same =
    its.classes.length === ours.classes.length &&
    its.classes.every((name, i) => name === ours.classes[i]);
  if (!same) {
    throw new InputError(
      `${who} was trained on ${its.name} and its ${its.classes.length} classes (${shown(its.classes)}), this run has ${ours.name} and ${ours.classes.length} (${shown(ours.classes)}); a teacher must have the same classes`,
    );
  }
  const shape = ({ height, width, channels }: PictureSet) => `${height}x${width}x${channels}`;
  if (shape(its) !== shape(ours)) {
    throw new InputError(
      `${who} takes pictures of ${shape(its)}, this run has ${shape(ours)}; a teacher must take the same`,
    );
  }
}

function shown(classes: readonly string[]): string {
  const few = classes.slice(0, 3).join(', ');
  return classes.length > 3 ? `${few}, ..` : few;
}

/** From (v - m) / s to (v - m') / s', channel by channel; the same tensor where both are the same. */
function adjustment(from: ChannelStatistics, to: ChannelStatistics): Teacher['adjust'] {
  if (JSON.stringify(from) === JSON.stringify(to)) return (x) => x;
  const scale = from.std.map((std, c) => std / to.std[c]);
  const offset = from.mean.map((mean, c) => (mean - to.mean[c]) / to.std[c]);
  return (x) => tf.add(tf.mul(x, tf.tensor1d(scale)), tf.tensor1d(offset));
}
