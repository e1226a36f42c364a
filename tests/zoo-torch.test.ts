/**
 * The networks of the zoo compute what PyTorch computes, from weights under the names of PyTorch's repositories, which
 * `torchNames` finds out by itself. zoo.torch.py made the outputs and has the formula of all numbers.
 */
import { readFileSync } from 'node:fs';
import { importTorchWeights } from '@surge-bnn/converter';
import { canonicalForward } from '@surge-bnn/core';
import { buildModel, torchNames } from '@surge-bnn/models';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { use } from './backends.js';
import { numbers, product } from './torch-numbers.js';

interface Case {
  readonly network: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly side: number;
  /** The state dict's tensors in its order: offset + scale v. */
  readonly tensors: readonly (readonly [
    name: string,
    shape: readonly number[],
    offset: number,
    scale: number,
  ])[];
  readonly logits: number[][];
}

const file = new URL('zoo.torch.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

beforeAll(() => use('surge-wasm'));

describe.each(cases)('$network, $options', ({ network, options, side, tensors, logits }) => {
  it("takes all of PyTorch's weights and gives PyTorch's outputs", () => {
    const model = buildModel(
      { network, options },
      {
        inputBinarizer: 'ste',
        weightBinarizer: 'ste',
        seed: 1,
        inputShape: [side, side, 3],
        classes: 10,
      },
    );
    const state = new Map(
      tensors.map(([name, shape, offset, scale], k) => {
        const values = Float32Array.from(numbers(k, product(shape)), (v) => offset + scale * v);
        return [name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) }];
      }),
    );
    const names = torchNames(model, state.keys());
    const report = importTorchWeights(model, state, { names });
    expect(report.weights.map((w) => w.tensor).toSorted()).toEqual([...state.keys()].toSorted());
    expect(report.remarks).toEqual([]);
    const shape = [2, side, side, 3];
    const picture = tf.tensor(
      numbers(1000, product(shape)).map((v) => 1.5 * v),
      shape,
    );
    for (const output of [canonicalForward(model, picture), model.predict(picture) as tf.Tensor]) {
      const gap = tf.max(tf.abs(tf.sub(output, tf.tensor(logits)))).dataSync()[0];
      expect(gap).toBeLessThan(1e-4);
    }
    model.dispose();
  });
});
