/**
 * From a trained network for texts to the parts of a packed one: the tables of its embeddings, and the graph from the embedded pieces on.
 *
 * A packed text runs alone at its own length, so that there is no padding and no mask. The graph is that of the longest text; `resizedGraph` of the
 * runtime gives it for any other: no node has the length among its attributes, and what is folded holds for all sums of the longest one.
 */
import { InputError } from '@surge-bnn/contract';
import { layerCalls } from '@surge-bnn/core';
import type { CallGraph, LayerCall, Model, ValueId } from '@surge-bnn/core';
import { PlaceEmbedding, SelfAttention, WordEmbedding } from '@surge-bnn/language';
import { describeNodes } from '@surge-bnn/runtime';
import type { Graph, StoredTensor } from '@surge-bnn/runtime';
import { formsOf } from '../ends/forms.js';
import type { FormOptions } from '../ends/forms.js';
import { storeWeights } from '../ends/store-weights.js';
import { fatesOf } from '../fates.js';
import { foldSigns } from '../fold/fold-signs.js';
import { mergeMultiplyAdds } from '../fold/merge.js';
import { lowerCalls } from '../lower/lower.js';
import { namedLayers } from '../lower/names.js';
import { weightOf } from '../lower/rule.js';
import { inFileOrder, LARGEST_EXACT } from '../pack.js';
import type { Values } from '../stored.js';
import type { LayerFate } from '../types.js';
import { firstRowsEarly } from './first-rows.js';

export interface LowerTextOptions extends FormOptions {
  /** Pieces of the longest text, at most the positions that the network has embeddings for. Default: these. */
  readonly length?: number;
  /** Names of binary layers that may stay in float where they cannot be packed. */
  readonly allowFloat?: readonly string[];
}

/** The rows of embeddings, [rows, width] each, as trained. */
export interface EmbeddingTables {
  readonly words: Values;
  readonly places: Values;
  readonly types: Values;
}

export interface LoweredText {
  /**
   * From the embedded pieces, f32 [length, width], to the model's output. A piece's vector is round(round(word + type) + place), entry by entry: the
   * sum that canonical evaluation has.
   */
  readonly graph: Graph;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly tables: EmbeddingTables;
  readonly layers: readonly LayerFate[];
}

/** The network of a text model in two parts. */
export interface TextParts {
  readonly words: WordEmbedding;
  readonly places: PlaceEmbedding;
  /** From the embedded pieces, [batch, length, width], on; attention without its mask. */
  readonly body: CallGraph;
}

/**
 * @param model with the inputs ids, types and mask, as `bert` makes it with the heads 'classifier' and 'none'.
 * @throws InputError for another one, and naming a layer that cannot be packed, and why.
 */
export function lowerText(model: Model, options: LowerTextOptions = {}): LoweredText {
  const { allowFloat = [], ...formOptions } = options;
  const { words, places, body } = textParts(model);
  const { length = places.positions } = options;
  if (!Number.isInteger(length) || length < 1 || length > places.positions) {
    throw new InputError(
      `length must be a whole number from 1 to the ${places.positions} positions of the model "${model.name}", got ${length}`,
    );
  }
  const forms = formsOf(model, formOptions);
  const integer = [...forms].find(([, form]) => form === 'i8');
  if (integer !== undefined) {
    throw new InputError(
      `layer "${integer[0]}" of a text model cannot be int8, whose sums of integers need a calibration; store it as i8-weights, f16 or f32`,
    );
  }
  const layers = namedLayers(model);
  const what = `the model "${model.name}"`;
  const lowered = lowerCalls(
    { what, graph: body, layers, shape: [length, words.width], input: 'pieces' },
    { allowFloat, largestSum: LARGEST_EXACT },
  );
  const { draft, unfolded } = foldSigns(firstRowsEarly(lowered));
  const { input, nodes, outputs, tensors } = storeWeights(
    mergeMultiplyAdds(draft, 'exact'),
    forms,
    new Map(),
  );
  const graph = { inputs: [input], nodes, outputs };
  const stored = inFileOrder(nodes, tensors);
  return {
    graph,
    tensors: stored,
    tables: {
      words: weightOf({ name: words.name, self: words }, 'table'),
      places: weightOf({ name: places.name, self: places }, 'positions'),
      types: weightOf({ name: places.name, self: places }, 'types'),
    },
    layers: fatesOf(model, describeNodes({ graph, tensors: stored }), unfolded),
  };
}

/** @throws InputError for a model that is no text model. */
export function textParts(model: Model): TextParts {
  const graph = layerCalls(model);
  const of = `the model "${model.name}" is no network for texts that can be packed`;
  const [ids, types, mask, ...more] = graph.inputs.map(({ id }) => id);
  if (mask === undefined || more.length > 0 || graph.outputs.length !== 1) {
    throw new InputError(
      `${of}: it has ${graph.inputs.length} inputs and ${graph.outputs.length} outputs; needed: ids, types and mask, and one output`,
    );
  }
  const word = graph.calls.find(({ inputs }) => inputs[0] === ids);
  const place = graph.calls.find(({ inputs }) => inputs[0] === word?.output);
  const words = word?.layer;
  const places = place?.layer;
  if (!(
    words instanceof WordEmbedding &&
    places instanceof PlaceEmbedding &&
    place?.inputs[1] === types
  )) {
    throw new InputError(
      `${of}: its ids must go into a WordEmbedding, and that with its types into a PlaceEmbedding`,
    );
  }
  const calls = graph.calls
    .filter((call) => call !== word && call !== place)
    .map((call) => withoutMask(call, mask));
  checkReads(calls, [ids, types, mask, word?.output], of);
  const [batch, length] = graph.inputs[0].shape;
  const input = { id: place.output, shape: [batch, length, words.width] };
  return { words, places, body: { inputs: [input], calls, outputs: graph.outputs } };
}

/** Attention without the mask that is an input of the model. */
function withoutMask(call: LayerCall, mask: ValueId): LayerCall {
  if (!(call.layer instanceof SelfAttention) || call.inputs[3] !== mask) return call;
  return { ...call, inputs: call.inputs.slice(0, 3) };
}

function checkReads(
  calls: readonly LayerCall[],
  gone: readonly (ValueId | undefined)[],
  of: string,
): void {
  const reader = calls.find(({ inputs }) => inputs.some((id) => gone.includes(id)));
  if (reader === undefined) return;
  throw new InputError(
    `${of}: layer "${reader.layer.name}" (${reader.layer.getClassName()}) reads its ids, types, mask or words' vectors, which are not there behind the embeddings`,
  );
}
