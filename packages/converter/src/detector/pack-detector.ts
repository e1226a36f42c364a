/** From a trained detector to the data of a packed one: its body, and its tail if it has one, lowered and folded, with what became of every layer. */
import { checkKeys, InputError } from '@surge-bnn/contract';
import type { CallGraph, Model } from '@surge-bnn/core';
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
import type {
  PackDetectorOptions,
  ShippableDetector,
  SingleShotShipping,
  TwoStageShipping,
} from './types.js';

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
  const { classes, size } = options;
  if (classes.length !== detector.classes) {
    throw new InputError(
      `the detector "${model.name}" tells ${detector.classes} classes apart, got the names of ${classes.length}`,
    );
  }
  checkKeys(size, 'width' in size ? ['width', 'height'] : ['shortSide', 'longSide'], 'size');
  const packer = new Packer(model, detectorForms(detector, options), options);
  return shipping.tail === undefined
    ? packSingleShot(packer, shipping, options)
    : packTwoStage(packer, shipping, options);
}

function packTwoStage(
  packer: Packer,
  { body: calls, tail: rest, plan }: TwoStageShipping,
  { classes, size, pixels }: PackDetectorOptions,
): PackedDetectorData {
  const body = packer.part(calls, 'body', 'pictures');
  const larger = packer.part(calls, 'body', 'pictures', grown(calls, plan.multiple));
  checkEverySize(body.draft, larger.draft);
  const tail = packer.part(rest, 'tail', 'regions');
  const source = {
    plan: { ...plan, classes, size },
    body: graphOf({ ...body.draft, input: { ...body.draft.input, pixels } }),
    tail: graphOf(tail.draft),
    tensors: joined(body.draft, tail.draft),
    metadata: {},
  };
  return { source, layers: packer.fates(source, [...body.unfolded, ...tail.unfolded]) };
}

function packSingleShot(
  packer: Packer,
  { body: calls, plan }: SingleShotShipping,
  { classes, size, pixels }: PackDetectorOptions,
): PackedDetectorData {
  if (!('width' in size)) {
    throw new InputError(
      `the detector "${packer.model.name}" is packed for pictures of one size; size must be {width, height}, got ${JSON.stringify(size)}`,
    );
  }
  const { draft, unfolded } = packer.part(calls, 'body', 'pictures', [size.height, size.width, 3]);
  const source = {
    plan: { ...plan, classes, size },
    body: graphOf({ ...draft, input: { ...draft.input, pixels } }),
    tensors: inFileOrder(draft.nodes, draft.tensors),
    metadata: {},
  };
  return { source, layers: packer.fates(source, unfolded) };
}

/** The shape of a part's input in the model, without the batch. */
function shapeOf({ inputs: [{ shape }] }: CallGraph): readonly number[] {
  return shape.slice(1).map(Number);
}

/** The same, some pixels larger in both directions. */
function grown(graph: CallGraph, pixels: number): readonly number[] {
  const [height, width, channels] = shapeOf(graph);
  return [height + pixels, width + pixels, channels];
}

interface PartDraft {
  readonly draft: Draft;
  readonly unfolded: readonly UnfoldedSign[];
}

/** Lowers the parts of one detector. */
class Packer {
  private readonly layers: readonly Layer[];

  constructor(
    readonly model: Model,
    private readonly forms: Forms,
    private readonly options: PackDetectorOptions,
  ) {
    this.layers = namedLayers(model);
  }

  /** @param what of the detector, for messages. @param input its name. @param shape of the input; default: that in the model. */
  part(graph: CallGraph, what: string, input: string, shape = shapeOf(graph)): PartDraft {
    const { allowFloat = [] } = this.options;
    const own = new Set(graph.calls.map(({ layer }) => layer));
    const named = this.layers.filter(({ self }) => own.has(self));
    const names = new Set(named.map(({ name }) => name));
    const { draft, unfolded } = foldSigns(
      lowerCalls(
        { what: `the ${what} of the detector`, graph, layers: this.layers, shape, input },
        { allowFloat, largestSum: LARGEST_EXACT },
      ),
    );
    const forms = new Map([...this.forms].filter(([name]) => names.has(name)));
    return {
      draft: storeWeights(mergeMultiplyAdds(draft, 'exact'), forms, new Map()),
      unfolded,
    };
  }

  /** What became of every layer. */
  fates({ body, tail, tensors }: DetectorSource, unfolded: readonly UnfoldedSign[]): LayerFate[] {
    const graphs = tail === undefined ? [body] : [body, tail];
    const nodes = graphs.flatMap((graph) => describeNodes({ graph, tensors }));
    return fatesOf(this.model, nodes, unfolded);
  }
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
