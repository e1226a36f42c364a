import { mkdtemp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EpochMetrics } from '@surge-bnn/train';
import { parseRecipe } from '@surge-bnn/train';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lineChart } from './chart.js';
import { escapeHtml, html } from './html.js';
import type { Report } from './model.js';
import { reportPage } from './page.js';
import { layerSeries } from './plots.js';
import { readRun, writeReport } from './report.js';
import { sampleReport, sampleRun, sampleShipped } from './sample.fixture.js';

function drawings(page: string): string[] {
  return page.match(/<svg[\s\S]*?<\/svg>/g) ?? [];
}

describe('html', () => {
  it('escapes what is put in, once, and keeps what is HTML already', () => {
    const inner = html`<b>${'a < b & "c"'}</b>`;
    expect(html`<p title="${"it's"}">${[inner, undefined, 3]}</p>`.text).toBe(
      '<p title="it&#39;s"><b>a &lt; b &amp; &quot;c&quot;</b>3</p>',
    );
    expect(escapeHtml('<script>')).toBe('&lt;script&gt;');
  });
});

describe('lineChart', () => {
  const series = [
    { name: 'a <b>', values: [1, NaN, 3, null, 5] },
    { name: 'c & d', values: [2, 2, 2, 2, undefined] },
  ];

  it('draws well-formed SVG with title, axes and every series', async () => {
    const { text } = await lineChart({ title: 'T & t', y: 'value [1]', series, legend: 'layer' });
    expect(XMLValidator.validate(text)).toBe(true);
    expect(text).toContain('>value [1]</text>');
    expect(text).toContain('>epoch</text>');
    expect(text).toContain('>a &lt;b&gt;</text>');
    expect(text).toContain('>c &amp; d</text>');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('breaks the line at missing values', async () => {
    const only = [{ name: 'a', values: [1, 2, NaN, 3, 4] }];
    const { text } = await lineChart({ title: 't', y: 'y', series: only });
    const line = /role="graphics-symbol" aria-roledescription="line mark" d="([^"]*)"/.exec(text);
    expect(line?.[1].match(/M/g)).toHaveLength(2);
  });

  it.each([[[]], [[{ name: 'a', values: [] }]], [[{ name: 'a', values: [NaN, null] }]]])(
    'says so when nothing was measured: %j',
    async (nothing) => {
      const { text } = await lineChart({ title: 't', y: 'y', series: nothing });
      expect(text).toContain('nothing was measured');
    },
  );

  it('leaves zeros out of a logarithmic axis', async () => {
    const zeros = [{ name: 'a', values: [0, 0.1, 10] }];
    const { text } = await lineChart({ title: 't', y: 'y', series: zeros, scale: 'log' });
    expect(XMLValidator.validate(text)).toBe(true);
    expect(text).not.toMatch(/NaN|Infinity/);
  });

  it('tells more series apart than there are colours', async () => {
    const many = Array.from({ length: 20 }, (_, i) => ({ name: `layer${i}`, values: [i, i + 1] }));
    const { text } = await lineChart({ title: 't', y: 'y', series: many });
    const strokes = text.match(/aria-roledescription="line mark"[^>]*/g) ?? [];
    const find = (pattern: RegExp, text: string): string => pattern.exec(text)?.[0] ?? '';
    const looks = strokes.map(
      (one) => find(/stroke="[^"]*"/, one) + find(/stroke-dasharray="[^"]*"/, one),
    );
    expect(new Set(looks).size).toBe(20);
  });
});

describe('reportPage', () => {
  it('shows stages, averaged weights, top-5, held-out images and confusions where a run has them', async () => {
    const plain = sampleReport();
    const [run] = plain.runs;
    const at = {
      accuracy: 0.5,
      loss: 1,
      epoch: 3,
      top5: 0.875,
      confusion: [
        [30, 10],
        [1, 19],
      ],
    };
    const averaged = { last: { ...at, accuracy: 0.625 }, best: { ...at, accuracy: 0.75 } };
    const summary = {
      ...run.summary,
      last: at,
      best: at,
      averaged,
      stages: [{ name: 'float <weights>', epochs: 2, last: at, best: at }],
      classes: ['cat & dog', 'bird'],
      evaluatedOn: 'held-out training images' as const,
    };
    const epochs = run.epochs.map((one) => ({ ...one, averagedAccuracy: 0.6 }));
    const page = await reportPage({ ...plain, runs: [{ ...run, summary, epochs }] });
    for (const part of [
      'held-out training images',
      'stage: float &lt;weights&gt;',
      'averaged weights',
      '87.50 %',
      '75.0 %',
      '95.0 %',
      'cat &amp; dog',
      'STE, averaged weights',
    ]) {
      expect(page).toContain(part);
    }
    const without = await reportPage(plain);
    expect(without).not.toMatch(/stage:|averaged weights|top-5|Class by class|held-out/);
  });

  it('holds every run, every layer, axes and files, and asks no network for anything', async () => {
    const report = sampleReport(4, ['binary1', 'binary2', 'block<3>']);
    const page = await reportPage(report);
    expect(page).toContain('<h1>A &lt;test&gt; &amp; its report</h1>');
    expect(page).not.toContain('<test>');
    expect(page).toContain('SURGE &quot;a&quot;');
    expect(page).toContain('href="ste/metrics.jsonl"');
    const svgs = drawings(page);
    // Four curves; six measures for SURGE and three of them for STE too.
    expect(svgs).toHaveLength(4 + 6 + 3);
    for (const svg of svgs) expect(XMLValidator.validate(svg)).toBe(true);
    for (const svg of svgs.slice(4)) {
      for (const layer of ['binary1', 'binary2', 'block&lt;3&gt;']) expect(svg).toContain(layer);
    }
    const outside = [...page.matchAll(/(?:src|href|url\()="?(https?:[^"\s]*)/g)];
    expect(outside).toEqual([]);
    expect(page).not.toMatch(/<script|NaN|undefined/);
  });

  it('is well-formed as a whole', async () => {
    const page = await reportPage(sampleReport());
    const parser = new XMLParser({ unpairedTags: ['meta'], htmlEntities: true });
    expect(XMLValidator.validate(page.replace('<!doctype html>', ''))).toBe(true);
    expect(() => parser.parse(page) as unknown).not.toThrow();
  });

  it('tells what the model file is, and what became of each layer', async () => {
    const page = await reportPage({ ...sampleReport(), shipped: sampleShipped() });
    expect(XMLValidator.validate(page.replace('<!doctype html>', ''))).toBe(true);
    expect(page).toContain('<a href="surge/model.bnn">');
    expect(page).toContain('<td class="text">a&lt;b&gt;/sign</td>');
    for (const part of [
      'xor-popcount dense',
      '1w/1a',
      '4.0 times smaller',
      '80 of 80',
      '4,128',
      '1,032',
      '0.25 ms',
      '1.50 ms',
    ]) {
      expect(page).toContain(part);
    }
  });

  it('survives runs without epochs, layers, evaluation or numbers', async () => {
    const empty = sampleRun('empty', 'surge', 0, []);
    const odd = sampleRun('odd', 'none', 2, ['a']);
    const broken = odd.epochs.map((epoch): EpochMetrics => ({
      ...epoch,
      trainLoss: NaN,
      testAccuracy: undefined,
      testLoss: undefined,
      layers: epoch.layers.map((layer) => ({ ...layer, clipped: NaN, flipped: NaN })),
    }));
    const report: Report = {
      title: 't',
      lead: '',
      runs: [
        { ...empty, summary: { ...empty.summary, last: undefined, best: undefined } },
        { ...odd, epochs: broken },
      ],
    };
    const page = await reportPage(report);
    expect(page).not.toMatch(/NaN|undefined/);
    expect(page).toContain('nothing was measured');
    await expect(reportPage({ ...report, runs: [] })).resolves.toContain('</html>');
  });

  it('keeps a layer that joins late at its epochs', () => {
    const run = sampleRun('r', 'none', 2, ['a']);
    const late = { ...run.epochs[1], layers: [{ ...run.epochs[1].layers[0], name: 'b' }] };
    const series = layerSeries({ ...run, epochs: [run.epochs[0], late] }, (layer) => layer.clipped);
    expect(series).toEqual([
      { name: 'a', values: [0.2, undefined] },
      { name: 'b', values: [undefined, 0.2] },
    ]);
  });
});

describe('reading and writing', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'surge-report-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes a report from a run folder', async () => {
    const run = sampleRun('x', 'surge', 2, ['binary1']);
    const out = path.join(folder, 'one');
    await mkdir(out);
    const recipe = parseRecipe({
      data: { name: 'digits' },
      network: 'digits-cnn',
      optimizer: { name: 'adam', learningRate: 0.01 },
      epochs: 2,
      batchSize: 10,
    });
    await writeFile(path.join(out, 'config.json'), JSON.stringify(recipe));
    await writeFile(path.join(out, 'summary.json'), JSON.stringify(run.summary));
    const lines = run.epochs.map((epoch) => `${JSON.stringify(epoch)}\n`);
    await writeFile(path.join(out, 'metrics.jsonl'), lines.join(''));
    const read = await readRun(out, 'x');
    expect(read.epochs).toEqual(run.epochs);
    const file = path.join(folder, 'report.html');
    await writeReport({ title: 't', lead: '', runs: [read] }, file);
    expect(await readFile(file, 'utf8')).toContain('binary1');
    expect(await readdir(folder)).toEqual(['one', 'report.html']);
    await rm(path.join(out, 'summary.json'));
    await expect(readRun(out, 'x')).rejects.toThrow('no readable summary.json');
  });
});
