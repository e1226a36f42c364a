/** The folder of a run of texts as ONNX: onnxruntime says of the sentences what the run's network says. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { useEngine } from '@surge-bnn/engine';
import { loadTextRun } from '@surge-bnn/train';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../cli.fixture.js';

const words = ['fine', 'dull', 'the', 'film', 'is', 'and', 'plot'];
const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...words, '##s'];
const sentences = Array.from({ length: 24 }, (_, i) => {
  const others = words.slice(2, 3 + (i % 5)).join(' ');
  return { sentence: `${others} ${words[i % 2]}`, label: 1 - (i % 2) };
});

let folder: string;
const at = (name: string) => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'export-'));
  await mkdir(at('glue/SST-2'), { recursive: true });
  const rows = sentences.map(({ sentence, label }) => `${sentence}\t${label}`);
  for (const split of ['train', 'dev']) {
    await writeFile(at(`glue/SST-2/${split}.tsv`), `sentence\tlabel\n${rows.join('\n')}\n`);
  }
  await writeFile(at('vocab.txt'), `${vocabulary.join('\n')}\n`);
  const recipe = {
    name: 'texts',
    data: { name: 'sst2', directory: folder },
    network: {
      name: 'bert',
      options: { layers: 1, width: 16, heads: 2, ffn: 24, positions: 12, activation: 'relu' },
    },
    binarizer: 'bit',
    compensator: { eta: 0.1 },
    optimizer: { name: 'adamw', learningRate: 0.01 },
    epochs: 1,
    batchSize: 8,
    engine: { backend: 'wasm', threads: 1 },
    language: { maxLength: 10, vocabulary: at('vocab.txt') },
  };
  await writeFile(at('recipe.json'), JSON.stringify(recipe));
  const { code, err } = await cli('train', at('recipe.json'), '--out', at('run'));
  expect([code, err]).toEqual([0, expect.anything()]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('export RUN', () => {
  it('writes the network, and what its inputs and outputs are', async () => {
    const file = at('run.onnx');
    const result = await cli('export', at('run'), '--onnx', file, '--json');
    expect(result.code, result.err).toBe(0);
    const { length } = await readFile(file);
    expect(JSON.parse(result.out)).toMatchObject({
      model: at('run'),
      files: [{ format: 'onnx', file, bytes: length, state: 'written' }],
    });
    const text = (await readFile(file)).toString('latin1');
    expect(text).toContain('"kind":"WordPiece","lowerCase":true,"maxLength":10');
    // Where the data lie is nobody's business.
    expect(text).not.toContain(folder);

    await useEngine({ backend: 'surge-wasm' });
    const { network, data } = await loadTextRun(at('run'));
    const session = await InferenceSession.create(file);
    for (const { sentence } of sentences.slice(0, 6)) {
      const { ids } = data.tokenizer.encode(sentence, undefined, 10);
      const longs = (values: readonly number[]) =>
        new Tensor('int64', BigInt64Array.from(values, BigInt), [1, ids.length]);
      const made = await session.run({
        input_ids: longs(ids),
        token_type_ids: longs(ids.map(() => 0)),
        attention_mask: longs(ids.map(() => 1)),
      });
      const own = await logitsOf(network, ids);
      expect(made.logits.dims).toEqual([1, 2]);
      own.forEach((value, i) => {
        expect(Math.abs(Number(made.logits.data[i]) - value)).toBeLessThan(1e-5);
      });
    }
    await session.release();
    network.dispose();
  });

  it.each([
    [['--integers', 'x.json'], '--integers is of model files'],
    [['--onnx', 'x.onnx', '--checkpoint', 'lst'], 'did you mean "last"'],
    [[], 'nothing to write'],
  ])('refuses %j', async (flags, message) => {
    const { code, err } = await cli('export', at('run'), ...flags);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it('refuses a folder that is no run’s', async () => {
    const { code, err } = await cli('export', folder, '--onnx', at('x.onnx'));
    expect(code).toBe(2);
    expect(err).toContain('is no run folder');
  });
});

async function logitsOf(
  { model }: Awaited<ReturnType<typeof loadTextRun>>['network'],
  ids: readonly number[],
): Promise<Float32Array> {
  const tf = await import('@tensorflow/tfjs-core');
  return tf.tidy(() => {
    const row = (values: readonly number[]) => tf.tensor2d([...values], [1, ids.length], 'int32');
    const inputs = [row(ids), row(ids.map(() => 0)), row(ids.map(() => 1))];
    const made = model.apply(inputs, { training: false });
    if (Array.isArray(made) || !(made instanceof tf.Tensor)) throw new Error('one output');
    return Float32Array.from(made.dataSync());
  });
}
