// A PyTorch network becomes a packed *.bnn file: node examples/import-pytorch/import.mjs [weights.safetensors]
import { readFile, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { convertModel, importTorchWeights, readSafetensors } from '@surge-bnn/converter';
import { loadImages } from '@surge-bnn/data';
import { useEngine } from '@surge-bnn/engine';
import { buildModel } from '@surge-bnn/models';
import { load } from '@surge-bnn/runtime';
import { torchFile } from './torch-file.mjs';

await useEngine();

// The weights: a file of yours, or the one that stands for it here.
const given = process.argv[2];
const file = given === undefined ? torchFile(5) : await readFile(given);

// The same architecture, built by us, and filled.
const ste = { inputBinarizer: 'ste', weightBinarizer: 'ste' };
const context = { ...ste, seed: 1, inputShape: [28, 28, 1], classes: 10 };
const model = buildModel({ network: 'digits-cnn' }, context);
const { weights, ignored, remarks } = importTorchWeights(model, readSafetensors(file));
for (const { tensor, layer, weight, change } of weights) {
  console.log(`${tensor.padEnd(20)} -> ${`${layer}/${weight}`.padEnd(20)} ${change}`);
}
console.log(`not needed: ${ignored.join(', ')}`);
for (const remark of remarks) console.log(remark);

// The pictures as the PyTorch program scaled them: here (byte / 255 - 0.5) / 0.5.
const pixels = { mean: [0.5], std: [0.5] };
const digits = await loadImages('digits', { split: 'test' });
const count = 500;
const images = digits.images.subarray(0, count * 28 * 28);
const scaled = (byte) => (byte / 255 - pixels.mean[0]) / pixels.std[0];
const x = tf.tensor4d(Float32Array.from(images, scaled), [count, 28, 28, 1]);
const imported = await model.predict(x).data();

// Bits. The converter proves on these pictures that the file computes what the model does.
const { bytes, report } = await convertModel(model, {
  inputs: [x],
  inputsAre: `${count} test images of digits`,
  pixels,
  classes: digits.classes,
});
await writeFile(new URL('digits.bnn', import.meta.url), bytes);

// What somebody who has only the file and the runtime gets.
const packed = await load(bytes);
const logits = packed.run(images); // bytes: the file says how they become numbers

const classOf = (all, i) => {
  const row = Array.from(all.subarray(10 * i, 10 * i + 10));
  return row.indexOf(Math.max(...row));
};
const pictures = Array.from({ length: count }, (_, i) => i);
const correct = pictures.filter((i) => classOf(logits, i) === digits.labels[i]).length;
const same = pictures.filter((i) => classOf(logits, i) === classOf(imported, i)).length;
const { agreement, floatBytes } = report;
console.log(`proven equal, bit for bit: ${agreement.equalOutputs} of ${agreement.inputs} pictures`);
console.log(`same class as the imported model: ${same} of ${count}`);
console.log(
  `right: ${correct} of ${count}${given === undefined ? ' (nobody trained this one)' : ''}`,
);
console.log(`digits.bnn: ${bytes.length} bytes; weights in float32: ${floatBytes}`);
