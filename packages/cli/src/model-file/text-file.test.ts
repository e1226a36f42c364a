/** The verbs on text models, as a user runs them: two tiny runs on texts of their own, converted, asked, judged and looked at. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PackedText } from '@surge-bnn/runtime/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inThisProcess as cli, jsonOf as json } from '../in-process.fixture.js';
import { start } from '../cli.fixture.js';

let folder: string;
const at = (name: string) => path.join(folder, name);

const words = ['fine', 'lovely', 'dull', 'awful', 'the', 'film', 'is', 'a', 'plot', 'unused'];
const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...words, '##s'];
const sentences = Array.from({ length: 24 }, (_, i) => {
  const telling = words[i % 4];
  return { text: `the ${words[5 + (i % 4)]} is ${telling}`, label: Number(i % 4 < 2) };
});
const network = {
  name: 'bert',
  options: { layers: 1, width: 16, heads: 2, ffn: 24, positions: 12, activation: 'relu' },
};
const recipe = (name: string, task: string, binarizer: string) => ({
  name,
  data: { name: task, directory: folder },
  network,
  binarizer,
  optimizer: { name: 'adamw', learningRate: 0.01, weightDecay: 0.01 },
  epochs: 2,
  batchSize: 8,
  seed: 5,
  language: { maxLength: 10, vocabulary: at('vocab.txt') },
});

beforeAll(async () => {
  for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
  folder = await mkdtemp(path.join(tmpdir(), 'surge-text-file-'));
  await writeFile(at('vocab.txt'), `${vocabulary.join('\n')}\n`);
  for (const task of ['SST-2', 'STS-B']) await mkdir(at(`glue/${task}`), { recursive: true });
  const rows = sentences.map(({ text, label }) => `${text}\t${label}`);
  const header =
    'index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore';
  const pairs = sentences.map(({ text, label }, i) => {
    const second = sentences[(i + 1) % 24];
    const score = second.label === label ? 4.5 : 0.5;
    return `${i}\tg\tf\ty\t${i}\tnone\tnone\t${text}\t${second.text}\t${score}`;
  });
  for (const split of ['train', 'dev']) {
    await writeFile(at(`glue/SST-2/${split}.tsv`), ['sentence\tlabel', ...rows, ''].join('\n'));
    await writeFile(at(`glue/STS-B/${split}.tsv`), [header, ...pairs, ''].join('\n'));
  }
  await writeFile(at('sst2.json'), JSON.stringify(recipe('sst2', 'sst2', 'bit')));
  await writeFile(at('stsb.json'), JSON.stringify(recipe('stsb', 'stsb', 'bibert')));
  for (const name of ['sst2', 'stsb']) {
    await json('train', at(`${name}.json`), '--out', at(name), '--engine', 'wasm');
  }
});
afterAll(() => rm(folder, { recursive: true }));

interface Report {
  readonly agreement: {
    readonly inputs: number;
    readonly equalOutputs: number;
    readonly inputsAre: string;
    readonly rounding?: { readonly of: readonly string[] };
  };
  readonly vocabulary: { readonly pieces: number; readonly kept: number };
  readonly size: { readonly total: number; readonly payload: number };
  readonly layers: readonly { readonly bytes: number }[];
}

describe('convert', () => {
  it('makes a file with the proof, the same one again', async () => {
    const report = await json<Report>('convert', at('sst2'));
    expect(report.agreement).toMatchObject({ inputs: 24, equalOutputs: 24 });
    expect(report.agreement.inputsAre).toMatch(/^24 texts of SST-2/);
    expect(report.agreement.rounding?.of).toEqual(['float16 tables']);
    expect(report.vocabulary).toEqual({ pieces: 16, kept: 16 });
    expect(report.layers.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(report.size.payload);
    const { out } = await cli('convert', at('sst2'), '--quiet');
    for (const text of [
      'a table of 16 rows, float16',
      'the tokenizer, compressed',
      '24 of 24 outputs equal bit for bit',
      '16 of 16 pieces have a vector\n',
      'as it was: these bytes were there already',
    ]) {
      expect(out).toContain(text);
    }
  });

  it('with other tables, fewer pieces and fewer texts', async () => {
    const given = ['convert', at('stsb'), '--tables', 'i8', '--keep-pieces', '--compact'];
    const report = await json<Report>(...given, '--images', '7', '--out', at('small.bnn'));
    expect(report.agreement).toMatchObject({ inputs: 7, equalOutputs: 7 });
    // Nobody says "##s", and [PAD] and [MASK] are none of a text.
    expect(report.vocabulary).toEqual({ pieces: 16, kept: 12 });
    expect(report.agreement.rounding?.of).toEqual(['int8 tables', '4 pieces without a vector']);
    const exact = ['convert', at('stsb'), '--tables', 'f32', '--out', at('exact.bnn')];
    expect((await json<Report>(...exact)).agreement.rounding).toBeUndefined();
  });
});

describe('predict', () => {
  it('tells the classes of sentences, and of lines', async () => {
    interface Said {
      readonly sentence: string;
      readonly top: { readonly class: string; readonly probability: number }[];
      readonly cut: number;
    }
    const model = at('sst2/model.bnn');
    const packed = PackedText.fromBytes(await readFile(model));
    const texts = ['the film is lovely', 'THE plot is awful', ''];
    const said = await json<Said[]>('predict', model, ...texts);
    texts.forEach((text, i) => {
      const expected = packed.predict(text);
      if (!('class' in expected)) throw new Error('no classifier');
      expect(said[i]).toMatchObject({ sentence: text, cut: 0 });
      expect(said[i].top[0].class).toBe(expected.class);
      expect(said[i].top[0].probability).toBe(Math.max(...expected.probabilities));
      expect(said[i].top).toHaveLength(2);
    });
    await writeFile(at('lines.txt'), `${texts.join('\r\n')}\n`);
    const lines = await json<Said[]>('predict', model, '--lines', at('lines.txt'), '--top', '1');
    expect(lines.map(({ sentence }) => sentence)).toEqual([
      'the film is lovely',
      'THE plot is awful',
      '',
    ]);
    const { out } = await cli('predict', model, `a ${'film '.repeat(20)}`, 'Привет\u001b[2J');
    expect(out).toContain('13 pieces at the end were cut off');
    expect(out).toMatch(/Привет \[2J: \d pieces are unknown/);
  });

  it('tells the score of a pair, also of standard input', async () => {
    const pair = ['the film is fine', 'a plot is dull'];
    const [{ score }] = await json<{ score: number }[]>('predict', at('exact.bnn'), ...pair);
    const said = PackedText.fromBytes(await readFile(at('exact.bnn'))).predict(pair[0], pair[1]);
    expect(said).toMatchObject({ score });
    const run = start(['predict', at('exact.bnn'), '-', '--json']);
    run.process.stdin?.end(`${pair.join('\t')}\n`);
    const { code, out } = await run.done;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([{ score, second: pair[1] }]);
  });
});

describe('evaluate and summary', () => {
  it('judge as the run is judged', async () => {
    for (const [name, file] of [
      ['sst2', at('sst2/exact.bnn')],
      ['stsb', at('exact.bnn')],
    ]) {
      await json('convert', at(name), '--tables', 'f32', '--out', file);
      interface Judged {
        readonly accuracy: number;
        readonly loss: number;
        readonly details: Record<string, number>;
      }
      const [run, model] = [
        await json<Judged>('evaluate', at(name)),
        await json<Judged>('evaluate', file, '--directory', folder),
      ];
      expect(model.accuracy).toBeCloseTo(run.accuracy, 4);
      expect(model.loss).toBeCloseTo(run.loss, 4);
      expect(Object.keys(model.details)).toEqual(Object.keys(run.details));
      const other = await json<Judged>(
        'evaluate',
        file,
        '--data',
        name,
        '--split',
        'train',
        '--directory',
        folder,
      );
      expect(other.accuracy).toBeCloseTo(run.accuracy, 4);
    }
    const { out } = await cli('evaluate', at('exact.bnn'), '--directory', folder);
    expect(out).toMatch(/^Pearson's correlation .*\non STS-B/);
    expect(out).toMatch(/ms for a text\n$/);
  });

  it('list the tables and the nodes', async () => {
    const { out } = await cli('summary', at('small.bnn'));
    for (const text of [
      'small.bnn: a text model',
      'text.words',
      '12x16',
      'body, of a text of 10 pieces',
      'pairs of sentences of up to 10 pieces',
      'a score of 0 to 5',
      '16 pieces, lower case',
      'int8 tables, 4 pieces without a vector: 0 predictions differ',
    ]) {
      expect(out).toContain(text);
    }
    const { out: node } = await cli('summary', at('small.bnn'), '--node', 'classifier');
    expect(node).toContain('kernel');
  });
});

describe('a mistake of the user is one clear sentence and exit code 2', () => {
  it.each([
    ['predict {}/sst2/model.bnn', ['predict takes texts: "a sentence"']],
    ['predict {}/exact.bnn one', ['reads pairs', 'got 1 texts']],
    ['predict {}/sst2/model.bnn x --lines y', ['not both']],
    ['predict {}/sst2/model.bnn --lines {}/nowhere', ['nowhere does not exist']],
    ['predict {}/sst2/model.bnn --lines {}', ['is a folder']],
    ['predict {}/exact.bnn --lines {}/lines.txt', ['line 1 has 0 tabs; allowed: one']],
    ['predict {}/sst2/model.bnn --lines {}/empty.txt', ['empty.txt has no texts']],
    ['predict {}/sst2/model.bnn x --least 0.5', ['--least is for pictures']],
    ['predict {}/exact.bnn one two --top 3', ['--top is for classes; ', 'exact.bnn says a score']],
    ['evaluate {}/exact.bnn --data sst2 --directory {}', ['says scores', 'negative, positive']],
    ['evaluate {}/exact.bnn --data sst', ['text task "sst"', 'did you mean']],
    ['evaluate {}/exact.bnn --split dev', ['--split is of --data']],
    ['evaluate {}/exact.bnn --list x', ['--list is for detectors']],
    ['convert {}/sst2 --tables i4', ['--tables', 'f32, f16, i8']],
    ['convert {}/sst2 --int8', ['of a text model cannot be int8']],
    ['convert {}/sst2 --merge', ['--merge is for classifiers of pictures']],
    ['export {}/exact.bnn --onnx {}/x.onnx', ['holds a text model and no model of one output']],
  ])('%s', async (line, parts) => {
    await writeFile(at('empty.txt'), '');
    const { code, out, err } = await cli(...line.replaceAll('{}', folder).split(' '));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    for (const part of parts) expect(err).toContain(part);
    const [last] = err.trimEnd().split('\n').slice(-1);
    expect(last).toMatch(/^surge-bnn: .+$/);
  });
});
