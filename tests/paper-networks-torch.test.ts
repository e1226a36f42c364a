/**
 * The networks from the papers compute what PyTorch computes, from PyTorch's weights under the names of the papers'
 * repositories. paper-networks.torch.py made the outputs and has the formula of all numbers.
 */
import { readFileSync } from 'node:fs';
import { importTorchWeights } from '@surge-bnn/converter';
import { canonicalForward } from '@surge-bnn/core';
import { buildModel } from '@surge-bnn/models';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { use } from './backends.js';
import { numbers, product } from './torch-numbers.js';

interface Case {
  readonly network: string;
  readonly precision: 'binary' | 'full';
  readonly width: number;
  readonly side: number;
  /** Shapes of the state dict's tensors, in its order. */
  readonly tensors: Readonly<Record<string, number[]>>;
  readonly logits: readonly number[][];
}

const file = new URL('paper-networks.torch.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

beforeAll(() => use('cpu'));

/** `fill` of the script. */
function stateDict({ network, precision, tensors }: Case) {
  let last = 1;
  return new Map(
    Object.entries(tensors).map(([name, shape], k) => {
      const [, module, role] = /^(.*)\.(\w+)$/.exec(name) ?? [];
      const inner = network === 'resnet-20' ? /^layer.*conv/ : /^conv[1-5]/;
      const change = (v: number): number => {
        if (role === 'running_mean') return 0.2 * v;
        if (role === 'running_var') return last * (1 + 0.5 * v);
        if (/bn\d$/.test(module)) return role === 'weight' ? 1 + 0.3 * v : 0.3 * v;
        return role === 'weight' ? v * Math.sqrt(6 / product(shape.slice(1))) : 0.3 * v;
      };
      const values = Float32Array.from(numbers(k, product(shape)), change);
      if (role === 'weight' && !/bn\d$/.test(module)) {
        last = precision === 'binary' && inner.test(module) ? product(shape.slice(1)) : 1;
      }
      return [name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) }];
    }),
  );
}

describe.each(cases)('$network, $precision, with weights from PyTorch', (one) => {
  it("takes all of them and gives PyTorch's outputs", () => {
    const { network, precision, width, side, logits } = one;
    const model = buildModel(
      { network, options: { width, precision } },
      {
        inputBinarizer: 'ste',
        weightBinarizer: 'ste',
        seed: 1,
        inputShape: [side, side, 3],
        classes: 10,
      },
    );
    const state = stateDict(one);
    const report = importTorchWeights(model, state);
    expect(report.weights.map((w) => w.tensor).toSorted()).toEqual([...state.keys()].toSorted());
    expect(report.remarks).toEqual([]);
    const shape = [2, side, side, 3];
    const picture = tf.tensor(
      numbers(1000, product(shape)).map((v) => 1.5 * v),
      shape,
    );
    const outputs = [canonicalForward(model, picture), model.predict(picture) as tf.Tensor];
    for (const output of outputs) {
      const gap = tf.max(tf.abs(tf.sub(output, tf.tensor(logits as number[][])))).dataSync()[0];
      expect(gap).toBeLessThan(1e-4);
    }
    model.dispose();
  });
});
