/** What a rule of canonical evaluation reads of a layer: its options and weights, by the names that TF.js gives them. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';

export type Layer = tfl.layers.Layer;

/** The layer's options, defaults filled in. */
export function configOf(layer: Layer): Readonly<Record<string, unknown>> {
  return layer.getConfig();
}

/** An option of one or two whole numbers as [vertical, horizontal]. */
export function pairOf(layer: Layer, key: string): [number, number] {
  const value = configOf(layer)[key];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return [Number(list[0]), Number(list.length > 1 ? list[1] : list[0])];
}

/** @throws InputError for a padding that is neither 'same' nor 'valid'. */
export function paddingOf(layer: Layer): 'same' | 'valid' {
  const { padding } = configOf(layer);
  if (padding === 'same' || padding === 'valid') return padding;
  throw cannotEvaluate(layer, `its padding is ${JSON.stringify(padding)}; allowed: same, valid`);
}

/** A weight by one of the names that it may have been made with; undefined when the layer has none of them. */
export function findWeight(layer: Layer, ...names: readonly string[]): Tensor | undefined {
  // TF.js makes names unique by a suffix ("kernel_1") but keeps the one that was asked for.
  const made = (name: string) => name.split('/').at(-1) ?? name;
  return layer.weights.find((weight) => names.includes(made(weight.originalName)))?.read();
}

/** @throws when the layer has no such weight: then it is not built. */
export function weightOf(layer: Layer, ...names: readonly string[]): Tensor {
  const found = findWeight(layer, ...names);
  if (found !== undefined) return found;
  throw new Error(`layer "${layer.name}" has no weight ${names.join(' or ')}; is it built?`);
}

/** What a layer cannot be evaluated for. */
export function cannotEvaluate(layer: Layer, why: string): InputError {
  return new InputError(
    `layer "${layer.name}" (${layer.getClassName()}) has no canonical evaluation: ${why}`,
  );
}

/** @throws InputError for a layer whose pictures have their channels first. */
export function refuseChannelsFirst(layer: Layer): void {
  if (configOf(layer)['dataFormat'] !== 'channelsFirst') return;
  throw cannotEvaluate(layer, 'its dataFormat is channelsFirst; allowed: channelsLast');
}

/** @throws InputError for an axis option that is not the last axis of x. */
export function refuseOtherAxis(layer: Layer, x: Tensor): void {
  const given = configOf(layer)['axis'];
  const axis: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given;
  if (axis === -1 || axis === x.rank - 1) return;
  throw cannotEvaluate(
    layer,
    `it works along axis ${JSON.stringify(given)} of ${x.rank} axes; allowed: the last one`,
  );
}
