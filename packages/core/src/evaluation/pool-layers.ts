/** Rules of the pools, by the runtime's own loops: f64 sums rounded once; a maximum that a NaN does not escape. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { convGeometry } from '@surge-bnn/contract';
import type { ConvGeometry } from '@surge-bnn/contract';
import { averagePool2d, maxPool2d } from '@surge-bnn/runtime';
import type { PoolShape } from '@surge-bnn/runtime';
import { MaxPool2D } from '../layers/max-pool-2d.js';
import { paddingOf, pairOf, refuseChannelsFirst } from './layer-parts.js';
import type { Layer } from './layer-parts.js';
import type { Rule } from './rule.js';

/** One picture. */
type Pool = (x: Float32Array, shape: PoolShape, out: Float32Array) => void;

export const averagePooling2dLayer: Rule = (layer, [x]) =>
  pooled(averagePool2d, x, windowOf(layer, x));

/** Not TF.js's own: its backends leave a NaN out. */
export const maxPooling2dLayer: Rule = (layer, [x]) => pooled(maxPool2d, x, windowOf(layer, x));

/** Our own, whose padding may be a number. */
export const maxPool2dLayer: Rule = (layer, [x]) => {
  if (!(layer instanceof MaxPool2D)) throw new Error(`layer "${layer.name}" is no MaxPool2D`);
  return pooled(maxPool2d, x, layer.geometry(x.shape));
};

export const globalAveragePooling2dLayer: Rule = (layer, [x]) => {
  refuseChannelsFirst(layer);
  const [batch, height, width, channels] = x.shape;
  const geometry = convGeometry(x.shape, [height, width, channels, channels], {}, layer.name);
  return tf.reshape(pooled(averagePool2d, x, geometry), [batch, channels]);
};

function windowOf(layer: Layer, x: Tensor): ConvGeometry {
  refuseChannelsFirst(layer);
  const [channels] = x.shape.slice(-1);
  return convGeometry(
    x.shape,
    [...pairOf(layer, 'poolSize'), channels, channels],
    { strides: pairOf(layer, 'strides'), padding: paddingOf(layer) },
    layer.name,
  );
}

function pooled(pool: Pool, x: Tensor, g: ConvGeometry): Tensor {
  const channels = g.inChannels;
  const values = x.dataSync<'float32'>();
  const inSize = g.inHeight * g.inWidth * channels;
  const outSize = g.outHeight * g.outWidth * channels;
  const y = new Float32Array(g.batch * outSize);
  for (let n = 0; n < g.batch; n++) {
    const picture = values.subarray(n * inSize, (n + 1) * inSize);
    pool(picture, { ...g, channels }, y.subarray(n * outSize, (n + 1) * outSize));
  }
  return tf.tensor(y, [g.batch, g.outHeight, g.outWidth, channels]);
}
