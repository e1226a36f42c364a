/**
 * A classification ResNet of @surge-bnn/models as a detector's backbone: its layers by their names, so that the weights of a
 * trained classifier fit, without its classifier, and from a new input.
 */
import { InputError } from '@surge-bnn/contract';
import { layerCalls } from '@surge-bnn/core';
import type { CallGraph, ValueId } from '@surge-bnn/core';
import { buildModel } from '@surge-bnn/models';
import type { NetworkSpec } from '@surge-bnn/models';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { lastCall, replay } from './graph.js';
import type { DetectorContext } from './options.js';

/** A stage's last feature map, and how many pixels of the picture lie between two of its. */
export interface Stage {
  readonly map: SymbolicTensor;
  readonly stride: number;
}

export interface Backbone {
  readonly input: SymbolicTensor;
  /** C2, C3, C4, and where `tailOn` is not used C5. */
  readonly stages: readonly Stage[];
  /** The layers of stage 4 on another map. */
  tailOn(map: SymbolicTensor): SymbolicTensor;
}

/**
 * @param count how many of the four stages stand on the picture.
 * @throws InputError for a network without four stages, or for pictures that they do not divide.
 */
export function backbone(spec: NetworkSpec, count: 3 | 4, context: DetectorContext): Backbone {
  const classifier = buildModel(spec, { ...context, classes: 1 });
  try {
    return withoutClassifier(layerCalls(classifier), spec, count, context);
  } catch (error) {
    // Nobody else has the classifier: what is refused leaves nothing behind.
    for (const weight of new Set(classifier.weights)) weight.dispose();
    throw error;
  }
}

function withoutClassifier(
  graph: CallGraph,
  spec: NetworkSpec,
  count: 3 | 4,
  { inputShape }: DetectorContext,
): Backbone {
  const [height, width] = inputShape;
  const ends = [1, 2, 3, 4].map((stage) => endOf(graph, stage, spec));
  const last = graph.calls.find(({ output }) => output === ends[3])?.outputShape.map(Number) ?? [];
  const coarsest = height / last[1];
  if (!Number.isInteger(Math.log2(coarsest)) || width / last[2] !== coarsest) {
    throw new InputError(
      `fasterRcnn: a picture of ${height}x${width} pixels gives a map of ${last[1]}x${last[2]} in stage 4 of ${spec.network}; height and width must be multiples of its stride, 32 for ImageNet's ResNets`,
    );
  }
  const input = tfl.input({ name: 'pictures', shape: [...inputShape] });
  const values = new Map<ValueId, SymbolicTensor>([[graph.inputs[0].id, input]]);
  const stages = ends.slice(0, count).map((end, i) => ({
    map: replay(graph, values, end),
    stride: coarsest / 2 ** (3 - i),
  }));
  dropClassifier(graph);
  return {
    input,
    stages,
    tailOn: (map) => replay(graph, new Map([[ends[2], map]]), ends[3]),
  };
}

function endOf(graph: CallGraph, stage: number, { network }: NetworkSpec): ValueId {
  const call = lastCall(graph, `layer${stage}.`);
  if (call !== undefined) return call.output;
  throw new InputError(
    `fasterRcnn: ${network} has no layers named layer${stage}.*; take imagenet-resnet-18, imagenet-resnet-34 or another network of four stages`,
  );
}

/** Frees what stands behind the last stage. */
function dropClassifier(graph: CallGraph): void {
  const end = graph.calls.findLastIndex(({ layer }) => layer.name.startsWith('layer4.'));
  for (const { layer } of graph.calls.slice(end + 1)) {
    for (const weight of layer.weights) weight.dispose();
  }
}
