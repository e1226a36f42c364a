/** The sentence encoder as a network that trains: on every backend, with texts as the loaders give them, from the public weights where they are. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { attachCompensator, startInputs, surge } from '@surge-bnn/core';
import { encodeTexts, openText, pickTexts, TextLoader, type TextTokenizer } from '@surge-bnn/data';
import {
  copyWeights,
  openSentenceNetwork,
  readSafetensors,
  sentenceEncoder,
  sentenceNetwork,
  setStep,
  textInputs,
  Unigram,
  type SentenceOptions,
} from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { use } from './backends.js';
import { describeOnBackends, numbersOf } from './text-networks.js';

const sizes: Partial<SentenceOptions> = {
  vocabulary: 50,
  widths: [16, 24, 24],
  heads: 4,
  ffn: 40,
  vector: 12,
  timescales: [1, 0.7, 0.5, 0.3, 0.2, 0.1, 0.03, 0.01],
};
const cases: (Partial<SentenceOptions> & { readonly name: string })[] = [
  { name: 'float' },
  { name: 'bibert', method: 'bibert' },
  { name: 'bit', method: 'bit' },
  { name: 'bit, pairs', method: 'bit', pairs: true },
  { name: 'bit, 2-bit inputs', method: 'bit', inputs: 'two-bit' },
];

/** Three texts, of pairs 4 + 3, 4 + 8 and 4 + 5 pieces. */
function textsOf(pairs: boolean) {
  const lengths = [7, 12, 9];
  const at = (i: number) => [Math.floor(i / 12), i % 12];
  return {
    ids: Int32Array.from({ length: 36 }, (_, i) => (i * 17) % 50),
    types: Int32Array.from({ length: 36 }, (_, i) => {
      const [row, column] = at(i);
      return pairs && column >= 4 && column < lengths[row] ? 1 : 0;
    }),
    mask: Int32Array.from({ length: 36 }, (_, i) => (at(i)[1] < lengths[at(i)[0]] ? 1 : 0)),
    count: 3,
    length: 12,
  };
}

describeOnBackends(cases, ({ name: _, ...options }) => {
  const head = { kind: 'classifier', labels: 3 } as const;
  const network = sentenceNetwork({ ...sizes, ...options }, { head, seed: 4 });
  return numbersOf(network, textsOf(options.pairs === true), options.method !== undefined);
});

const shared = fileURLToPath(new URL('../../shared/data', import.meta.url));
const weights = `${shared}/text-encoder/use-lite.safetensors`;
const isThere = existsSync(weights) && existsSync(`${shared}/glue/STS-B`);

describe.skipIf(!isThere)(
  'from the public weights (skipped where ../shared/data/text-encoder is not there)',
  () => {
    let unigram: Unigram;
    beforeAll(async () => {
      await use('surge-wasm');
      const text = await readFile(`${shared}/text-encoder/use-lite-vocab.json`, 'utf8');
      unigram = new Unigram(JSON.parse(text), { first: 6 });
    });

    const stsb = async (count: number) => {
      const set = await openText('stsb', { split: 'dev', directory: `${shared}/glue` });
      return pickTexts(
        set,
        Int32Array.from({ length: count }, (_, i) => i),
        'dev',
      );
    };

    it('has the encoder’s vectors for texts that a loader gives', async () => {
      const set = await stsb(40);
      const tokenizer: TextTokenizer = unigram;
      const examples = set.examples.map(({ sentence, label }) => ({ sentence, label }));
      const encoded = encodeTexts({ examples, classes: [] }, tokenizer, { maxLength: 64 });
      const encoder = sentenceEncoder(
        readSafetensors(await readFile(weights), weights),
        unigram,
        weights,
      );
      const { network } = await openSentenceNetwork(weights, {
        behind: { kind: 'vector' },
        unigram,
      });
      const loader = new TextLoader(encoded, { batchSize: 16, seed: 1 });
      for (const batch of loader.epoch(0)) {
        tf.tidy(() => {
          const found = (network.model.apply(textInputs(batch)) as tf.Tensor).dataSync();
          const texts = [...batch.indices].map((i) => examples[i].sentence);
          const wanted = encoder.encode(texts).dataSync();
          wanted.forEach((v, i) => {
            expect(Math.abs(found[i] - v)).toBeLessThan(1e-6);
          });
        });
      }
      encoder.dispose();
      network.dispose();
    });

    it.each([
      ['float', {}],
      ['bit with SURGE', { method: 'bit' }],
    ] as const)('learns scores of pairs, %s', async (_, options) => {
      const encoded = encodeTexts(await stsb(96), unigram, { maxLength: 64 });
      const behind = { kind: 'classifier', labels: 1 } as const;
      const given = { behind, options: { pairs: true }, seed: 3 };
      const { network: teacher } = await openSentenceNetwork(weights, given);
      const network = sentenceNetwork(
        { ...teacher.options, ...options },
        { head: behind, seed: 3 },
      );
      copyWeights(teacher, network);
      teacher.dispose();
      const { model } = network;
      const [batch] = new TextLoader(encoded, { batchSize: 96, seed: 1 }).epoch(0);
      const inputs = textInputs(batch);
      const wanted = tf.tensor2d(Float32Array.from(batch.labels ?? []), [96, 1]);
      startInputs(model, () => model.apply(inputs) as tf.Tensor);
      if ('method' in options) attachCompensator(model, surge({ eta: 0.1 }));
      const loss = (training: boolean) =>
        tf.losses.meanSquaredError(wanted, model.apply(inputs, { training }) as tf.Tensor);
      const valueOf = () => tf.tidy(() => loss(false).dataSync()[0]);
      const before = valueOf();
      const optimizer = tf.train.adam(1e-3);
      for (let step = 0; step < 12; step++) {
        setStep(model, step);
        optimizer.minimize(() => loss(true) as tf.Scalar);
      }
      expect(valueOf()).toBeLessThan(0.5 * before);
      optimizer.dispose();
      tf.dispose([inputs, wanted]);
      network.dispose();
    });
  },
);
