import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../sets.fixture.js';
import { checkText, holdsText } from './check.js';
import { describeText, openText } from './open.js';
import { readTextFile } from './read.js';
import { textTaskNames, textTasks } from './tasks.js';
import type { TextTask } from './types.js';

async function fileOf(content: string | Uint8Array, name = 'train.tsv'): Promise<string> {
  const file = path.join(await temporaryFolder(), name);
  await writeFile(file, content);
  return file;
}

const read = async (task: TextTask, content: string | Uint8Array, name?: string) =>
  readTextFile(task, await fileOf(content, name));

describe('each task', () => {
  const mnli =
    'index\tpromptID\tsentence1_binary_parse\tsentence1\tsentence2\tlabel1\tgold_label\n';
  it.each<[string, TextTask, string, unknown]>([
    ['CoLA has no header', 'cola', 'gj04\t0\t*\tHim ran.\n', { sentence: 'Him ran.', label: 0 }],
    ["CoLA's test has one", 'cola', 'index\tsentence\n0\tHe ran.\n', { sentence: 'He ran.' }],
    ['SST-2', 'sst2', 'sentence\tlabel\ngood fun \t1\n', { sentence: 'good fun ', label: 1 }],
    ["SST-2's test", 'sst2', 'index\tsentence\n0\tgood fun\n', { sentence: 'good fun' }],
    [
      'MRPC with a byte-order mark',
      'mrpc',
      '\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\ta\tb\n',
      { sentence: 'a', second: 'b', label: 1 },
    ],
    [
      'QQP',
      'qqp',
      'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\ta?\tb?\t0\n',
      { sentence: 'a?', second: 'b?', label: 0 },
    ],
    [
      'STS-B',
      'stsb',
      'index\tgenre\tsentence1\tsentence2\tscore\n0\tx\ta\tb\t3.800\n',
      { sentence: 'a', second: 'b', label: 3.8 },
    ],
    [
      "STS-B's origin without a header, with sources behind",
      'stsb',
      'g\tf\t2012\t1\t2.5\ta\tb\ng\tf\t2012\t2\t5\tc\td\thttp://x\thttp://y\n',
      { sentence: 'a', second: 'b', label: 2.5 },
    ],
    [
      'MNLI',
      'mnli',
      `${mnli}0\t1\t( a )\ta\tb\tneutral\tcontradiction\n`,
      { sentence: 'a', second: 'b', label: 2 },
    ],
    [
      'QNLI',
      'qnli',
      'index\tquestion\tsentence\tlabel\n0\tq\ts\tnot_entailment\n',
      { sentence: 'q', second: 's', label: 1 },
    ],
    [
      'RTE',
      'rte',
      'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n',
      { sentence: 'a', second: 'b', label: 0 },
    ],
    [
      "WNLI's test",
      'wnli',
      'index\tsentence1\tsentence2\n0\ta\tb\n',
      { sentence: 'a', second: 'b' },
    ],
  ])('%s', async (_, task, content, first) => {
    const set = await read(task, content);
    expect(set.examples[0]).toEqual(first);
    expect(set.labelled).toBe(set.examples[0].label !== undefined);
    expect(set.pairs).toBe(set.examples[0].second !== undefined);
  });
});

describe('quirks', () => {
  it('takes quotation marks as they are, alone, too', async () => {
    const set = await read(
      'sst2',
      'sentence\tlabel\n"half\t1\nsay "" it\t0\n"whole"\t1\n',
      'x.tsv',
    );
    expect(set.examples.map((one) => one.sentence)).toEqual(['"half', 'say "" it', '"whole"']);
  });

  it('knows to whom tabs belong where a row has one sentence', async () => {
    const set = await read('sst2', 'sentence\tlabel\na\tb\tc\t1\n', 'x.tsv');
    expect(set.examples).toEqual([{ sentence: 'a\tb\tc', label: 1 }]);
    expect(set.remarks).toEqual(['1 sentence(s) with tabs in them']);
    const bare = await read('cola', 's\t1\t\tone\ttwo\n', 'x.tsv');
    expect(bare.examples).toEqual([{ sentence: 'one\ttwo', label: 1 }]);
  });

  it('passes over empty lines and ends of lines of other systems', async () => {
    const set = await read('sst2', 'sentence\tlabel\r\n\r\na\t1\r\n\n\nb\t0', 'x.tsv');
    expect(set.examples).toEqual([
      { sentence: 'a', label: 1 },
      { sentence: 'b', label: 0 },
    ]);
    expect(set.remarks).toEqual(['3 empty line(s) passed over']);
  });

  it('keeps empty sentences and says so', async () => {
    const set = await read(
      'rte',
      'index\tsentence1\tsentence2\tlabel\n0\t\tb\tentailment\n',
      'x.tsv',
    );
    expect(set.examples).toEqual([{ sentence: '', second: 'b', label: 0 }]);
    expect(set.remarks).toEqual(['1 example(s) with an empty sentence']);
  });

  it("leaves QQP's broken rows out, and refuses them on demand", async () => {
    const text =
      'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\ta\tb\t1\n2\t3\t4\thalf\n a row\t1\n';
    const set = await read('qqp', text, 'x.tsv');
    expect(set.count).toBe(1);
    expect(set.remarks).toEqual(['2 row(s) with a wrong number of columns left out: line 3, 4']);
    const file = await fileOf(text);
    await expect(readTextFile('qqp', file, { malformed: 'refuse' })).rejects.toThrow(
      `${file}, line 3: 4 column(s) where there must be 6`,
    );
  });

  it("leaves out what MNLI's annotators did not agree on", async () => {
    const text = 'sentence1\tsentence2\tgold_label\na\tb\t-\nc\td\tneutral\n';
    const set = await read('mnli', text, 'x.tsv');
    expect(set.examples).toEqual([{ sentence: 'c', second: 'd', label: 1 }]);
    expect(set.remarks).toEqual(['1 example(s) left out whose label is "-"']);
  });

  it('says that a split is not as long as published', async () => {
    const { remarks } = await read('sst2', 'sentence\tlabel\na\t1\n', 'train.tsv');
    expect(remarks[0]).toMatch(/^1 examples where GLUE's train has 67349/);
    const { origin } = await read('sst2', 'sentence\tlabel\na\t1\n', 'mine.tsv');
    expect(origin).toMatch(/mine\.tsv, which is no split of GLUE$/);
  });

  it('makes MRPC of the corpus and the list of ids', async () => {
    const glue = path.join(await temporaryFolder(), 'glue');
    const folder = path.join(glue, 'MRPC');
    await mkdir(folder, { recursive: true });
    const rows = ['1\t1\t2\ta\tb', '0\t3\t4\tc\td', '1\t2\t1\te\tf'];
    const head = '\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String';
    await writeFile(
      path.join(folder, 'msr_paraphrase_train.txt'),
      [head, ...rows, ''].join('\r\n'),
    );
    await writeFile(path.join(folder, 'mrpc_dev_ids.tsv'), '3\t4\n');
    const open = (split: string) => openText('mrpc', { split, directory: glue });
    expect((await open('dev')).examples).toEqual([{ sentence: 'c', second: 'd', label: 0 }]);
    expect((await open('train')).examples.map((one) => one.sentence)).toEqual(['a', 'e']);
    await expect(open('test-labelled')).rejects.toThrow(
      /no msr_paraphrase|msr_paraphrase_test\.txt/,
    );
  });
});

describe('refused, with file and line', () => {
  const stsb = 'sentence1\tsentence2\tscore\n';
  it.each<[string, TextTask, string | Uint8Array, RegExp]>([
    ['an empty file', 'sst2', '', /train\.tsv is empty$/],
    ['a header alone', 'sst2', 'sentence\tlabel\n', /has no examples/],
    [
      "another task's header",
      'rte',
      'sentence\tlabel\na\t1\n',
      /line 1: this is no header of RTE: it needs the columns sentence1, sentence2/,
    ],
    [
      'an unknown label',
      'sst2',
      'sentence\tlabel\na\t1\nb\t2\n',
      /train\.tsv, line 3: unknown label "2" of SST-2; allowed: 0, 1/,
    ],
    ['a missing label', 'sst2', 'sentence\tlabel\na\t\n', /line 2: the label is missing/],
    [
      'a score that is none',
      'stsb',
      `${stsb}a\tb\thigh\n`,
      /line 2: the score "high" is not a number/,
    ],
    [
      'a score in another base',
      'stsb',
      `${stsb}a\tb\t0x2\n`,
      /line 2: the score "0x2" is not a number/,
    ],
    [
      'a score out of range',
      'stsb',
      `${stsb}a\tb\t5.5\n`,
      /line 2: the score 5\.5 is out of range; STS-B's are 0 to 5/,
    ],
    [
      'too few columns',
      'rte',
      'index\tsentence1\tsentence2\tlabel\n0\ta\tb\n1\ta\tb\tentailment\n',
      /line 2: 3 column\(s\) where there must be 4/,
    ],
    [
      'a tab in a pair',
      'rte',
      'index\tsentence1\tsentence2\tlabel\n0\ta\tx\tb\tentailment\n',
      /line 2: 5 column\(s\) where there must be 4 \(a tab inside/,
    ],
    [
      'a file cut off in a row',
      'rte',
      'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n1\ta\tb',
      /line 3: the file is cut off in the middle/,
    ],
    [
      'a broken gzip file',
      'sst2',
      gzipSync('sentence\tlabel\na\t1\n').subarray(0, 30),
      /broken or truncated gzip/,
    ],
    [
      'Latin-1',
      'sst2',
      Buffer.from('sentence\tlabel\nok\t1\ncaf\xe9\t1\n', 'latin1'),
      /line 3: bytes that are no UTF-8/,
    ],
    [
      'UTF-16 with a mark',
      'sst2',
      Buffer.from('\ufeffsentence\tlabel\n', 'utf16le'),
      /is text in UTF-16/,
    ],
    [
      'UTF-16 without',
      'sst2',
      Buffer.from('sentence\tlabel\n', 'utf16le'),
      /line 1: a NUL character/,
    ],
  ])('%s', async (_, task, content, message) => {
    await expect(read(task, content)).rejects.toThrow(message);
  });

  it('names that are not known, and splits that are not there', async () => {
    const directory = path.join(await temporaryFolder(), 'glue');
    const open = (name: string) => openText(name as TextTask, { split: 'dev', directory });
    await expect(open('sst-2')).rejects.toThrow(/unknown text task "sst-2" .*allowed: cola, sst2/);
    await expect(open('sst2')).rejects.toThrow(
      /SST-2 has no split "dev" in .*glue.SST-2: no dev\.tsv .*surge-bnn data fetch sst2/,
    );
  });
});

const shared = fileURLToPath(new URL('../../../../../shared/data/glue', import.meta.url));
const title = 'GLUE (skipped where ../shared/data/glue is not there)';
describe.skipIf(!existsSync(shared))(title, () => {
  it.each<[TextTask, string, number, readonly number[]]>([
    ['cola', 'train', 8551, [2528, 6023]],
    ['cola', 'dev', 1043, [322, 721]],
    ['cola', 'test', 1063, []],
    ['sst2', 'train', 67_349, [29_780, 37_569]],
    ['sst2', 'dev', 872, [428, 444]],
    ['sst2', 'test-labelled', 1821, [912, 909]],
    ['mrpc', 'train', 3668, [1194, 2474]],
    ['mrpc', 'dev', 408, [129, 279]],
    ['mrpc', 'test', 1725, []],
    ['mrpc', 'test-labelled', 1725, [578, 1147]],
    ['rte', 'train', 2490, [1249, 1241]],
    ['rte', 'dev', 277, [146, 131]],
    ['rte', 'test', 3000, []],
    ['wnli', 'train', 635, [323, 312]],
    ['wnli', 'dev', 71, [40, 31]],
    ['wnli', 'test', 146, []],
    ['qnli', 'dev', 5463, [2702, 2761]],
    ['qqp', 'train-subset', 23_496, [14_749, 8747]],
    ['mnli', 'dev_matched-1000', 1000, [373, 311, 316]],
    ['mnli', 'dev_mismatched-1000', 1000, [346, 319, 335]],
  ])('%s %s', async (task, split, count, labels) => {
    const set = await openText(task, { split, directory: shared });
    expect(set.count).toBe(count);
    const counts = labels.map((_, i) => set.examples.filter(({ label }) => label === i).length);
    expect(counts).toEqual(labels);
    expect(set.labelled).toBe(labels.length > 0);
    expect(set.remarks).toEqual([]);
    const { splits } = textTasks[task];
    if (Object.hasOwn(splits, split)) expect(splits[split]).toBe(count);
  });

  it.each([
    ['train', 5749, 2.701],
    ['dev', 1500, 2.364],
  ])('stsb %s', async (split, count, mean) => {
    const { examples } = await openText('stsb', { split, directory: shared });
    expect(examples).toHaveLength(count);
    const sum = examples.reduce((total, { label = Number.NaN }) => total + label, 0);
    expect(sum / count).toBeCloseTo(mean, 3);
  });

  it("STS-B's two test files have the same sentences, but for blanks and quotes", async () => {
    const open = (split: string) => openText('stsb', { split, directory: shared });
    const [bare, labelled] = [await open('test'), await open('test-labelled')];
    expect(labelled.labelled).toBe(true);
    const letters = (text = '') => text.replaceAll(/[^a-z0-9]/gi, '');
    expect(labelled.examples.map((one) => letters(one.second))).toEqual(
      bare.examples.map((one) => letters(one.second)),
    );
  });

  it('makes of the corpus and the ids what GLUE has', async () => {
    // Our copy has no corpus: it is put together again of both splits.
    const text = async (name: string) =>
      gunzipSync(await readFile(path.join(shared, 'MRPC', name))).toString();
    const [train, dev] = [await text('train.tsv.gz'), await text('dev.tsv.gz')];
    const glue = path.join(await temporaryFolder(), 'glue');
    await mkdir(path.join(glue, 'MRPC'), { recursive: true });
    const corpus = dev + train.slice(train.indexOf('\n') + 1);
    await writeFile(path.join(glue, 'MRPC', 'msr_paraphrase_train.txt'), corpus);
    await writeFile(path.join(glue, 'MRPC', 'dev_ids.tsv'), await text('dev_ids.tsv.gz'));
    for (const split of ['train', 'dev']) {
      const made = await openText('mrpc', { split, directory: glue });
      const given = await openText('mrpc', { split, directory: shared });
      expect(made.examples).toEqual(given.examples);
    }
  });

  it('check reads every file, and list knows which tasks are whole', async () => {
    const found = await checkText(path.join(shared, 'SST-2'));
    expect(found.problems).toEqual([]);
    expect(found.files.map(({ split, count }) => [split, count])).toEqual([
      ['dev', 872],
      ['test-labelled', 1821],
      ['train', 67_349],
    ]);
    const described = describeText({ directory: shared });
    expect(described.map(({ name }) => name)).toEqual(textTaskNames);
    const present = described.filter((one) => one.present).map(({ name }) => name);
    expect(present).toEqual(['cola', 'mrpc', 'stsb', 'rte', 'wnli']);
    expect(await holdsText(shared)).toBe(true);
    expect(await holdsText(path.dirname(shared))).toBe(false);
  });
});
