/**
 * SURGE for whole models: the options of every layer's compensator in one object, attached to the binary
 * layers and detached again. After training the branch is dropped; what ships is a plain binary network.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { auxiliaryShapes, randomAuxiliaries } from './auxiliary.js';
import type { AuxiliaryForm, ScalingOptions } from './options.js';
import { checkForm, checkScaling } from './options.js';

/** Which of the model's binary layers, counted from the input, get a compensator. */
export type LayerScope =
  'all' | { first: number } | { last: number } | { names: readonly string[] };

export interface SurgeOptions extends ScalingOptions {
  /**
   * full: W_a of its own, trained; shared: W_a is W; frozen: W_a of its own, never trained; grouped: a convolution in `groups`
   * groups; lowRank: a convolution to `rank` channels and a 1x1 convolution behind it. Default full.
   */
  form?: AuxiliaryForm;
  /** g of grouped(g); must divide every compensated layer's channels. */
  groups?: number;
  /** r of lowRank(r). */
  rank?: number;
  /** W_a at the start: random (Kaiming normal, default) or, where it has W's shape, a copy of W. */
  initial?: 'random' | 'copy';
  /** Default 'all'. */
  scope?: LayerScope;
}

const ownKeys = ['form', 'groups', 'rank', 'initial', 'scope'] as const;

/**
 * Checks the options of the compensator and returns them for `attachCompensator`.
 * @throws InputError for unknown keys, impossible values, and options that have no meaning beside others.
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
  checkSize('groups', options.groups, form === 'grouped', form);
  checkSize('rank', options.rank, form === 'lowRank', form);
  if (initial === 'copy' && (form === 'grouped' || form === 'lowRank')) {
    throw new InputError(`surge: a ${form} auxiliary has not W's shape and cannot be a copy of it`);
  }
  if (form === 'shared' && options.initial !== undefined) {
    throw new InputError(`surge: a shared auxiliary is W itself and has no initial value`);
  }
  if ((form === 'shared' || form === 'frozen') && options.scaleAuxiliaryGradient === false) {
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
 * The auxiliary weights before the first step: a copy of W, or random ones.
 * @param layer what the layer's own operator is like.
 * @throws InputError for groups or a rank that do not fit the layer.
 */
export function auxiliaryInitialValues(
  options: SurgeOptions,
  kernel: Tensor,
  layer: { readonly inChannels: number; readonly groups: number },
  seed: number,
  layerName: string,
): Tensor[] {
  const { form = 'full', groups, rank } = options;
  if (form === 'shared') return [];
  if (options.initial === 'copy') return [tf.tidy(() => tf.mul(kernel, 1))];
  const shapes = auxiliaryShapes(form, kernel.shape, layer, groups ?? rank, layerName);
  return randomAuxiliaries(shapes, seed, layerName);
}

/** groups and rank: there with their form, and only there. */
function checkSize(key: string, value: unknown, wanted: boolean, form: string): void {
  if (!wanted && value === undefined) return;
  if (!wanted) throw new InputError(`surge: ${key} has no meaning beside the form '${form}'`);
  if (Number.isInteger(value) && Number(value) >= 1) return;
  throw new InputError(
    `surge: the form '${form}' needs ${key}, a whole number >= 1, got ${JSON.stringify(value)}`,
  );
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
