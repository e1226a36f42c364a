/** A small network with every layer that can be shipped, for tests. */
import { layers } from '@surge-bnn/core';
import type { Binarizer, Model } from '@surge-bnn/core';
import { binaryLayers, binarizers } from '@surge-bnn/core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** Signs times the mean of |w| per output channel (XNOR-Net's forward), built from the four parts as a user would. */
export const scaledSigns: Binarizer = {
  ...binarizers.ste,
  name: 'scaled-signs',
  scale: {
    name: 'mean',
    parameters: [],
    scale: (latent) =>
      tf.mean(
        tf.abs(latent),
        latent.shape.slice(0, -1).map((_, i) => i),
      ),
    multipliesWeightGradient: true,
  },
};

const seeded = (seed: number) => tfl.initializers.heNormal({ seed });

/**
 * Input [10, 9, 3], output 5 probabilities. Every convertible kind of layer occurs, among them all pad values, strides,
 * groups, dilation, weight-only layers, a scale, residual adds, a layer that is called twice, and a nested model.
 */
export function everyLayer(): Model {
  const input = tfl.input({ shape: [10, 9, 3], name: 'pixels' });
  const on = (layer: tfl.layers.Layer, ...x: tfl.SymbolicTensor[]) =>
    layer.apply(x.length === 1 ? x[0] : x) as tfl.SymbolicTensor;

  const bordered = on(
    tfl.layers.zeroPadding2d({
      name: 'border',
      padding: [
        [1, 0],
        [2, 0],
      ],
    }),
    input,
  ); // 11 x 11
  let x = on(
    tfl.layers.conv2d({
      name: 'stem',
      filters: 6,
      kernelSize: [2, 3],
      padding: 'valid',
      activation: 'relu6',
      kernelInitializer: seeded(1),
    }),
    bordered,
  );
  x = on(tfl.layers.batchNormalization({ name: 'tfNorm' }), x);
  x = on(
    tfl.layers.depthwiseConv2d({
      name: 'depthwise',
      kernelSize: [3, 2],
      depthMultiplier: 2,
      padding: 'valid',
      depthwiseInitializer: seeded(2),
    }),
    x,
  ); // 8 x 8 x 12
  x = on(tfl.layers.leakyReLU({ name: 'leaky', alpha: 0.1 }), x);
  x = on(tfl.layers.gaussianNoise({ name: 'noise', stddev: 0.01 }), x);

  let y = on(layers.binaryConv2d({ name: 'binary1', filters: 12, kernelSize: 3, seed: 3 }), x);
  y = on(layers.batchNorm({ name: 'norm1' }), y);
  x = on(tfl.layers.add({ name: 'add1' }), x, y); // real residual
  y = on(
    layers.binaryConv2d({
      name: 'binary2',
      filters: 8,
      kernelSize: 3,
      groups: 2,
      padValue: 0,
      weightBinarizer: scaledSigns,
      seed: 4,
    }),
    x,
  );
  y = on(layers.batchNorm({ name: 'norm2' }), y);
  y = on(tfl.layers.maxPooling2d({ name: 'pool', poolSize: 2, padding: 'same' }), y); // 4 x 4 x 8
  // Channels with thresholds of their own; 4 x 4 again, now with a border on all sides.
  y = on(layers.channelBias({ name: 'bias' }), y);
  y = on(layers.maxPool2d({ name: 'paddedPool', poolSize: 3, strides: 1, padding: 1 }), y);
  y = on(layers.prelu({ name: 'prelu' }), y);
  y = on(
    layers.binaryConv2d({
      name: 'binary3',
      filters: 33,
      kernelSize: 3,
      dilationRate: 2,
      padding: 2,
      padValue: -1,
      seed: 5,
    }),
    y,
  );
  y = on(layers.batchNorm({ name: 'norm3' }), y);
  y = on(layers.rprelu({ name: 'rprelu' }), y);
  y = on(layers.maxout({ name: 'maxout' }), y);
  y = on(layers.hardTanh({ name: 'hardTanh' }), y);
  // The two kinds of a shortcut of a ResNet; 2 x 2 x 16.
  const past = on(layers.padChannels({ name: 'pad', before: 1, after: 3 }), x); // 8 x 8 x 16
  const halved = on(
    layers.conv2d({ name: 'halved', filters: 16, kernelSize: 3, strides: 4, padding: 1, seed: 15 }),
    past,
  );
  y = on(
    layers.binaryConv2d({ name: 'binary4', filters: 16, kernelSize: 3, strides: 2, seed: 6 }),
    y,
  );
  y = on(layers.hardTanh({ name: 'hardTanhOfSum' }), y, halved);
  y = on(layers.batchNorm({ name: 'normAndSum', activation: 'hardTanh' }), y, halved);
  y = on(tfl.layers.reLU({ name: 'relu', maxValue: 5 }), y);

  const shortcut = on(
    tfl.layers.averagePooling2d({ name: 'average', poolSize: 3, strides: 4, padding: 'same' }),
    x,
  ); // 2 x 2 x 12
  // A binary layer's sums as they are, twice as large and back: 4 x 4 x 16, 2 x 2 x 16.
  y = on(layers.doubled2d({ name: 'doubled' }), y);
  y = on(
    layers.binaryConv2d({ name: 'halving', filters: 16, kernelSize: 2, strides: 2, seed: 19 }),
    y,
  );
  const normed = on(layers.l2Norm({ name: 'l2Norm', scale: 3 }), shortcut);
  let z = on(tfl.layers.concatenate({ name: 'concat' }), y, normed); // 2 x 2 x 28
  z = on(
    layers.binaryConv2d({
      name: 'weightOnly',
      filters: 10,
      kernelSize: 1,
      inputBinarizer: 'none',
      weightBinarizer: scaledSigns,
      seed: 7,
    }),
    z,
  );
  z = on(tfl.layers.activation({ name: 'tanh', activation: 'tanh' }), z);
  const means = on(tfl.layers.globalAveragePooling2d({ name: 'means' }), z);
  const most = on(tfl.layers.globalMaxPooling2d({ name: 'most' }), z);
  let v = on(tfl.layers.flatten({ name: 'flatten' }), z); // 40
  v = on(layers.batchNorm({ name: 'norm4' }), v);
  v = on(layers.binaryDense({ name: 'dense1', units: 10, seed: 8 }), v);
  v = on(layers.batchNorm({ name: 'norm5' }), v);

  // A nested model that is called twice: its layers share their weights.
  const nested = tfl.sequential({
    name: 'nested',
    layers: [
      layers.binaryDense({ name: 'shared', units: 10, seed: 9, inputShape: [10] }),
      layers.batchNorm({ name: 'sharedNorm' }),
    ],
  });
  v = on(nested, v);
  v = on(tfl.layers.dropout({ name: 'dropout', rate: 0.2 }), v);
  v = on(nested, v);
  const w = on(
    layers.binaryDense({ name: 'weightOnlyDense', units: 10, inputBinarizer: 'none', seed: 10 }),
    means,
  );
  v = on(tfl.layers.add({ name: 'add2' }), v, w, most);
  v = on(tfl.layers.reshape({ name: 'reshape', targetShape: [2, 5] }), v);
  const series = { filters: 5, kernelSize: 3 };
  v = on(layers.binaryConv1d({ name: 'series', ...series, padding: 2, padValue: -1, seed: 16 }), v); // 4 x 5
  v = on(layers.batchNorm({ name: 'seriesNorm', scale: false }), v);
  v = on(layers.binaryConv1d({ name: 'thinned', ...series, strides: 2, padding: 1, seed: 17 }), v); // 2 x 5
  v = on(
    layers.binaryConv1d({ name: 'seriesWeights', ...series, inputBinarizer: 'none', seed: 18 }),
    v,
  );
  v = on(layers.binaryDense({ name: 'dense2', units: 7, seed: 11 }), v);
  v = on(tfl.layers.flatten({ name: 'flatten2' }), v);
  v = on(layers.batchNorm({ name: 'norm6' }), v);
  v = on(layers.binaryDense({ name: 'dense3', units: 6, seed: 12 }), v);
  v = on(
    tfl.layers.dense({
      name: 'hidden',
      units: 6,
      activation: 'sigmoid',
      kernelInitializer: seeded(13),
    }),
    v,
  );
  v = on(tfl.layers.dense({ name: 'classifier', units: 5, kernelInitializer: seeded(14) }), v);
  v = on(tfl.layers.softmax({ name: 'softmax' }), v);
  return tfl.model({ inputs: input, outputs: v, name: 'every layer' });
}

/** Inputs for it, from a fixed seed. */
export function pictures(count: number, seed = 1): tf.Tensor4D {
  return tf.randomNormal<tf.Rank.R4>([count, 10, 9, 3], 0, 1, 'float32', seed);
}

/** A few steps of training, so that statistics, slopes and shifts are no longer those of the start. */
export async function trained(model: Model): Promise<Model> {
  model.compile({ optimizer: tf.train.adam(0.02), loss: 'categoricalCrossentropy' });
  const x = pictures(16, 2);
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: 16 }, (_, i) => i % 5),
      'int32',
    ),
    5,
  );
  await model.fit(x, labels, { epochs: 3, batchSize: 8, shuffle: false });
  tf.dispose([x, labels]);
  for (const layer of binaryLayers(model)) layer.clipLatentWeights();
  return model;
}
