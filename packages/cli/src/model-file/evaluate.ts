/** Accuracy and loss of a packed model over a set of images. Needs the runtime and nothing of the training. */
import { setImmediate } from 'node:timers/promises';
import { InputError } from '@surge-bnn/contract';
import { readPicture } from '@surge-bnn/data';
import type { PictureSet } from '@surge-bnn/data';
import type { PackedModel } from '@surge-bnn/runtime';
import { crossEntropy } from './probabilities.js';

export interface PackedEvaluation {
  readonly accuracy: number;
  /** Mean softmax cross-entropy, as training and `evaluate RUN` have it. */
  readonly loss: number;
  readonly correct: number;
  /** How many were evaluated: without corrupt ones that were left out. */
  readonly images: number;
  /** Median over the images, one at a time, on this machine. */
  readonly millisecondsPerImage: number;
}

export interface PackedEvaluationOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, of: number) => void;
  /** Is told of pictures that cannot be decoded and were left out; they do not count. */
  readonly onSkip?: (picture: string) => void;
}

/** @throws InputError when images and model do not fit; the signal's reason when it is aborted. */
export async function evaluatePacked(
  model: PackedModel,
  set: PictureSet,
  { signal, onProgress, onSkip }: PackedEvaluationOptions = {},
): Promise<PackedEvaluation> {
  checkFit(model, set);
  const times = new Float64Array(set.count);
  let lossSum = 0;
  let [correct, seen] = [0, 0];
  for (let i = 0; i < set.count; i++) {
    const bytes = await readPicture(set, i, onSkip);
    if (bytes !== undefined) {
      const start = performance.now();
      const outputs = model.run(bytes);
      times[seen] = performance.now() - start;
      seen += 1;
      const label = set.labels[i];
      lossSum += crossEntropy(model, outputs, label);
      if (outputs.indexOf(Math.max(...outputs)) === label) correct += 1;
    }
    if ((i + 1) % 50 > 0 && i + 1 < set.count) continue;
    onProgress?.(i + 1, set.count);
    await setImmediate(); // Ctrl-C and the bar
    signal?.throwIfAborted();
  }
  if (seen === 0) throw new InputError(`all ${set.count} pictures of ${set.name} are corrupt`);
  const loss = lossSum / seen;
  if (!Number.isFinite(loss)) {
    throw new InputError(`the evaluation loss is ${loss}: the model's outputs are not finite`);
  }
  return {
    accuracy: correct / seen,
    loss,
    correct,
    images: seen,
    millisecondsPerImage: times.subarray(0, seen).sort()[seen >> 1],
  };
}

function checkFit({ inputShape, outputShape, pixels }: PackedModel, set: PictureSet): void {
  const shape = [set.height, set.width, set.channels];
  if (shape.join() !== inputShape.join()) {
    throw new InputError(
      `the model takes ${inputShape.join('x')}, the pictures of ${set.name} are ${shape.join('x')}`,
    );
  }
  const classes = set.classes.length;
  if (outputShape.join() !== String(classes)) {
    throw new InputError(
      `the model has ${outputShape.join('x')} outputs, ${set.name} has ${classes} classes`,
    );
  }
  if (pixels === undefined) {
    throw new InputError(
      'the model file has no "pixels": it does not say how the bytes of a picture become its inputs',
    );
  }
}
