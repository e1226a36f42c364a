/** The layers that an encoder is made of, float or binary by the network's method. */
import { seedFor } from '@surge-bnn/contract';
import { layers } from '@surge-bnn/core';
import type { BinarizerSpec } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { dropout } from '../layers/dropout.js';
import { smallNormal } from '../layers/initializer.js';
import type { AttentionKind } from '../layers/self-attention.js';
import type { BertOptions } from './options.js';

/** What of a network's options its layers depend on. */
export type PartOptions = Pick<BertOptions, 'method' | 'inputs' | 'dropout' | 'epsilon'>;

/** What the layers of one network have in common. */
export interface Build<Options extends PartOptions = PartOptions> {
  readonly options: Options;
  readonly seed: number;
}

export function on(layer: tfl.layers.Layer, x: SymbolicTensor | SymbolicTensor[]): SymbolicTensor {
  return layer.apply(x) as SymbolicTensor;
}

/** A float linear layer with a bias, which may be applied more than once. */
export function floatDense(
  name: string,
  units: number,
  { seed }: Build,
  activation: 'linear' | 'tanh' = 'linear',
): tfl.layers.Layer {
  const kernelInitializer = smallNormal(seedFor(seed, `init/${name}`));
  return tfl.layers.dense({ name, units, activation, kernelInitializer });
}

/** The same on x, [.., in] to [.., units]. */
export function floatLinear(
  name: string,
  units: number,
  x: SymbolicTensor,
  build: Build,
  activation: 'linear' | 'tanh' = 'linear',
): SymbolicTensor {
  return on(floatDense(name, units, build, activation), x);
}

/**
 * One of the six linear layers that a binary network has as bits, with a float bias in any case.
 * @param behindRelu whether x is never negative, so that BiT takes the set {0, 1}, of 2 bits {0, 1, 2, 3}.
 */
export function linear(
  name: string,
  units: number,
  x: SymbolicTensor,
  build: Build,
  behindRelu = false,
): SymbolicTensor {
  const { method, inputs } = build.options;
  if (method === 'none') return floatLinear(name, units, x, build);
  const bits: BinarizerSpec =
    method === 'bit'
      ? {
          name: 'bit',
          set: behindRelu ? 'unsigned' : 'signed',
          ...(inputs === 'two-bit' ? { bits: 2 } : {}),
        }
      : 'bibert';
  const layer = layers.binaryDense({
    name,
    units,
    inputBinarizer: inputs === 'real' ? 'none' : bits,
    weightBinarizer: method,
    seed: seedFor(build.seed, `init/${name}`),
  });
  return on(layers.channelBias({ name: `${name}.bias` }), on(layer, x));
}

/** The attention of the network's method. */
export function attentionKind({ method, inputs }: PartOptions): AttentionKind {
  if (method === 'none' || inputs === 'real') return 'softmax';
  return inputs === 'two-bit' ? 'two-bit' : method;
}

/** Dropout of hidden states; nothing where the rate is 0. */
export function dropped(name: string, x: SymbolicTensor, { options, seed }: Build): SymbolicTensor {
  const { dropout: rate } = options;
  return rate === 0 ? x : on(dropout({ name, rate, seed }), x);
}

/** layer norm (dropout(x) + shortcut), as behind attention and behind the feed-forward layers. `name` is the block's. */
export function addAndNorm(
  name: string,
  x: SymbolicTensor,
  shortcut: SymbolicTensor,
  build: Build,
): SymbolicTensor {
  const left = dropped(`${name}.dropout`, x, build);
  const sum = on(tfl.layers.add({ name: `${name}.add` }), [left, shortcut]);
  return norm(`${name}.LayerNorm`, sum, build);
}

export function norm(name: string, x: SymbolicTensor, { options }: Build): SymbolicTensor {
  return on(layers.layerNorm({ name, epsilon: options.epsilon }), x);
}
