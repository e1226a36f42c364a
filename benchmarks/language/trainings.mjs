/** What is trained: a small BERT by each method, as a classifier or on masked pieces, on random texts. */
import { bert, setStep, textInputs } from '@surge-bnn/language';
import { attachCompensator, ops, startInputs, surge as surgeOptions } from '@surge-bnn/core';
import { randomStream } from '@surge-bnn/data';
import { adamw, GroupedOptimizer, parametersOf } from '@surge-bnn/train';
import * as tf from '@tensorflow/tfjs-core';

/** The network of issue and page: 11.2 million numbers, 7.8 of them the words' vectors. */
export const sizes = {
  layers: 4,
  width: 256,
  heads: 4,
  ffn: 1024,
  vocabulary: 30_522,
  positions: 512,
  types: 2,
};
const labels = 2;
/** Share of the pieces that a masked-language model predicts (Devlin et al. 2019). */
const maskedShare = 0.15;

/** `fp`, `bibert`, `bit`; behind a plus: with SURGE on every binary linear layer. */
export function bertOf(method, task) {
  const [binary, surge] = method.split('+');
  const network = bert(
    {
      ...sizes,
      // BiT binarizes what is behind a ReLU into {0, 1}.
      ...(binary === 'bit' && { activation: 'relu' }),
      method: binary === 'fp' ? 'none' : binary,
      dropout: 0.1,
      attentionDropout: 0.1,
    },
    { head: task === 'masked' ? { kind: 'masked' } : { kind: 'classifier', labels }, seed: 1 },
  );
  if (surge !== undefined) attachCompensator(network.model, surgeOptions({ eta: 0.1 }));
  return network;
}

/** Texts of full length, no padding, and what is to be predicted. */
export function randomTexts(task, count, length) {
  const random = randomStream(1, 'benchmark');
  const pieces = (bound) =>
    Int32Array.from({ length: count * length }, () => random.integer(bound));
  const texts = {
    ids: pieces(sizes.vocabulary),
    types: pieces(sizes.types),
    mask: new Int32Array(count * length).fill(1),
    count,
    length,
  };
  if (task !== 'masked') {
    return { texts, targets: Int32Array.from({ length: count }, () => random.integer(labels)) };
  }
  const places = Math.round(maskedShare * count * length);
  const positions = Int32Array.from({ length: places }, (_, i) => Math.floor(i / maskedShare));
  const targets = Int32Array.from({ length: places }, () => random.integer(sizes.vocabulary));
  return { texts: { ...texts, positions }, targets };
}

/** Forward, mean cross-entropy, backward and AdamW over all parameters; each step has its own dropout. */
export class Training {
  constructor({ method, task, batch, length }) {
    this.network = bertOf(method, task);
    const { texts, targets } = randomTexts(task, batch, length);
    this.texts = texts;
    this.targets = targets;
    this.parameters = parametersOf(this.network.model);
    const optimizer = adamw({ learningRate: 1e-4, weightDecay: 0.01 });
    this.optimizer = new GroupedOptimizer(this.parameters, [
      { name: 'all', matches: () => true, optimizer },
    ]);
    this.step = 0;
    this.start();
  }

  /** BiT's scales start from a first batch. */
  start() {
    const inputs = textInputs(this.texts);
    startInputs(this.network.model, () => this.network.model.apply(inputs));
    tf.dispose(inputs);
  }

  trainStep() {
    this.step++;
    setStep(this.network.model, this.step);
    const inputs = textInputs(this.texts);
    const trained = this.optimizer.parameters;
    const { value, grads } = tf.variableGrads(
      () => this.loss(inputs),
      trained.map(({ variable }) => variable),
    );
    const [loss] = value.dataSync();
    tf.dispose([value, inputs]);
    if (!Number.isFinite(loss))
      throw new Error(`the loss is ${loss}: the times would mean nothing`);
    const gradients = new Map(
      trained
        .map(({ key, variable }) => [key, grads[variable.name]])
        .filter(([, gradient]) => gradient instanceof tf.Tensor),
    );
    this.optimizer.step(gradients, this.step, 1);
    tf.dispose([...gradients.values()]);
    return loss;
  }

  loss(inputs) {
    const logits = this.network.model.apply(inputs, { training: true });
    const flat = tf.reshape(logits, [this.targets.length, -1]);
    return tf.mean(ops.classCrossEntropy(flat, tf.tensor1d(this.targets, 'int32')));
  }
}
