/**
 * What a network costs: per layer its bits, parameters, multiply-adds by precision, OPs, and bytes once packed.
 * OPs = BOPs / 64 + FLOPs with a multiply-add counted once (METHOD.md section 5).
 */
import { InputError, multiplyAdds } from '@surge-bnn/contract';
import type * as tfl from '@tensorflow/tfjs-layers';
import type { InputBinarizer } from '../binarizers/binarizer.js';
import { BinaryConv1D } from '../layers/binary-conv1d.js';
import { BinaryConv2D } from '../layers/binary-conv2d.js';
import { BinaryLayer } from '../layers/binary-layer.js';
import type { Model } from './binary-layers.js';
import { layerCalls } from './layer-calls.js';
import { floatBytes, shippedBytes } from './shipped-bytes.js';

export interface LayerCost {
  readonly name: string;
  readonly kind: string;
  /** Without the batch axis; unknown sizes are null. */
  readonly outputShape: readonly (number | null)[];
  /** What the kernel's weights are stored as: 1 bit, 32 bits, or 0 where there is no kernel. */
  readonly weightBits: 0 | 1 | 32;
  /** 32, too, for a binary layer whose inputs stay float; 2 where a binarizer gives them four values. */
  readonly inputBits: number;
  /** Of the network that ships: auxiliary weights are not counted. */
  readonly parameters: number;
  /** Weights W_a that exist in training only. */
  readonly auxiliaryParameters: number;
  /**
   * Multiply-adds for one picture: 1-bit by 1-bit, and all others. Float inputs times 1-bit weights add floats, so they count as float; inputs of 2 bits
   * are two planes of bits, so they count twice.
   */
  readonly binaryMacs: number;
  readonly floatMacs: number;
  readonly ops: number;
  /**
   * Bytes of what the layer leaves in a model file: bits dense per filter, padded to a byte; two float32 a channel for a
   * batch norm (a and b of a x + b); all else float32, as after a training, when no learnable shift is 0. A batch norm that is folded into
   * thresholds takes less.
   */
  readonly bytes: number;
}

export interface NetworkCost {
  readonly layers: readonly LayerCost[];
  readonly total: Pick<
    LayerCost,
    'parameters' | 'auxiliaryParameters' | 'binaryMacs' | 'floatMacs' | 'ops' | 'bytes'
  > & {
    /** Binary multiply-adds as a share of all, in [0, 1]. */
    readonly binaryShare: number;
    /** Bytes of all parameters in float32, as a checkpoint has them. */
    readonly floatBytes: number;
  };
}

/**
 * The cost of the network, layer by layer; one that is called twice has its weights once and its multiply-adds twice.
 * @throws InputError for a layer that holds a kernel of a kind it cannot count, naming it.
 */
export function summarize(model: Model): NetworkCost {
  const layers = [...callsByLayer(model)].map(([layer, calls]) => layerCost(layer, calls));
  const sum = (key: 'parameters' | 'auxiliaryParameters' | 'binaryMacs' | 'floatMacs' | 'bytes') =>
    layers.reduce((total, layer) => total + layer[key], 0);
  const binaryMacs = sum('binaryMacs');
  const floatMacs = sum('floatMacs');
  return {
    layers,
    total: {
      parameters: sum('parameters'),
      auxiliaryParameters: sum('auxiliaryParameters'),
      binaryMacs,
      floatMacs,
      ops: operations(binaryMacs, floatMacs),
      bytes: sum('bytes'),
      binaryShare: binaryMacs + floatMacs === 0 ? 0 : binaryMacs / (binaryMacs + floatMacs),
      floatBytes: floatBytes(sum('parameters')),
    },
  };
}

/** OPs = BOPs / 64 + FLOPs. */
export function operations(binaryMacs: number, floatMacs: number): number {
  return binaryMacs / 64 + floatMacs;
}

type Shape = readonly (number | null)[];

/** A layer of another room that says itself what it multiplies. */
export interface CountsMultiplyAdds {
  /** Multiply-adds of one call for one example, from the shapes of its first input and of its output, with the batch axis. */
  multiplyAdds(input: Shape, output: Shape): { readonly binary: number; readonly float: number };
}

function countsItself(layer: tfl.layers.Layer): layer is tfl.layers.Layer & CountsMultiplyAdds {
  return 'multiplyAdds' in layer && typeof layer.multiplyAdds === 'function';
}

/** One call of a layer: the shapes of its first input and of its output, with the batch axis. */
interface Call {
  readonly input: Shape;
  readonly output: Shape;
}

function callsByLayer(model: Model): ReadonlyMap<tfl.layers.Layer, readonly Call[]> {
  const { inputs, calls } = layerCalls(model);
  const shapes = new Map<number, Shape>(inputs.map(({ id, shape }) => [id, shape]));
  const found = new Map<tfl.layers.Layer, Call[]>();
  for (const { layer, inputs: given, output, outputShape } of calls) {
    shapes.set(output, outputShape);
    const call = { input: shapes.get(given[0]) ?? [], output: outputShape };
    found.set(layer, [...(found.get(layer) ?? []), call]);
  }
  return found;
}

function layerCost(layer: tfl.layers.Layer, calls: readonly Call[]): LayerCost {
  const auxiliaries = layer instanceof BinaryLayer ? layer.auxiliaries : [];
  const auxiliaryParameters = auxiliaries.reduce((total, w) => total + size(w.shape), 0);
  const parameters =
    layer.weights.reduce((total, w) => total + size(w.shape), 0) - auxiliaryParameters;
  const outputShape = calls[0].output.slice(1);
  const isBinary = layer instanceof BinaryLayer;
  const inputBits = isBinary ? bitsOf(layer.inputBinarizer) : FLOAT_BITS;
  const counted = calls.map((call) => countCall(layer, call, inputBits));
  const binaryMacs = counted.reduce((sum, { binary }) => sum + binary, 0);
  const floatMacs = counted.reduce((sum, { float }) => sum + float, 0);
  return {
    name: layer.name,
    kind: layer.getClassName(),
    outputShape,
    weightBits: isBinary ? 1 : floatMacs > 0 && layer.weights.length > 0 ? 32 : 0,
    inputBits,
    parameters,
    auxiliaryParameters,
    binaryMacs,
    floatMacs,
    ops: operations(binaryMacs, floatMacs),
    bytes: shippedBytes(layer, calls[0].input, parameters),
  };
}

const FLOAT_BITS = 32;

function bitsOf(input: InputBinarizer): number {
  return input === 'none' ? FLOAT_BITS : (input.levels?.bits ?? 1);
}

/** @throws InputError where a size that the number depends on is not known. */
function countCall(
  layer: tfl.layers.Layer,
  call: Call,
  inputBits: number,
): ReturnType<CountsMultiplyAdds['multiplyAdds']> {
  const own = countsItself(layer) ? layer.multiplyAdds(call.input, call.output) : undefined;
  const macs = own === undefined ? layerMacs(layer, call) : 0;
  const counted =
    own ??
    (inputBits === FLOAT_BITS
      ? { binary: 0, float: macs }
      : { binary: inputBits * macs, float: 0 });
  const isKnown = Number.isFinite(counted.binary) && Number.isFinite(counted.float);
  if (isKnown) return counted;
  throw new InputError(
    `summarize: the multiply-adds of layer "${layer.name}" depend on sizes that are not known (its output is ${JSON.stringify(call.output)}); build the network for inputs of a fixed size`,
  );
}

/** Multiply-adds of one call of the layer's linear operator for one example; 0 where it has none, NaN where a size is not known. */
function layerMacs(layer: tfl.layers.Layer, { input, output }: Call): number {
  if (layer instanceof BinaryConv2D || layer instanceof BinaryConv1D) {
    const shape = input.map((d, i) => (i === 0 ? 1 : Number(d)));
    return multiplyAdds(layer.geometry(shape));
  }
  const kind = layer.getClassName();
  const positions = output.slice(1, -1).reduce<number>((a, b) => a * (b ?? NaN), 1);
  const kernels = layer.weights.filter(
    (w) => w.shape.length >= 2 && !w.originalName.includes('bias'),
  );
  const plain = ['Dense', 'Conv1D', 'Conv2D', 'FloatConv2D'];
  if (layer instanceof BinaryLayer || plain.includes(kind)) {
    return positions * size((layer instanceof BinaryLayer ? layer.binaryKernel : kernels[0]).shape);
  }
  if (kind === 'DepthwiseConv2D') return positions * size(kernels[0].shape);
  if (kernels.length > 0 && kind !== 'Embedding' && kind !== 'PReLU') {
    throw new InputError(
      `summarize: cannot count the multiply-adds of layer "${layer.name}" of kind ${kind}; known kinds: BinaryConv1D, BinaryConv2D, BinaryDense, Conv1D, Conv2D, FloatConv2D, DepthwiseConv2D, Dense, Embedding, and layers without a kernel`,
    );
  }
  return 0;
}

function size(shape: readonly (number | null)[]): number {
  return shape.reduce<number>((a, b) => a * Number(b), 1);
}
