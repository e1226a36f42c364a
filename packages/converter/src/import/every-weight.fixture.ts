/** A network with every kind of weight that an import knows: as PyTorch has it, and as ours. */
import * as tfl from '@tensorflow/tfjs-layers';
import { layers } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import * as torch from './torch-reference.fixture.js';
import type { StateDict, TorchArray } from './torch-reference.fixture.js';

/** Height, width and channels differ, and so do those of every picture inside: a mixed-up axis shows. */
export const pictureShape = [3, 7, 6] as const;

const shapes: Readonly<Record<string, readonly number[]>> = {
  'stem.weight': [4, 3, 3, 3],
  'stem.bias': [4],
  ...norm('norm0', 4),
  'dw.weight': [8, 1, 3, 3],
  'dw.bias': [8],
  'act1.pr_bias0.bias': [1, 8, 1, 1],
  'act1.pr_prelu.weight': [8],
  'act1.pr_bias1.bias': [1, 8, 1, 1],
  ...norm('norm1', 8),
  'move1.bias': [1, 8, 1, 1],
  'binary1.weight': [6, 4, 3, 3],
  'prelu1.weight': [1],
  'prelu2.weight': [6],
  ...norm('norm2', 42),
  'act2.pr_bias0.bias': [42],
  'act2.pr_prelu.weight': [42],
  'act2.pr_bias1.bias': [42],
  'binary2.weight': [5, 42],
  ...norm('norm3', 5),
  'head.weight': [3, 5],
  'head.bias': [3],
};

function norm(name: string, channels: number): Record<string, readonly number[]> {
  const parts = ['weight', 'bias', 'running_mean', 'running_var'];
  return Object.fromEntries(parts.map((part) => [`${name}.${part}`, [channels]]));
}

/** Its weights, without the counters of the batch norms. */
export function everyWeight(): StateDict {
  return new Map(
    Object.entries(shapes).map(([name, shape], i) => {
      const [low, high] = name.endsWith('running_var') ? [0.2, 2] : [-1, 1];
      return [name, torch.randomArray(1000 + i, shape, low, high)];
    }),
  );
}

/** The module's forward. */
export function torchForward(state: StateDict, picture: TorchArray): TorchArray {
  const of = (name: string) => torch.take(state, name);
  const rprelu = (x: TorchArray, name: string) => {
    const moved = torch.learnableBias(x, of(`${name}.pr_bias0.bias`));
    const bent = torch.prelu(moved, of(`${name}.pr_prelu.weight`));
    return torch.learnableBias(bent, of(`${name}.pr_bias1.bias`));
  };
  let x = torch.conv2d(picture, of('stem.weight'), of('stem.bias'), { stride: [2, 2], padding: 1 });
  x = torch.batchNorm(x, state, 'norm0');
  x = torch.conv2d(x, of('dw.weight'), of('dw.bias'), { padding: 1, groups: 4 });
  x = torch.batchNorm(rprelu(x, 'act1'), state, 'norm1');
  x = torch.learnableBias(x, of('move1.bias'));
  x = torch.conv2d(torch.sign(x), torch.sign(of('binary1.weight')), undefined, {
    stride: [2, 1],
    padding: 1,
    padValue: 1,
    groups: 2,
  });
  x = torch.prelu(torch.prelu(x, of('prelu1.weight')), of('prelu2.weight'));
  const joined = [...torch.flatten(x).data, ...torch.globalAverage(x).data];
  x = torch.batchNorm({ shape: [joined.length], data: joined }, state, 'norm2');
  x = rprelu(x, 'act2');
  x = torch.linear(torch.sign(x), torch.sign(of('binary2.weight')));
  return torch.linear(torch.batchNorm(x, state, 'norm3'), of('head.weight'), of('head.bias'));
}

/** The same network of ours, with weights of its own. */
export function everyWeightModel(): Model {
  const [channels, height, width] = pictureShape;
  const input = tfl.input({ shape: [height, width, channels] });
  const chain = (x: tfl.SymbolicTensor, ...list: tfl.layers.Layer[]) =>
    list.reduce((value, layer) => layer.apply(value) as tfl.SymbolicTensor, x);
  const ste = { inputBinarizer: 'ste', weightBinarizer: 'ste' } as const;
  const features = chain(
    input,
    tfl.layers.zeroPadding2d({ padding: 1 }),
    tfl.layers.conv2d({ name: 'stem', filters: 4, kernelSize: 3, strides: 2, padding: 'valid' }),
    layers.batchNorm({ name: 'norm0' }),
    tfl.layers.depthwiseConv2d({
      name: 'dw',
      kernelSize: 3,
      depthMultiplier: 2,
      padding: 'same',
    }),
    layers.rprelu({ name: 'act1' }),
    tfl.layers.batchNormalization({ name: 'norm1', epsilon: 1e-5 }),
    layers.channelBias({ name: 'move1' }),
    layers.binaryConv2d({
      ...ste,
      name: 'binary1',
      filters: 6,
      kernelSize: 3,
      strides: [2, 1],
      padding: 1,
      groups: 2,
      seed: 1,
    }),
    layers.prelu({ name: 'prelu1' }),
    tfl.layers.prelu({ name: 'prelu2', sharedAxes: [1, 2] }),
  );
  const joined = tfl.layers
    .concatenate()
    .apply([
      chain(features, tfl.layers.flatten()),
      chain(features, tfl.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' })),
    ]) as tfl.SymbolicTensor;
  const output = chain(
    joined,
    layers.batchNorm({ name: 'norm2' }),
    layers.rprelu({ name: 'act2' }),
    layers.binaryDense({ ...ste, name: 'binary2', units: 5, seed: 2 }),
    layers.batchNorm({ name: 'norm3' }),
    tfl.layers.dense({ name: 'head', units: 3 }),
  );
  return tfl.model({ name: 'every-weight', inputs: input, outputs: output });
}
