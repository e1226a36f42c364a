/** From tensors to what a detector says of pictures: what all of them do on plain arrays. */
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { boxes as arithmetic } from '@surge-bnn/runtime';

/** Boxes one behind the other. */
export function joined(parts: readonly arithmetic.Boxes[]): arithmetic.Boxes {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What `work` gives, without the tensors that it made. */
export function freeing<T>(work: () => T): T {
  const results: T[] = [];
  tf.tidy(() => void results.push(work()));
  return results[0];
}

/** The arithmetic's refusal of a NaN, with the layers that it came from. */
export function named<T>(layers: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof arithmetic.NotFiniteError)) throw error;
    throw new InputError(
      `layers "${layers}.*": ${error.message}; look for broken data or a learning rate that is too high`,
      { cause: error },
    );
  }
}
