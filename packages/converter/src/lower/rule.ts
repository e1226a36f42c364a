/** What a rule of the lowering works with. */
import type * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import type { Window } from '@surge-bnn/runtime';
import type { GraphBuilder } from '../graph-builder.js';
import type { Values } from '../stored.js';

/** A layer under the name that it has in the graph: nested models may repeat a name, a graph may not. */
export interface Layer {
  readonly name: string;
  readonly self: tfl.layers.Layer;
}

/** An edge and what a ZeroPadding2D adds to it. */
export interface PaddedPicture {
  readonly edge: string;
  readonly pads: Window['pads'];
  readonly layer: string;
}

export interface LowerContext {
  readonly builder: GraphBuilder;
  /** Binary layers that may stay in float. */
  readonly allowFloat: ReadonlySet<string>;
  /** Largest |sum| that binary layers may have: up to 2^24 every integer is a float32. */
  readonly largestSum: number;
  /** Pictures with a border of zeros, by name: no node makes them, the convolution that reads one pads by itself. */
  readonly padded: Map<string, PaddedPicture>;
  /** Signs that were already taken, by the edge they were taken of: two layers that read one edge share them. */
  readonly signs: Map<string, string>;
}

/** Adds the nodes that do a layer's work; returns the edge that they end in. */
export type LowerRule = (layer: Layer, inputs: readonly string[], context: LowerContext) => string;

/** A weight of the layer by the name that it was made with; undefined when there is none. */
export function findWeight(layer: Layer, name: string): Values | undefined {
  // TF.js makes names unique by a suffix ("kernel_1") but keeps the one that was asked for.
  const weight = layer.self.weights.find((w) => w.originalName.split('/').at(-1) === name);
  if (weight === undefined) return undefined;
  const value = weight.read();
  return { values: Float32Array.from(value.dataSync()), shape: value.shape };
}

/** @throws when the layer has no such weight. */
export function weightOf(layer: Layer, name: string): Values {
  const found = findWeight(layer, name);
  if (found !== undefined) return found;
  const names = layer.self.weights.map((w) => w.originalName).join(', ');
  throw new Error(`layer "${layer.name}" has no weight "${name}"; it has: ${names}`);
}

/** What a layer cannot be shipped for. */
export function cannotConvert(layer: Layer, why: string): InputError {
  return new InputError(
    `layer "${layer.name}" (${layer.self.getClassName()}) cannot be converted: ${why}`,
  );
}

/** What is thrown for a layer whose class is not the one that is known here. @param pkg the package that is installed twice. */
export function foreign(name: string, pkg: string): InputError {
  return new InputError(
    `layer "${name}" says that it is a layer of surge-bnn but was made by another copy of ${pkg}; install it once`,
  );
}

/** Plain value of a layer's config. */
export function configOf(layer: Layer): Readonly<Record<string, unknown>> {
  return layer.self.getConfig();
}

/** An option of one or two numbers as [vertical, horizontal]. */
export function pairOf(value: unknown): [number, number] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const [vertical, horizontal] = [list[0], list.length > 1 ? list[1] : list[0]].map(Number);
  return [vertical, horizontal];
}
