/** The weights of a model that an import has to fill, each with how PyTorch has it. */
import type * as tfl from '@tensorflow/tfjs-layers';
import { BinaryLayer, layerCalls } from '@surge-bnn/core';
import type { LayerCall, Model } from '@surge-bnn/core';
import { featureOrders, sameOrder } from './feature-order.js';
import type { FeatureOrder } from './feature-order.js';
import { batchNormKinds, importableKinds, rulesOf } from './layer-weights.js';
import type { WeightRule } from './layer-weights.js';
import type { Layout } from './layouts.js';

export interface TargetWeight {
  readonly layer: string;
  /** The name that the layer made it with. */
  readonly weight: string;
  readonly variable: tfl.LayerVariable;
  readonly shape: readonly number[];
  readonly rule: WeightRule;
  /** How PyTorch may lay it out, the usual way first. */
  readonly layouts: readonly Layout[];
  /** Epsilon of the layer, where it is a batch norm. */
  readonly epsilon: number | undefined;
}

/** @param problems layers that cannot be filled are told here. */
export function targetWeights(model: Model, problems: string[]): TargetWeight[] {
  const graph = layerCalls(model);
  const orderOf = featureOrders(graph);
  const callsOf = new Map<string, LayerCall[]>();
  for (const call of graph.calls) {
    refuseChannelsFirst(call.layer, problems);
    if (call.layer.weights.length === 0) continue;
    callsOf.set(call.layer.name, [...(callsOf.get(call.layer.name) ?? []), call]);
  }
  return [...callsOf.values()].flatMap((calls) => {
    const { layer } = calls[0];
    const orders = calls.map((call) => orderOf(call.inputs[0]));
    const found: string[] = [];
    if (calls.some((call) => call.layer !== layer))
      found.push('shares its name with another layer');
    found.push(...orderProblems(orders), ...layerProblems(calls[0]));
    problems.push(...found.map((problem) => `layer "${layer.name}" ${problem}`));
    return found.length > 0 ? [] : weightsOf(layer, orders[0]);
  });
}

function weightsOf(layer: tfl.layers.Layer, order: FeatureOrder): TargetWeight[] {
  const kind = layer.getClassName();
  const epsilon = batchNormKinds.includes(kind) ? Number(layer.getConfig()['epsilon']) : undefined;
  return layer.weights.flatMap((variable) => {
    const weight = roleOf(variable);
    const rule = rulesOf(kind)?.[weight];
    if (rule === undefined) return [];
    const shape = variable.shape.map(Number);
    const layouts = rule.layouts(shape, order);
    return [{ layer: layer.name, weight, variable, shape, rule, layouts, epsilon }];
  });
}

function orderProblems(orders: readonly FeatureOrder[]): string[] {
  const lost = orders.find((order) => order.kind === 'unknown');
  if (lost !== undefined) {
    return [
      `reads features through layer ${lost.since}, behind which their order in PyTorch is not known`,
    ];
  }
  return orders.every((order) => sameOrder(orders[0], order))
    ? []
    : ['is called on inputs whose features have different orders in PyTorch'];
}

function layerProblems({ layer, outputShape }: LayerCall): string[] {
  const kind = layer.getClassName();
  const rules = rulesOf(kind);
  if (rules === undefined) {
    return [
      `is of kind ${kind}, which cannot be imported; importable kinds: ${importableKinds.join(', ')}`,
    ];
  }
  if (layer instanceof BinaryLayer && layer.compensator !== undefined) {
    return ['has a compensator, which no state dict has; import first, then attach it'];
  }
  const axis = batchNormKinds.includes(kind) ? Number(layer.getConfig()['axis'] ?? -1) : -1;
  if (axis !== -1 && axis !== outputShape.length - 1) {
    return [`normalizes axis ${axis}; only the last axis is supported`];
  }
  return layer.weights
    .map(roleOf)
    .filter((weight) => !Object.hasOwn(rules, weight))
    .map((weight) => `has a weight "${weight}", for which no PyTorch name is known`);
}

function refuseChannelsFirst(layer: tfl.layers.Layer, problems: string[]): void {
  if (!('dataFormat' in layer) || layer.dataFormat !== 'channelsFirst') return;
  problems.push(
    `layer "${layer.name}" has dataFormat channelsFirst; only channelsLast is supported`,
  );
}

/** TF.js makes names unique by a suffix, but keeps the one that was asked for. */
function roleOf(weight: tfl.LayerVariable): string {
  return weight.originalName.split('/').at(-1) ?? weight.originalName;
}
