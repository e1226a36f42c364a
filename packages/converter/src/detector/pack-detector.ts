/** From a trained detector to the data of a packed one: its body and its tail lowered and folded, with what became of every layer. */
import { checkKeys, InputError } from '@surge-bnn/contract';
import type { CallGraph } from '@surge-bnn/core';
import { describeNodes } from '@surge-bnn/runtime';
import type {
  DetectorSource,
  Graph,
  GraphInput,
  GraphNode,
  StoredTensor,
} from '@surge-bnn/runtime';
import { formsOf } from '../ends/forms.js';
import type { Forms } from '../ends/forms.js';
import { storeWeights } from '../ends/store-weights.js';
import { fatesOf } from '../fates.js';
import { foldSigns } from '../fold/fold-signs.js';
import type { UnfoldedSign } from '../fold/fold-signs.js';
import { mergeMultiplyAdds } from '../fold/merge.js';
import type { Draft } from '../graph-builder.js';
import { lowerCalls } from '../lower/lower.js';
import { namedLayers } from '../lower/names.js';
import type { Layer } from '../lower/rule.js';
import { inFileOrder, LARGEST_EXACT } from '../pack.js';
import type { LayerFate } from '../types.js';
import type { PackDetectorOptions, ShippableDetector } from './types.js';

export interface PackedDetectorData {
  readonly source: DetectorSource;
  readonly layers: readonly LayerFate[];
}

/** @throws InputError for a form that a detector's layers cannot have. */
export function detectorForms(
  { model }: Pick<ShippableDetector, 'model'>,
  { floatWeights, layerWeights }: PackDetectorOptions,
): Forms {
  const forms = formsOf(model, { floatWeights, layerWeights });
  const integer = [...forms].find(([, form]) => form === 'i8');
  if (integer === undefined) return forms;
  throw new InputError(
    `layer "${integer[0]}" of a detector cannot be int8, whose sums of integers need a calibration that there is for models of one output alone; store it as i8-weights, f16 or f32`,
  );
}

/**
 * Packs without proof.
 *
 * @throws InputError for a detector that does not ship, and naming the layer that cannot be packed, and why.
 */
export function packDetector(
  detector: ShippableDetector,
  options: PackDetectorOptions,
): PackedDetectorData {
  const { shipping, model } = detector;
  if (shipping === undefined) {
    throw new InputError(`the detector "${model.name}" has no packed form yet`);
  }
  const { classes, size, pixels } = options;
  if (classes.length !== detector.classes) {
    throw new InputError(
      `the detector "${model.name}" tells ${detector.classes} classes apart, got the names of ${classes.length}`,
    );
  }
  checkKeys(size, 'width' in size ? ['width', 'height'] : ['shortSide', 'longSide'], 'size');
  const forms = detectorForms(detector, options);
  const { body: calls, tail: rest, plan } = shipping;
  const layers = namedLayers(model);
  const part = (graph: CallGraph, what: string, input: string, grown = 0) =>
    draftOf({ graph, what, input, grown }, layers, forms, options);
  const body = part(calls, 'body', 'pictures');
  checkEverySize(body.draft, part(calls, 'body', 'pictures', plan.multiple).draft);
  const tail = part(rest, 'tail', 'regions');
  const graphs = {
    body: graphOf({ ...body.draft, input: { ...body.draft.input, pixels } }),
    tail: graphOf(tail.draft),
  };
  const tensors = joined(body.draft, tail.draft);
  const source = { plan: { ...plan, classes, size }, ...graphs, tensors, metadata: {} };
  const described = [
    ...describeNodes({ graph: graphs.body, tensors }),
    ...describeNodes({ graph: graphs.tail, tensors }),
  ];
  const unfolded = [...body.unfolded, ...tail.unfolded];
  return { source, layers: fatesOf(model, described, unfolded) };
}

interface Part {
  readonly graph: CallGraph;
  readonly what: string;
  readonly input: string;
  /** Pixels that the input is larger than that of the model, in both directions. */
  readonly grown: number;
}

function draftOf(
  { graph, what, input, grown }: Part,
  layers: readonly Layer[],
  forms: Forms,
  { allowFloat = [] }: PackDetectorOptions,
): { draft: Draft; unfolded: readonly UnfoldedSign[] } {
  const own = new Set(graph.calls.map(({ layer }) => layer));
  const [height, width, channels] = graph.inputs[0].shape.slice(1).map(Number);
  const named = layers.filter(({ self }) => own.has(self));
  const names = new Set(named.map(({ name }) => name));
  const { draft, unfolded } = foldSigns(
    lowerCalls(
      {
        what: `the ${what} of the detector`,
        graph,
        layers,
        shape: [height + grown, width + grown, channels],
        input,
      },
      { allowFloat, largestSum: LARGEST_EXACT },
    ),
  );
  const ownForms = new Map([...forms].filter(([name]) => names.has(name)));
  return {
    draft: storeWeights(mergeMultiplyAdds(draft, 'exact'), ownForms, new Map()),
    unfolded,
  };
}

/** @throws InputError for a layer that is another on pictures of another size, as one that pads by the size of its input is. */
function checkEverySize(draft: Draft, larger: Draft): void {
  const wrong = draft.nodes.find(
    (node, i) => !same(node, draft.tensors, larger.nodes[i], larger.tensors),
  );
  if (wrong === undefined && draft.nodes.length === larger.nodes.length) return;
  const [layer = wrong?.name ?? ''] = wrong?.layers ?? [];
  throw new InputError(
    `layer "${layer}" computes something else on pictures of another size, and a detector's body reads pictures of many; pad by a number in place of "same"`,
  );
}

function same(
  { output: _, ...a }: GraphNode,
  of: Draft['tensors'],
  { output: __, ...b }: GraphNode,
  others: Draft['tensors'],
): boolean {
  if (JSON.stringify(a) !== JSON.stringify(b)) return false;
  return Object.values(a.tensors).every((key) => equal(of.get(key), others.get(key)));
}

function graphOf({ input, nodes, outputs }: Draft & { readonly input: GraphInput }): Graph {
  return { inputs: [input], nodes, outputs };
}

/** The tensors of both, in the order of the nodes. @throws when both have one of a name that is not the same. */
function joined(body: Draft, tail: Draft): ReadonlyMap<string, StoredTensor> {
  for (const [key, tensor] of tail.tensors) {
    const other = body.tensors.get(key);
    if (other !== undefined && !equal(other, tensor)) {
      throw new Error(`body and tail have different tensors called "${key}"`);
    }
  }
  return inFileOrder([...body.nodes, ...tail.nodes], new Map([...body.tensors, ...tail.tensors]));
}

function equal(a: StoredTensor | undefined, b: StoredTensor | undefined): boolean {
  if (a === undefined || b === undefined || a.bytes.length !== b.bytes.length) return false;
  return a.dtype === b.dtype && a.bytes.every((byte, i) => byte === b.bytes[i]);
}
