/** The proof: the packed detector beside the trained one, on real pictures. */
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import type { boxes, PackedDetector } from '@surge-bnn/runtime';
import { DisagreementError } from '../agreement.js';
import { nextTurn } from '../batches.js';
import type { RoundedEvaluation } from '../ends/rounded-evaluation.js';
import type {
  ConvertDetectorOptions,
  DetectorAgreement,
  DetectorInputs,
  ShippableDetector,
} from './types.js';

export interface DetectorProofOptions extends Pick<
  ConvertDetectorOptions,
  'inputs' | 'inputsAre' | 'onProgress' | 'signal'
> {
  /** How the trained detector is evaluated where the file's float layers are rounded. */
  readonly rounded: RoundedEvaluation;
  /** What was rounded, for the report. */
  readonly roundingOf: readonly string[];
}

/**
 * @throws DisagreementError when a box, a score or a class of any picture is not the same bits.
 * @throws InputError when there is no picture, or a batch is none.
 */
export async function proveDetector(
  detector: ShippableDetector,
  packed: PackedDetector,
  options: DetectorProofOptions,
): Promise<DetectorAgreement> {
  const { inputsAre, rounded, roundingOf } = options;
  const effect = new Effect();
  let [inputs, boxCount] = [0, 0];
  for await (const batch of options.inputs) {
    options.signal?.throwIfAborted();
    checkBatch(batch);
    const { targets, images, width, height, count } = batch;
    const sizes = targets.map((one) => ({ width: one.width, height: one.height }));
    const pictures = tf.tensor4d(images, [count, height, width, 3]);
    try {
      const { linear } = rounded;
      const isRounded = linear.size > 0;
      const trained = detector.detect({ pictures, sizes }, { canonical: true, linear });
      const original = isRounded ? detector.detect({ pictures, sizes }, { canonical: true }) : [];
      const length = images.length / count;
      trained.forEach((expected, i) => {
        const picture = images.subarray(i * length, (i + 1) * length);
        const found = packed.detectPlaced(picture, { width, height }, sizes[i]);
        const wrong = difference(expected, found);
        if (wrong !== undefined) {
          throw new DisagreementError(
            `the packed detector disagrees with the trained one "${detector.model.name}" on picture ${inputs + i}: ${wrong}; no file was made. This is a defect of surge-bnn: please report it with the network`,
          );
        }
        if (isRounded) effect.add(original[i], found, inputs + i);
        boxCount += found.scores.length;
      });
    } finally {
      pictures.dispose();
    }
    inputs += count;
    options.onProgress?.(inputs);
    await nextTurn();
  }
  if (inputs === 0) {
    throw new InputError(
      'a conversion needs real pictures for the proof that the packed detector computes the same; got none',
    );
  }
  return {
    inputs,
    inputsAre: typeof inputsAre === 'string' ? inputsAre : inputsAre(inputs),
    equalOutputs: inputs,
    boxes: boxCount,
    ...(roundingOf.length > 0 && { rounding: { of: roundingOf, ...effect.result } }),
  };
}

function checkBatch({ images, width, height, count, targets }: DetectorInputs): void {
  if (count > 0 && images.length === 3 * width * height * count && targets.length === count) return;
  throw new InputError(
    `a batch of the proof must have pictures [count, height, width, 3] and a size for each, got ${images.length} numbers for ${count} of ${height} x ${width} and ${targets.length} sizes`,
  );
}

/** The first number that is not the same, in words. */
function difference(expected: boxes.Detections, found: boxes.Detections): string | undefined {
  if (expected.scores.length !== found.scores.length) {
    return `${found.scores.length} boxes instead of ${expected.scores.length}`;
  }
  for (const what of ['classes', 'scores', 'boxes'] as const) {
    const at = expected[what].findIndex((value, i) => !Object.is(value, found[what][i]));
    if (at >= 0) return `${what}[${at}] is ${found[what][at]} instead of ${expected[what][at]}`;
  }
  return undefined;
}

/** What rounding changed. */
class Effect {
  private readonly differentPictures: number[] = [];
  private largestScoreDifference = 0;
  private largestBoxDifference = 0;

  add(before: boxes.Detections, after: boxes.Detections, picture: number): void {
    if (before.classes.join() !== after.classes.join()) {
      this.differentPictures.push(picture);
      return;
    }
    const most = (a: Float32Array, b: Float32Array) =>
      a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
    const score = most(before.scores, after.scores);
    this.largestScoreDifference = Math.max(this.largestScoreDifference, score);
    this.largestBoxDifference = Math.max(
      this.largestBoxDifference,
      most(before.boxes, after.boxes),
    );
  }

  get result() {
    const { differentPictures, largestScoreDifference, largestBoxDifference } = this;
    return { differentPictures, largestScoreDifference, largestBoxDifference };
  }
}
