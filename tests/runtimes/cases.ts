/**
 * Models and inputs that every engine gets, and what PackedModel.run makes of them here, in Node. Integers and float sums in one order are the
 * same everywhere if the engine is right; sigmoid, tanh and softmax only because the runtime has an exponential of its own.
 */
import '@tensorflow/tfjs-backend-cpu';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packModel } from '@surge-bnn/converter';
import { loadImages } from '@surge-bnn/data';
import { buildModel } from '@surge-bnn/models';
import { encodeModel, load } from '@surge-bnn/runtime';
import type { GraphNode } from '@surge-bnn/runtime';
import { root } from './engines.js';

export interface Case {
  readonly name: string;
  readonly model: Uint8Array;
  /** Bytes of pictures, or numbers. */
  readonly input: Uint8Array | Float32Array;
}

export const digitsFile = path.join(root, 'examples/web/public/digits.bnn');
export const cifarClasses = [
  ...['airplane', 'automobile', 'bird', 'cat', 'deer'],
  ...['dog', 'frog', 'horse', 'ship', 'truck'],
];

/** An untrained ResNet-20 for pictures of 32 x 32 x 3. */
export function cifarModel(): Uint8Array {
  const model = buildModel(
    { network: 'resnet-20' },
    {
      inputBinarizer: 'ste',
      weightBinarizer: 'ste',
      seed: 1,
      inputShape: [32, 32, 3],
      classes: 10,
    },
  );
  const pixels = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  const { source } = packModel(model, { pixels, classes: cifarClasses });
  model.dispose();
  return encodeModel(source);
}

/** x -> tanh -> sigmoid -> softmax, 40 numbers each. */
export function curvesModel(): Uint8Array {
  const nodes: GraphNode[] = (['tanh', 'sigmoid', 'softmax'] as const).map((op, i, ops) => ({
    name: op,
    op,
    inputs: [i === 0 ? 'x' : ops[i - 1]],
    attributes: {},
    tensors: {},
    output: { type: 'f32', shape: [40] },
    layers: [],
  }));
  const graph = { inputs: [{ name: 'x', shape: [40] }], nodes, outputs: ['softmax'] };
  return encodeModel({ graph, tensors: new Map(), metadata: {} });
}

export async function makeCases(): Promise<readonly Case[]> {
  const { images } = await loadImages('digits', { split: 'test' });
  const colours = Uint8Array.from({ length: 2 * 3072 }, (_, i) => (i * i + 31 * i) % 256);
  const numbers = Float32Array.from({ length: 3 * 40 }, (_, i) => Math.fround((i - 60) / 7));
  return [
    { name: 'digits', model: await readFile(digitsFile), input: images.slice(0, 20 * 784) },
    { name: 'cifar', model: cifarModel(), input: colours },
    { name: 'curves', model: curvesModel(), input: numbers },
  ];
}

/** All outputs of all cases, in their order. */
export async function outputsInNode(cases: readonly Case[]): Promise<Float32Array> {
  const all: number[] = [];
  for (const { model, input } of cases) all.push(...(await load(model)).run(input));
  return Float32Array.from(all);
}

/** As files for another engine: cases.json with names, and NAME.bnn, NAME.u8 or NAME.f32. */
export async function writeCases(folder: string, cases: readonly Case[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const list = cases.map(({ name, input }) => ({
    model: `${name}.bnn`,
    input: `${name}.${input instanceof Float32Array ? 'f32' : 'u8'}`,
  }));
  await writeFile(path.join(folder, 'cases.json'), JSON.stringify(list));
  for (const [i, { model, input }] of cases.entries()) {
    await writeFile(path.join(folder, list[i].model), model);
    const bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    await writeFile(path.join(folder, list[i].input), bytes);
  }
}

/** Bit patterns of float32, so that 0 and -0 differ. */
export function bitsOf(numbers: Uint8Array | Float32Array): Uint32Array {
  const { buffer, byteOffset, byteLength } = numbers;
  return new Uint32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}
