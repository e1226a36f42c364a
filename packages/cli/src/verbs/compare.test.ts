/** The verb as a user has it: killed and gone on with, started twice, from a plan, and kept as results. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ComparisonTable } from '@surge-bnn/train';
import { XMLValidator } from 'fast-xml-parser';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cli, start, tinyRecipe } from '../cli.fixture.js';
import { comparisonMarkdown } from '../comparison/text.js';

let folder: string;
let tiny: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'surge-compare-'));
  tiny = path.join(folder, 'tiny.json');
  await writeFile(tiny, JSON.stringify({ ...tinyRecipe, epochs: 20 }));
});
afterAll(() => rm(folder, { recursive: true }));

/** Accuracies and gains; seconds are another day's. */
function accuracies(out: string): unknown {
  const { rows, gains } = JSON.parse(out) as ComparisonTable;
  return [
    rows.map(({ arm, last, best, runs }) => [
      arm,
      last,
      best,
      runs.map((run) => run.summary.hashes),
    ]),
    gains.filter(({ measure }) => !measure.includes('seconds')),
  ];
}

it('goes on after kill -9, says so when it is started twice, and comes to the same numbers', async () => {
  const args = (out: string) => [
    'compare',
    tiny,
    '--seeds',
    '1,2',
    '--out',
    path.join(folder, out),
  ];
  const killed = start(args('killed'));
  await killed.said('[1/4] ste-none, seed 1  epoch  2/20');
  const second = await cli(...args('killed'));
  expect(second).toMatchObject({ code: 2, out: '' });
  expect(second.err).toMatch(/^surge-bnn: [^\n]*killed is in use by process \d+ on [^\n]+\n$/);
  killed.process.kill('SIGKILL');
  expect((await killed.done).code).toBeNull();
  const [resumed, straight] = [
    await cli(...args('killed'), '--json'),
    await cli(...args('straight'), '--json'),
  ];
  expect(resumed, resumed.err).toMatchObject({ code: 0 });
  expect(accuracies(resumed.out)).toEqual(accuracies(straight.out));
  const again = await cli(...args('straight'));
  expect(again.err.match(/finished before, used again/g)).toHaveLength(4);
  expect(again.out).toMatch(/ste-none +[\d.]+ % ± [\d.]+/);
  // Which of the two depends on how busy the machine was.
  expect(again.out).toMatch(
    /ste-surge +ste-none +last, equal seconds +[+-][\d.]+|no gain at equal/,
  );
  expect(again.out).toContain('95 % interval');
});

it('tunes and compares a plan, and keeps tables, plots and receipts', async () => {
  const rate = (value: number) => ({ 'optimizer.learningRate': value });
  const plan = {
    name: 'small plan',
    recipe: { ...tinyRecipe, data: { name: 'digits', trainLimit: 160 } },
    set: { epochs: 1, 'engine.backend': 'wasm' },
    seeds: [1],
    arms: { plain: 'none', frozen: 'frozen', 'box-free': { binarizer: 'identity' } },
    tuning: {
      holdOut: 0.25,
      candidates: Object.fromEntries(
        ['plain', 'frozen', 'box-free'].map((arm) => [arm, [rate(0.001), rate(0.01)]]),
      ),
    },
  };
  const file = path.join(folder, 'plan.json');
  await writeFile(file, JSON.stringify(plan));
  const [out, results] = [path.join(folder, 'out'), path.join(folder, 'results')];
  const args = ['compare', file, '--seeds', '3,4', '--out', out, '--results', results];
  const run = await cli(...args);
  expect({ code: run.code, err: run.err }).toMatchObject({ code: 0 });
  expect(run.out).toMatch(/plain +optimizer.learningRate=0.001 +[\d.]+ %/);
  expect(run.out).toContain('chosen');
  expect(run.err).toContain('2,000 held-out training images for evaluation');
  expect(run.err).toContain('[12/12] box-free, seed 4');
  expect((await readdir(results)).sort()).toEqual(
    [
      ...['box-free', 'frozen', 'plain'].flatMap((arm) => [`${arm}-seed3`, `${arm}-seed4`]),
      ...['comparison.json', 'epochs.svg', 'gains.svg', 'log.txt', 'plan.json', 'seconds.svg'],
      ...['table.txt', 'tuning'],
    ].sort(),
  );
  expect((await readdir(path.join(results, 'plain-seed3'))).sort()).toEqual([
    'config.json',
    'confusion.csv',
    'metrics.jsonl',
    'summary.json',
    'timing.jsonl',
  ]);
  for (const name of ['epochs.svg', 'seconds.svg', 'gains.svg']) {
    const svg = await readFile(path.join(results, name), 'utf8');
    expect(XMLValidator.validate(svg)).toBe(true);
    expect(svg).not.toMatch(/NaN|undefined|var\(/);
  }
  const table = JSON.parse(
    await readFile(path.join(results, 'comparison.json'), 'utf8'),
  ) as ComparisonTable;
  expect(JSON.stringify(table)).not.toContain(folder);
  expect(table.seeds).toEqual([3, 4]);
  const page = comparisonMarkdown(table, { folder: '../results/x', plots: ['gains.svg'] });
  expect(page).toContain('## small plan');
  expect(page).toMatch(/\| frozen \| plain \| last \| [+-][\d.]+ \|/);
  expect(page).toContain('![gains](../results/x/gains.svg)');
  // What was kept says all: the plan in the results gives the same comparison.
  const kept = path.join(results, 'plan.json');
  const again = await cli('compare', kept, '--out', path.join(folder, 'again'), '--json');
  expect(accuracies(again.out)).toEqual(accuracies(JSON.stringify(table)));
  const taken = await cli(...args.slice(0, -1), folder);
  expect(taken.code).toBe(2);
  expect(taken.err).toContain('is there and holds no comparison');
});

it('names the method of a recipe with stages by its last one, and refuses what would change nothing', async () => {
  const stages = [
    { epochs: 1, binarizer: 'identity' },
    { epochs: 1, binarizer: 'approx-sign' },
  ];
  const file = path.join(folder, 'staged.json');
  await writeFile(file, JSON.stringify({ ...tinyRecipe, epochs: 2, stages }));
  const args = ['compare', file, '--compensators', 'none', '--seeds', '1'];
  const run = await cli(...args, '--out', path.join(folder, 'staged'), '--json');
  expect(run.code).toBe(0);
  const { rows } = JSON.parse(run.out) as ComparisonTable;
  expect(rows.map(({ arm, runs }) => [arm, runs[0].summary.binarizer])).toEqual([
    ['approx-sign-none', 'approx-sign'],
  ]);
  const hidden = await cli(...args, '--binarizers', 'ste', '--out', path.join(folder, 'hidden'));
  expect(hidden).toMatchObject({ code: 2, out: '' });
  expect(hidden.err).toContain('set stages.0.binarizer or stages.1.binarizer');
  const seeded = await cli(...args, '--set', 'seed=3', '--out', path.join(folder, 'seeded'));
  expect([seeded.code, seeded.err]).toEqual([2, expect.stringContaining('use --seeds')]);
  const { out } = await cli('compare', '--help');
  expect(out.replace(/\s+/g, ' ')).toContain("(default: the recipe's own method)");
});
