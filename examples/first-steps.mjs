// A binary network in plain TF.js style, trained with SURGE on the 10,000 digits: node examples/first-steps.mjs
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { attachCompensator, detachCompensator, layers, summarize, surge } from '@surge-bnn/core';
import { loadImages } from '@surge-bnn/data';
import { useEngine } from '@surge-bnn/engine';

await useEngine();
const { images, labels, count } = await loadImages('digits', { split: 'train' });
const pixels = Float32Array.from(images, (pixel) => pixel / 127.5 - 1);
const x = tf.tensor4d(pixels, [count, 28, 28, 1]);
const y = tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 10), 'float32');
const model = tfl.sequential();
model.add(tfl.layers.conv2d({ filters: 16, kernelSize: 3, strides: 2, inputShape: [28, 28, 1] }));
model.add(layers.batchNorm());
const ste = { inputBinarizer: 'ste', weightBinarizer: 'ste' };
model.add(layers.binaryConv2d({ ...ste, filters: 32, kernelSize: 3, strides: 2 }));
model.add(layers.batchNorm());
model.add(tfl.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }));
model.add(tfl.layers.dense({ units: 10, activation: 'softmax' }));
model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
attachCompensator(model, surge({ eta: 0.1 })); // a second gradient path, in training only
const { history } = await model.fit(x, y, { epochs: Number(process.argv[2] ?? 2), verbose: 0 });
detachCompensator(model); // what ships is a plain binary network
console.log('accuracy', history.acc, 'binary share', summarize(model).total.binaryShare);
