/**
 * The variables of a model with what training must know about each: a name that is the same in every
 * process, the role that decides its parameter group, and its latent range.
 */
import { BinaryLayer, leafLayers } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { InputError } from '@surge-bnn/contract';
import * as tf from '@tensorflow/tfjs-core';

/**
 * binary: latent weights of a binary layer; auxiliary: W_a; normBias: everything of rank <= 1 (batch norm,
 * biases, slopes, shifts); other: kernels of real-valued layers.
 */
export type Role = 'binary' | 'auxiliary' | 'normBias' | 'other';

export interface Parameter {
  /** "layer/weight", stable over processes; TF.js's own names carry a counter. */
  readonly key: string;
  readonly layer: string;
  readonly variable: tf.Variable;
  readonly role: Role;
  readonly trainable: boolean;
  /** Is it a scale that a binarizer learns? */
  readonly isScale?: boolean;
  /** Range that the binarizer wants latent weights clipped to after each step. */
  readonly latentRange?: readonly [number, number];
}

/**
 * All variables of the model, trained or not, in the order of its layers.
 *
 * @throws InputError when two layers have one name, so that a checkpoint could not tell them apart.
 */
export function parametersOf(model: Model): Parameter[] {
  const seen = new Set<number>();
  const keys = new Set<string>();
  const parameters: Parameter[] = [];
  for (const layer of leafLayers(model)) {
    const binary = layer instanceof BinaryLayer ? layer : undefined;
    for (const weight of layer.weights) {
      const variable = weight.read();
      if (!isVariable(variable)) {
        throw new Error(`weight ${weight.name} of layer "${layer.name}" is not a variable`);
      }
      // A layer that is called twice is listed twice.
      if (seen.has(variable.id)) continue;
      seen.add(variable.id);
      const key = `${layer.name}/${weight.originalName.split('/').at(-1) ?? weight.originalName}`;
      if (keys.has(key)) {
        throw new InputError(
          `the model has two weights called "${key}"; give its layers different names`,
        );
      }
      keys.add(key);
      const role =
        weight === binary?.binaryKernel
          ? 'binary'
          : binary?.auxiliaries.includes(weight) === true
            ? 'auxiliary'
            : variable.rank <= 1
              ? 'normBias'
              : 'other';
      parameters.push({
        key,
        layer: layer.name,
        variable,
        role,
        trainable: layer.trainableWeights.includes(weight),
        isScale: /\/\w+Scale$/.test(key) && (binary !== undefined || 'startsFromInput' in layer),
        latentRange: role === 'binary' ? binary?.latentRange : undefined,
      });
    }
  }
  return parameters;
}

function isVariable(tensor: tf.Tensor): tensor is tf.Variable {
  return tensor instanceof tf.Variable;
}

/** Without W_a: what a network without SURGE has too, and what ships. */
export function withoutAuxiliaries(parameters: readonly Parameter[]): Parameter[] {
  return parameters.filter((parameter) => parameter.role !== 'auxiliary');
}
