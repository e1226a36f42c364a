/** From a trained model to the data of a packed one: lowered, folded, merged, with what became of every layer. */
import type { Model } from '@surge-bnn/core';
import { describeNodes } from '@surge-bnn/runtime';
import type { GraphNode, ModelMetadata, ModelSource, StoredTensor } from '@surge-bnn/runtime';
import type { InputLimits } from './ends/calibrate.js';
import { formsOf } from './ends/forms.js';
import type { FormOptions, Forms } from './ends/forms.js';
import { storeWeights } from './ends/store-weights.js';
import { fatesOf } from './fates.js';
import { foldSigns } from './fold/fold-signs.js';
import type { Folded } from './fold/fold-signs.js';
import { mergeMultiplyAdds } from './fold/merge.js';
import type { Draft } from './graph-builder.js';
import { lower } from './lower/lower.js';
import type { ConvertOptions, LayerFate } from './types.js';

/** Up to here float32 holds every integer, so that a binary layer's sum is the same number as i32 and as f32. */
export const LARGEST_EXACT = 2 ** 24;

export type PackOptions = Pick<ConvertOptions, 'pixels' | 'classes' | 'allowFloat' | 'merge'> &
  FormOptions & {
    readonly metadata?: ModelMetadata;
    /** Binary layers whose sums can exceed this are not packed. Default 2^24, the most that is exact. */
    readonly largestSum?: number;
    /** Largest |input| of each layer of the form 'i8', by its name: what convertModel's calibration finds. */
    readonly inputLimits?: InputLimits;
  };

export interface Packed {
  readonly source: ModelSource;
  readonly layers: readonly LayerFate[];
}

/**
 * Packs without proof: what `convertModel` then runs beside the trained model, and what `summary` counts before anything is
 * trained.
 *
 * @throws InputError naming the layer that cannot be packed, and why.
 */
export function packModel(model: Model, options: PackOptions = {}): Packed {
  const forms = formsOf(model, options);
  const folded = floatDraft(model, options);
  return packDraft(model, folded, forms, options.inputLimits ?? new Map(), options);
}

/** The packed graph whose float layers are as trained, merged if that is asked for. */
export function floatDraft(model: Model, options: PackOptions): Folded {
  const { allowFloat = [], largestSum = LARGEST_EXACT, pixels, merge = false } = options;
  const { draft, unfolded } = foldSigns(lower(model, { allowFloat, largestSum, pixels }));
  return { draft: mergeMultiplyAdds(draft, merge ? 'all' : 'exact'), unfolded };
}

/** @param limits of the layers of the form 'i8'. */
export function packDraft(
  model: Model,
  { draft, unfolded }: Folded,
  forms: Forms,
  limits: InputLimits,
  { classes, metadata = {} }: Pick<PackOptions, 'classes' | 'metadata'>,
): Packed {
  const source = sourceOf(storeWeights(draft, forms, limits), classes, metadata);
  return { source, layers: fatesOf(model, describeNodes(source), unfolded) };
}

function sourceOf(
  { input, nodes, outputs, tensors }: Draft,
  classes: readonly string[] | undefined,
  metadata: ModelMetadata,
): ModelSource {
  const graph = { inputs: [input], nodes, outputs, ...(classes && { classes }) };
  return { graph, tensors: inFileOrder(nodes, tensors), metadata };
}

/** The tensors in the order of the nodes, so that a file does not depend on how the graph came about. */
export function inFileOrder(
  nodes: readonly GraphNode[],
  tensors: ReadonlyMap<string, StoredTensor>,
): ReadonlyMap<string, StoredTensor> {
  const keys = nodes.flatMap((node) => Object.values(node.tensors));
  return new Map([...new Set(keys)].map((key) => [key, tensorOf(tensors, key)]));
}

function tensorOf(tensors: ReadonlyMap<string, StoredTensor>, key: string): StoredTensor {
  const tensor = tensors.get(key);
  if (tensor === undefined) throw new Error(`the graph reads a tensor "${key}" that is not there`);
  return tensor;
}
