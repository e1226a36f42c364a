/** The public sentence encoder on the STS benchmark: the cosines of its vectors beside what people said. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openText } from '@surge-bnn/data';
import { useEngine } from '@surge-bnn/engine';
import { readSafetensors, sentenceEncoder, Unigram } from '@surge-bnn/language';
import { beforeAll, describe, expect, it } from 'vitest';

const shared = fileURLToPath(new URL('../../shared/data', import.meta.url));
const weights = `${shared}/text-encoder/use-lite.safetensors`;
const vocabulary = `${shared}/text-encoder/use-lite-vocab.json`;
const isThere = existsSync(weights) && existsSync(`${shared}/glue/STS-B`);

function pearson(x: readonly number[], y: readonly number[]): number {
  const mean = (v: readonly number[]) => v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  const sum = (f: (i: number) => number) => x.reduce((total, _, i) => total + f(i), 0);
  const covariance = sum((i) => (x[i] - mx) * (y[i] - my));
  return covariance / Math.sqrt(sum((i) => (x[i] - mx) ** 2) * sum((i) => (y[i] - my) ** 2));
}

describe.skipIf(!isThere)(
  'the encoder (skipped where ../shared/data/text-encoder is not there)',
  () => {
    beforeAll(() => useEngine());

    const load = () => {
      const unigram = new Unigram(JSON.parse(readFileSync(vocabulary, 'utf8')), { first: 6 });
      return sentenceEncoder(readSafetensors(readFileSync(weights), weights), unigram, weights);
    };

    it('has the Pearson correlation on the dev set that was measured independently, 0.782', async () => {
      const encoder = load();
      const set = await openText('stsb', { split: 'dev', directory: `${shared}/glue` });
      const sentences = [...new Set(set.examples.flatMap((e) => [e.sentence, e.second ?? '']))];
      // Of similar length together: less padding.
      const order = sentences.sort((a, b) => a.length - b.length);
      const vectors = new Map<string, Float32Array>();
      for (let from = 0; from < order.length; from += 64) {
        const batch = order.slice(from, from + 64);
        const encoded = encoder.encode(batch);
        const values = encoded.dataSync<'float32'>();
        const width = encoded.shape[1];
        batch.forEach((text, i) => vectors.set(text, values.slice(i * width, (i + 1) * width)));
        encoded.dispose();
      }
      const cosines = set.examples.map(({ sentence, second = '' }) => {
        const [a, b] = [sentence, second].map((text) => [...(vectors.get(text) ?? [])]);
        return a.reduce((sum, v, i) => sum + v * b[i], 0);
      });
      const scores = set.examples.map(({ label = NaN }) => label);
      expect(pearson(cosines, scores)).toBeCloseTo(0.782, 3);
      encoder.dispose();
    });
  },
);
