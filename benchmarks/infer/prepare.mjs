/**
 * Makes what the contenders of one network load, in a process that ends: the packed model file, the float twin with merged batch
 * norms as ONNX and as a model file (of float ops, which the tfjs contender reads), inputs, and what must come out.
 *
 *   node prepare.mjs NETWORK FOLDER
 *
 * Weights are random. Batch norm's statistics are averaged over random pictures, so that signs fall on both sides and numbers keep
 * their size. Expected outputs are those of the packed runtime's reference kernels, for the float twin too.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { exportOnnx, packModel } from '@surge-bnn/converter';
import { reestimateBatchNorm } from '@surge-bnn/core';
import { randomStream } from '@surge-bnn/data';
import { useEngine } from '@surge-bnn/engine';
import { buildModel } from '@surge-bnn/models';
import { encodeModel, PackedModel } from '@surge-bnn/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { multiplyingNodes } from './layers.mjs';
import { examples, specOf } from './networks.mjs';

const [network, folder] = process.argv.slice(2);
const at = (name) => path.join(folder, name);
const size = (shape) => shape.reduce((a, b) => a * b, 1);

const { inputShape } = specOf(network, 'packed');
const inputs = randomNumbers(examples * size(inputShape));
writeFileSync(at('inputs.f32'), inputs);

await useEngine({ backend: 'auto' });
const files = { packed: await prepare('packed'), float: await prepare('float') };
process.stdout.write(
  `${JSON.stringify({ inputShape, files, multiplying: files.packed.multiplying })}\n`,
);

async function prepare(kind) {
  const made = await lowered(kind);
  const bytes = encodeModel(made);
  writeFileSync(at(`${kind}.bnn`), bytes);
  writeFileSync(at(`${kind}.expected.f32`), expected(made, kind));
  if (kind === 'packed') {
    const description = PackedModel.from(made).describe();
    return { bytes: bytes.length, multiplying: multiplyingNodes(made.graph, description) };
  }
  const onnx = exportOnnx(made);
  writeFileSync(at(`${kind}.onnx`), onnx);
  return { bytes: onnx.length };
}

async function lowered(kind) {
  const { spec, classes } = specOf(network, kind);
  const binarizers = { inputBinarizer: 'ste', weightBinarizer: 'ste' };
  const model = buildModel(spec, { ...binarizers, seed: 1, inputShape, classes });
  const pictures = tf.tensor(inputs, [examples, ...inputShape]);
  await reestimateBatchNorm(model, [pictures]);
  const { source } = packModel(model, { merge: kind === 'float' });
  pictures.dispose();
  model.dispose();
  return source;
}

/** Of two examples, which must not come out the same; of a float twin, whose reference is slow, of one. */
function expected(source, kind) {
  const model = PackedModel.from(source, { kernels: 'reference' });
  const count = kind === 'packed' ? 2 : 1;
  const outputs = model.run(inputs.subarray(0, count * size(inputShape)));
  const half = outputs.length / count;
  const [first, second] = [outputs.subarray(0, half), outputs.subarray(half)];
  if (kind === 'packed' && first.every((value, i) => value === second[i])) {
    throw new Error(`${network} makes the same of two pictures; nothing could be compared`);
  }
  return outputs;
}

function randomNumbers(count) {
  const random = randomStream(1, 'benchmark');
  return Float32Array.from({ length: count }, () => random.normal());
}
