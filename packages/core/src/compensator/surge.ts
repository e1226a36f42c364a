/**
 * SURGE for whole models: the options of every layer's compensator in one object, attached to the binary
 * layers and detached again. After training the branch is dropped; what ships is a plain binary network.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError, seedFor } from '@surge-bnn/contract';
import type { ScalingOptions } from './options.js';
import { checkForm, checkScaling } from './options.js';

/** Which of the model's binary layers, counted from the input, get a compensator. */
export type LayerScope =
  'all' | { first: number } | { last: number } | { names: readonly string[] };

export interface SurgeOptions extends ScalingOptions {
  /** full: W_a of its own, trained; shared: W_a is W; frozen: W_a of its own, never trained. Default full. */
  form?: 'full' | 'shared' | 'frozen';
  /** W_a at the start: random (Kaiming normal, default) or a copy of W. */
  initial?: 'random' | 'copy';
  /** Default 'all'. */
  scope?: LayerScope;
}

const ownKeys = ['form', 'initial', 'scope'] as const;

/**
 * Checks the options of the compensator and returns them for `attachCompensator`.
 * @throws InputError for unknown keys, impossible values, and options of METHOD.md that do not exist yet.
 */
export function surge(options: SurgeOptions): SurgeOptions {
  // A seed among them would be ignored: `attachCompensator` takes it.
  checkScaling(without(options, ownKeys), 'surge', ownKeys);
  const form: string = options.form ?? 'full';
  checkForm(form, 'surge');
  const initial: string = options.initial ?? 'random';
  if (initial !== 'random' && initial !== 'copy') {
    throw new InputError(`surge: initial must be 'random' or 'copy', got '${initial}'`);
  }
  if (form === 'shared' && options.initial !== undefined) {
    throw new InputError(`surge: a shared auxiliary is W itself and has no initial value`);
  }
  if (form !== 'full' && options.scaleAuxiliaryGradient === false) {
    throw new InputError(`surge: a ${form} auxiliary has no gradient that could be scaled`);
  }
  checkScope(options.scope ?? 'all');
  return { ...options };
}

/** The options that one call of the op takes. */
export function scalingOf(options: SurgeOptions & { seed?: number }): ScalingOptions {
  return without(options, [...ownKeys, 'seed']);
}

function without(options: SurgeOptions, keys: readonly string[]): ScalingOptions {
  return Object.fromEntries(Object.entries({ ...options }).filter(([key]) => !keys.includes(key)));
}

/** The layers of the scope. @throws InputError when a name is not among them. */
export function inScope<L extends { name: string }>(layers: readonly L[], scope: LayerScope): L[] {
  checkScope(scope);
  if (scope === 'all') return [...layers];
  const wanted = 'first' in scope ? scope.first : 'last' in scope ? scope.last : 0;
  if (wanted > layers.length) {
    throw new InputError(
      `surge: scope ${JSON.stringify(scope)} asks for more than the ${layers.length} binary layers that there are`,
    );
  }
  if ('first' in scope) return layers.slice(0, scope.first);
  if ('last' in scope) return layers.slice(layers.length - scope.last);
  for (const name of scope.names) {
    if (!layers.some((layer) => layer.name === name)) {
      throw new InputError(
        `surge: no binary layer is called "${name}"; allowed: ${layers.map((l) => l.name).join(', ')}`,
      );
    }
  }
  return layers.filter((layer) => scope.names.includes(layer.name));
}

/**
 * W_a before the first step: a copy of W, or Kaiming normal, N(0, 2 / fan-in), from a stream seeded with
 * the run's seed and the layer's name and used for nothing else, so that a run with SURGE sees the same
 * other random numbers as one without.
 */
export function auxiliaryInitialValue(
  options: SurgeOptions,
  kernel: Tensor,
  seed: number,
  layerName: string,
): Tensor {
  if (options.initial === 'copy') return tf.tidy(() => tf.mul(kernel, 1));
  const fanIn = kernel.shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const streamSeed = seedFor(seed, `auxiliary/${layerName}`);
  return tf.randomNormal(kernel.shape, 0, Math.sqrt(2 / fanIn), 'float32', streamSeed);
}

function checkScope(scope: LayerScope): void {
  if (scope === 'all') return;
  if (typeof scope === 'object') {
    // One key and no other: beside `first` a `last` would be ignored.
    const entries: [string, unknown][] = Object.entries(scope);
    const [[key, value]] = entries.length === 1 ? entries : [['', undefined]];
    const isCount = Number.isInteger(value) && Number(value) >= 1;
    if (isCount && (key === 'first' || key === 'last')) return;
    if (key === 'names' && Array.isArray(value) && value.length > 0) return;
  }
  throw new InputError(
    `surge: scope must be 'all', {first: n}, {last: n} with a whole n >= 1, or {names: [layer names]}, got ${JSON.stringify(scope)}`,
  );
}
