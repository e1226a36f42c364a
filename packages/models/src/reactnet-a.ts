/**
 * ReActNet-A (arXiv 2003.03488): MobileNet-v1 with ordinary binary convolutions in place of the depthwise ones. Each of 13 blocks is
 *
 *     y = rprelu1(bn1(conv3x3(sign(x + move11))) + x)
 *     z = rprelu2(bn2(conv1x1(sign(y + move21))) + y)
 *
 * where the learnable bias in front of a sign is the paper's RSign. A block with stride 2 averages x over 2x2 in its first shortcut.
 * Where the channels double, there are two 1x1 convolutions of equal width, each with the shortcut y, and their results stand
 * side by side. So no shortcut has weights. Names are those of the PyTorch repository; `rprelu1` is its move12, prelu1, move13.
 *
 * A binarizer with a shift of its own (`reactnet`, `bnext`) is taken without it: the network's own has the repository's name, and one
 * stands in front of both 1x1 convolutions of a pair.
 */
import { layers, withoutShift } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { averaged, floatConv, halved, innerConv, linear, on } from './convolutions.js';
import type { BuildContext, Network } from './network.js';
import { checkSharedOptions, sharedDefaults } from './options.js';
import type { SharedOptions } from './options.js';

/** Channels behind the stem and behind each block, in those of the stem. */
const multiples = [1, 2, 4, 4, 8, 8, 16, 16, 16, 16, 16, 16, 32, 32];

export const reActNetA: Network<SharedOptions> = {
  name: 'reactnet-a',
  summary: 'ImageNet ReActNet-A: float stem, 13 blocks of a binary 3x3 and 1x1, RSign and RPReLU',
  source: 'ReActNet (arXiv 2003.03488; liuzechun/ReActNet, mobilenet)',
  differs:
    "no scale of the weights, which is the binarizer's matter; latent weights start Kaiming-normal, theirs uniform in [0, 0.001)",
  inputShape: [224, 224, 3],
  classes: 1000,
  defaults: { width: 32, ...sharedDefaults },
  build(options, context) {
    checkSharedOptions('reactnet-a', options);
    const { width, momentum } = options;
    const inner = { ...context, inputBinarizer: withoutShift(context.inputBinarizer) };
    const input = tfl.input({ name: 'input', shape: context.inputShape });
    let x = on(floatConv('feature.0.conv1', width, context, { strides: 2 }), input);
    x = on(layers.batchNorm({ name: 'feature.0.bn1', momentum }), x);
    for (let i = 1; i < multiples.length; i++) {
      const doubles = multiples[i] !== multiples[i - 1];
      // The first block doubles the channels of a picture that the stem has just halved.
      const strides = doubles && i > 1 ? 2 : 1;
      x = block(`feature.${i}`, x, { doubles, strides }, options, inner);
    }
    const outputs = on(linear('fc', context), averaged(x));
    return tfl.model({ name: 'reactnet-a', inputs: input, outputs });
  },
};

function block(
  name: string,
  x: SymbolicTensor,
  { doubles, strides }: { doubles: boolean; strides: number },
  options: SharedOptions,
  context: BuildContext,
): SymbolicTensor {
  const channels = Number(x.shape[3]);
  const part = (suffix: string) => `${name}.${suffix}`;
  const shifted = (suffix: string, from: SymbolicTensor) =>
    on(layers.channelBias({ name: part(suffix) }), from);
  /** bn(conv(from)) + shortcut. */
  const convolved = (
    [conv, norm, sum]: readonly [string, string, string],
    window: { kernelSize: number; strides: number },
    from: SymbolicTensor,
    shortcut: SymbolicTensor,
  ) => {
    const y = on(innerConv(part(conv), channels, options, context, window), from);
    const { momentum } = options;
    const z = on(layers.batchNorm({ name: part(norm), momentum }), y);
    return on(tfl.layers.add({ name: part(sum) }), [z, shortcut]);
  };

  const spatial = { kernelSize: 3, strides };
  const past = strides === 1 ? x : halved(part('pooling'), x);
  let y = convolved(['binary_3x3', 'bn1', 'sum1'], spatial, shifted('move11', x), past);
  y = on(layers.rprelu({ name: part('rprelu1') }), y);

  const pointwise = { kernelSize: 1, strides: 1 };
  const moved = shifted('move21', y);
  const halves = doubles
    ? (['1', '2'] as const).map((i) =>
        convolved([`binary_pw_down${i}`, `bn2_${i}`, `sum2_${i}`], pointwise, moved, y),
      )
    : [convolved(['binary_pw', 'bn2', 'sum2'], pointwise, moved, y)];
  const z = doubles ? on(tfl.layers.concatenate({ name: part('cat') }), halves) : halves[0];
  return on(layers.rprelu({ name: part('rprelu2') }), z);
}
