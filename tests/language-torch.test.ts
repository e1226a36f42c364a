/**
 * Small BERTs, float, BiBERT's and BiT's, compute what PyTorch's autograd computes from the same parameters: hidden states, pooled output, logits, loss,
 * and the gradient of every parameter, BiT's scales and shifts among them. language.torch.py made the numbers, in float64.
 *
 * What the sources leave open, and both sides do: W1A2 by LSQ's formulas, its unsigned levels from 0 on; N of BiT's gradients counts padding, too; BiBERT's
 * weights get their gradient through the centring, without their scale as a factor; pooler and head are float; BiT's attention has no shifts.
 */
import { readFileSync } from 'node:fs';
import { canonicalForward, ops } from '@surge-bnn/core';
import { bert, loadTensors, networkWeights, textInputs } from '@surge-bnn/language';
import type { Bert, BertOptions } from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { backends, use } from './backends.js';
import { numbers, product } from './torch-numbers.js';

/** float32, little-endian, in base64. */
type Packed = string;

interface Case {
  readonly name: string;
  readonly options: Partial<BertOptions>;
  /** offset + scale v, v the numbers of k. */
  readonly tensors: [name: string, shape: number[], offset: number, scale: number, k: number][];
  readonly count: number;
  readonly length: number;
  readonly ids: number[];
  readonly types: number[];
  readonly mask: number[];
  readonly labels: number[];
  /** Of the embeddings, then of each layer. */
  readonly hiddenStates: Packed[];
  readonly pooled: Packed;
  readonly logits: Packed;
  readonly loss: number;
  readonly gradients: Record<string, Packed>;
}

const file = new URL('language.torch.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

/**
 * Of the largest entry of a tensor. A forward is float32's rounding (6e-8) through two layers, of sums of at most 32 terms: 5.5e-7 was the worst. A gradient
 * comes back through them, and that of a scale is a sum over all inputs of which a fiftieth may be left (LEAST_LEFT of the script): 4.4e-6 was the worst.
 * A wrong formula is far more: one entry too few in N, of 384, is 1.3e-3.
 */
const FORWARD_BOUND = 2e-6;
const GRADIENT_BOUND = 1e-5;

function unpacked(text: Packed): Float32Array {
  const { buffer } = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Float32Array(buffer);
}

const largest = (values: Float32Array) =>
  values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

function expectNear(ours: Float32Array, theirs: Float32Array, bound: number, what: string): void {
  expect(ours, what).toHaveLength(theirs.length);
  const worst = largest(theirs.map((v, i) => ours[i] - v));
  expect(worst / largest(theirs), what).toBeLessThan(bound);
}

function build({ options, tensors }: Case): Bert {
  const head = { kind: 'classifier', labels: 3 } as const;
  const network = bert({ ...options, dropout: 0, attentionDropout: 0 }, { head });
  const weights = new Map(
    tensors.map(([name, shape, offset, scale, k]) => {
      const values = Float32Array.from(numbers(k, product(shape)), (v) => offset + scale * v);
      return [name, { shape, values }];
    }),
  );
  expect(loadTensors(network, weights)).toEqual({ unused: [], kept: [] });
  return network;
}

const inputsOf = ({ ids, types, mask, count, length }: Case) =>
  textInputs({
    ids: Int32Array.from(ids),
    types: Int32Array.from(types),
    mask: Int32Array.from(mask),
    count,
    length,
  });

/** Gradients by the names and in the layout of PyTorch's parameters: that of the network's weights, whose place they take. */
function gradientsOf({ model, ...rest }: Bert, loss: () => tf.Scalar) {
  const variables = model.weights.map((weight) => weight.read() as tf.Variable);
  const { value, grads } = tf.variableGrads(loss, variables);
  model.weights.forEach((weight, i) => weight.write(grads[variables[i].name]));
  return { loss: value.dataSync()[0], gradients: networkWeights({ ...rest, model }) };
}

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => use(backend));

  it.each(cases)('$name: hidden states, pooled output and logits', (one) => {
    const network = build(one);
    const { model, hiddenStates } = network;
    const pooled = model.getLayer('bert.pooler.dense').output as tfl.SymbolicTensor;
    const outputs = [...hiddenStates, pooled, ...model.outputs];
    const wanted = [...one.hiddenStates, one.pooled, one.logits].map(unpacked);
    tf.tidy(() => {
      const inputs = inputsOf(one);
      const found = tfl.model({ inputs: model.inputs, outputs }).apply(inputs) as tf.Tensor[];
      expect(found).toHaveLength(wanted.length);
      wanted.forEach((theirs, i) => {
        expectNear(found[i].dataSync<'float32'>(), theirs, FORWARD_BOUND, outputs[i].name);
      });
      // As the packed model has them; inputs of two bits are never packed.
      if (one.options.inputs === 'two-bit') return;
      const logits = canonicalForward(model, inputs).dataSync<'float32'>();
      expectNear(logits, unpacked(one.logits), FORWARD_BOUND, 'in canonical arithmetic');
    });
    network.dispose();
  });

  it.each(cases)('$name: loss and gradients', (one) => {
    const network = build(one);
    tf.tidy(() => {
      const inputs = inputsOf(one);
      const labels = tf.tensor1d(one.labels, 'int32');
      const { loss, gradients } = gradientsOf(network, () => {
        const logits = network.model.apply(inputs, { training: true }) as tf.Tensor2D;
        return tf.mean(ops.classCrossEntropy(logits, labels));
      });
      expect(Math.abs(loss - one.loss)).toBeLessThan(FORWARD_BOUND * one.loss);
      expect([...gradients.keys()].toSorted()).toEqual(Object.keys(one.gradients).toSorted());
      for (const [name, { values }] of gradients) {
        const theirs = unpacked(one.gradients[name]);
        if (one.options.method === 'none' && name.endsWith('key.bias')) {
          // It adds the same to all scores of a query, which softmax does not see: 0, and rounding on either side.
          expect(largest(theirs), name).toBeLessThan(1e-15);
          expect(largest(values), name).toBeLessThan(1e-6);
        } else expectNear(values, theirs, GRADIENT_BOUND, name);
      }
    });
    network.dispose();
  });
});
