/**
 * VGG-16 of @surge-bnn/models as SSD's backbone: its layers by their names, so that the weights of a trained classifier fit, without its
 * classifier, and from a new input.
 */
import { layerCalls, MaxPool2D } from '@surge-bnn/core';
import type { CallGraph, ValueId } from '@surge-bnn/core';
import { buildModel } from '@surge-bnn/models';
import type { NetworkSpec } from '@surge-bnn/models';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { replay } from './graph.js';
import type { DetectorContext } from './options.js';

export interface SsdBackbone {
  readonly input: SymbolicTensor;
  /** conv4_3, with stride 8, and conv5_3, with stride 16, both behind their activation. */
  readonly conv4: SymbolicTensor;
  readonly conv5: SymbolicTensor;
  /** Channels of its first convolution. */
  readonly width: number;
}

/** @throws InputError for an option that the network does not have or allow. */
export function ssdBackbone(spec: NetworkSpec, context: DetectorContext): SsdBackbone {
  // The published classifier of dense layers would be built only to be thrown away.
  const options = { ...spec.options, hidden: 0 };
  const classifier = buildModel({ ...spec, options }, { ...context, classes: 1 });
  const graph = layerCalls(classifier);
  const [fourth, fifth] = graph.calls.filter(({ layer }) => layer instanceof MaxPool2D).slice(3);
  const input = tfl.input({ name: 'pictures', shape: [...context.inputShape] });
  const values = new Map<ValueId, SymbolicTensor>([[graph.inputs[0].id, input]]);
  const conv4 = replay(graph, values, fourth.inputs[0]);
  const conv5 = replay(graph, values, fifth.inputs[0]);
  freeFrom(graph, graph.calls.indexOf(fifth));
  return { input, conv4, conv5, width: Number(conv4.shape[3]) / 8 };
}

/** Frees the weights of what stands behind. */
function freeFrom({ calls }: CallGraph, first: number): void {
  for (const { layer } of calls.slice(first)) {
    for (const weight of layer.weights) weight.dispose();
  }
}
