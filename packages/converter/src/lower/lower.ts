/**
 * A trained network written down as a graph of the runtime's ops: every layer by its rule, nothing clever. This graph
 * computes what canonical evaluation computes; folding comes later.
 */
import { InputError } from '@surge-bnn/contract';
import { BinaryLayer, layerCalls } from '@surge-bnn/core';
import type { CallGraph, Model } from '@surge-bnn/core';
import { GraphBuilder } from '../graph-builder.js';
import type { Draft } from '../graph-builder.js';
import type { GraphInput } from '@surge-bnn/runtime';
import * as activations from './activations.js';
import * as binary from './binary.js';
import * as float from './float.js';
import { namedLayers } from './names.js';
import type { Layer, LowerContext, LowerRule } from './rule.js';
import { padChannels } from './pad-channels.js';
import * as shape from './shape.js';
import * as text from './text.js';

/** Rules by the layers' class names. */
const rules: Readonly<Record<string, LowerRule>> = {
  BinaryConv1D: binary.binaryConv1d,
  BinaryConv2D: binary.binaryConv2d,
  BinaryDense: binary.binaryDense,
  Conv2D: float.conv2d,
  FloatConv2D: float.floatConv2d,
  DepthwiseConv2D: float.depthwiseConv2d,
  ZeroPadding2D: float.zeroPadding2d,
  Dense: float.dense,
  SurgeBatchNorm: float.batchNorm,
  BatchNormalization: float.batchNorm,
  Activation: activations.activationLayer,
  ReLU: activations.reluLayer,
  LeakyReLU: activations.leakyRelu,
  PReLU: activations.prelu,
  SurgePReLU: activations.prelu,
  RPReLU: activations.rprelu,
  HardTanh: activations.hardTanh,
  ChannelBias: activations.channelBias,
  Maxout: activations.maxout,
  Softmax: activations.softmaxLayer,
  L2Norm: float.l2Norm,
  SurgeLayerNorm: text.layerNorm,
  SurgeGelu: text.gelu,
  SelfAttention: text.selfAttention,
  FirstPiece: text.firstPiece,
  MaxPooling2D: shape.maxPool2d,
  SurgeMaxPool2D: shape.surgeMaxPool2d,
  AveragePooling2D: shape.averagePool2d,
  GlobalMaxPooling2D: shape.globalMaxPool2d,
  GlobalAveragePooling2D: shape.globalAveragePool2d,
  Flatten: shape.flatten,
  Reshape: shape.reshapeLayer,
  Add: shape.add,
  Concatenate: shape.concatenate,
  PadChannels: padChannels,
  Doubled2D: shape.doubled2d,
  Dropout: shape.nothing,
  SurgeDropout: shape.nothing,
  SpatialDropout1D: shape.nothing,
  GaussianNoise: shape.nothing,
  GaussianDropout: shape.nothing,
  AlphaDropout: shape.nothing,
};

/** The kinds of layers that can be shipped, by their class names. */
export const convertibleKinds: readonly string[] = Object.keys(rules);

/** Layer calls with one input, the names that their layers have in the file, and the size of the input. */
export interface Lowered {
  /** For messages: 'the model "resnet"'. */
  readonly what: string;
  readonly graph: CallGraph;
  readonly layers: readonly Layer[];
  /** Of one example. */
  readonly shape: readonly number[];
  /** Of the input in the file. */
  readonly input: string;
}

export type LowerOptions = Pick<LowerContext, 'largestSum'> & {
  readonly allowFloat: readonly string[];
  readonly pixels?: GraphInput['pixels'];
};

/** @throws InputError naming the layer that cannot be shipped, and why. */
export function lower(model: Model, options: LowerOptions): Draft {
  const graph = layerCalls(model);
  const { inputs, outputs } = graph;
  if (inputs.length !== 1 || outputs.length !== 1) {
    throw new InputError(
      `the model "${model.name}" has ${inputs.length} inputs and ${outputs.length} outputs; a model file has one of each, and a network for texts is packed by convertText`,
    );
  }
  const shape = knownShape(model.name, inputs[0].shape);
  const what = `the model "${model.name}"`;
  return lowerCalls({ what, graph, layers: namedLayers(model), shape, input: 'input' }, options);
}

/**
 * A part of a network, with any number of outputs.
 * @throws InputError naming the layer that cannot be shipped, and why.
 */
export function lowerCalls(
  { what, graph, layers, shape, input }: Lowered,
  options: LowerOptions,
): Draft {
  const { inputs, calls, outputs } = graph;
  const binaryNames = layers.filter((l) => l.self instanceof BinaryLayer).map((l) => l.name);
  for (const name of options.allowFloat) {
    if (binaryNames.includes(name)) continue;
    throw new InputError(
      `allowFloat names "${name}", which is no binary layer of the model; its binary layers: ${binaryNames.join(', ')}`,
    );
  }
  const builder = new GraphBuilder({
    name: input,
    shape,
    ...(options.pixels === undefined ? {} : { pixels: options.pixels }),
  });
  const context: LowerContext = {
    builder,
    largestSum: options.largestSum,
    allowFloat: new Set(options.allowFloat),
    padded: new Map(),
    signs: new Map(),
  };
  const named = new Map(layers.map((layer) => [layer.self, layer]));
  const edges = new Map([[inputs[0].id, input]]);
  const edgeOf = (id: number): string => {
    const edge = edges.get(id);
    if (edge === undefined) throw new Error(`value ${id} is used before it is computed`);
    return edge;
  };
  for (const { layer: self, inputs: given, output } of calls) {
    const layer = named.get(self) ?? { name: self.name, self };
    const kind = self.getClassName();
    const rule = Object.hasOwn(rules, kind) ? rules[kind] : undefined;
    if (rule === undefined) {
      throw new InputError(
        `layer "${layer.name}" is of kind ${kind}, which cannot be converted; convertible kinds: ${convertibleKinds.join(', ')}`,
      );
    }
    const names = given.map(edgeOf);
    const border = names.map((name) => context.padded.get(name)).find((one) => one !== undefined);
    if (border !== undefined && !padsByItself.has(kind)) {
      throw onlyBeforeConvolution(border.layer, `layer "${layer.name}" (${kind})`);
    }
    edges.set(output, rule(layer, names, context));
  }
  const ends = outputs.map(edgeOf);
  for (const end of ends) {
    const border = context.padded.get(end);
    if (border !== undefined) throw onlyBeforeConvolution(border.layer, 'the output');
    if (end === input) throw new InputError(`${what} computes nothing`);
  }
  return builder.finish(ends);
}

/** Kinds that can take a border of zeros upon themselves. */
const padsByItself: ReadonlySet<string> = new Set(['Conv2D', 'FloatConv2D', 'DepthwiseConv2D']);

function onlyBeforeConvolution(layer: string, reader: string): InputError {
  return new InputError(
    `layer "${layer}" (ZeroPadding2D) cannot be converted: ${reader} reads it; only in front of ${[...padsByItself].join(' and ')} it becomes their padding`,
  );
}

function knownShape(model: string, shape: readonly (number | null)[]): readonly number[] {
  const known = shape.slice(1).filter((size): size is number => size !== null && size > 0);
  if (known.length === shape.length - 1 && known.length > 0) return known;
  throw new InputError(
    `the model "${model}" has an input of shape [${shape.map((size) => size ?? '?').join(', ')}]; all sizes but the batch must be known`,
  );
}
