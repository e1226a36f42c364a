/** Stored tensors and a model's variables: into one another, whole or as far as two networks share them. */
import { InputError } from '@surge-bnn/contract';
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from '../parameters.js';
import type { StoredTensor } from './safetensors.js';

/**
 * Puts the stored weights into the parameters.
 *
 * @param from what they come from, for errors.
 * @throws InputError naming what is missing or misshapen.
 */
export function loadWeights(
  parameters: readonly Parameter[],
  tensors: ReadonlyMap<string, StoredTensor>,
  from = 'the checkpoint',
): void {
  for (const { key, variable } of parameters) {
    const { values } = storedTensor(tensors, `weights/${key}`, variable.shape, from);
    const value = tf.tensor(Float32Array.from(values), variable.shape);
    variable.assign(value);
    value.dispose();
  }
}

/**
 * Begins with the weights of another training: every weight that both have. What is new (an auxiliary, a binarizer's own
 * scale) keeps its initial value; a kernel must be there.
 *
 * @throws InputError naming a kernel that the source does not have, or whose shape is another.
 */
export function adoptWeights(
  parameters: readonly Parameter[],
  tensors: ReadonlyMap<string, StoredTensor>,
  from: string,
): void {
  const shared = parameters.filter(({ key }) => tensors.has(`weights/${key}`));
  const missing = parameters.find(
    (one) => one.role !== 'auxiliary' && one.role !== 'normBias' && !shared.includes(one),
  );
  if (missing !== undefined) {
    throw new InputError(
      `${from} has no weights "${missing.key}" to begin with; the networks must be the same`,
    );
  }
  // W_a of the source would be the trained one; a run of its own begins with its own.
  loadWeights(
    shared.filter(({ role }) => role !== 'auxiliary'),
    tensors,
    from,
  );
}

/** The stored tensor of that name. @throws InputError when it is missing or has another shape. */
export function storedTensor(
  tensors: ReadonlyMap<string, StoredTensor>,
  name: string,
  shape: readonly number[],
  from = 'the checkpoint',
): StoredTensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new InputError(`${from} has no tensor "${name}"`);
  if (!tf.util.arraysEqual([...tensor.shape], [...shape])) {
    throw new InputError(
      `the tensor "${name}" of ${from} has shape [${tensor.shape}], the network's is [${shape}]`,
    );
  }
  return tensor;
}

/** A copy: the loop goes on while the checkpoint is written. */
export function stored(tensor: tf.Tensor): StoredTensor {
  return { shape: tensor.shape, values: Float32Array.from(tensor.dataSync()) };
}
