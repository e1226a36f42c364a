/** The training page in Chromium: it learns, its packed models are the trained networks, and what goes wrong is told. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadImages } from '@surge-bnn/data';
import { load } from '@surge-bnn/runtime';
import { chromium as driver } from 'playwright-core';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import sharp from 'sharp';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, zero } from '../example-web/example-page.js';
import { chromium, root } from '../runtimes/engines.js';
import { serve } from '../runtimes/server.js';
import { HiddenTab, wakeful } from './hidden-tab.js';
import { networks, TrainPage } from './train-page.js';

/** On a machine that is busy with other things training takes its time. */
const patience = 600_000;
/** For a training that no machine brings to its end before the test has looked at it. */
const endless = '1000';

describe.skipIf(chromium.program === undefined)(chromium.title, () => {
  let folder: string;
  let site: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'surge-train-'));
    site = path.join(folder, 'site');
    await build({
      root: path.join(root, 'examples/train-in-browser'),
      configFile: path.join(root, 'examples/train-in-browser/vite.config.ts'),
      logLevel: 'error',
      build: { outDir: site, emptyOutDir: true },
    });
    browser = await driver.launch({
      executablePath: chromium.program,
      ignoreDefaultArgs: wakeful,
      timeout: 0,
    });
  }, patience);
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  }, patience);

  /** Opens the page, and holds it to what is true of every visit: no request elsewhere, no error of its scripts. */
  async function visit(
    look: (opened: TrainPage) => Promise<void>,
    { isolated = true, ...options }: BrowserContextOptions & { isolated?: boolean } = {},
  ): Promise<void> {
    const page = await (await browser.newContext(options)).newPage();
    const opened = await TrainPage.open(page, site, isolated);
    try {
      await look(opened);
      const here = new RegExp(`^(data:|(blob:)?${opened.server.address}/)`);
      expect(opened.requests.filter((url) => !here.test(url))).toEqual([]);
      expect(opened.errors).toEqual([]);
    } finally {
      await opened.close();
    }
  }

  it(
    'brings both networks past 95 %, as files that are the trained networks',
    { timeout: patience },
    () =>
      visit(async (opened) => {
        await opened.watchMemory();
        await opened.start();
        expect(await opened.get('pictures').locator('canvas').count()).toBe(24);
        await opened.until('idle');
        expect(await opened.text('error')).toBe('');
        const seconds = await opened.page.evaluate(
          () => document.documentElement.dataset['trainingSeconds'] ?? '',
        );
        console.log(
          `trained in ${seconds} s on ${await opened.text('engine-used')}; 95 % after ${await opened.text('goal')}`,
        );
        expect(await opened.text('goal')).toMatch(/^STE [\d.]+ s, SURGE [\d.]+ s$/);

        // There is a report at every evaluation, two in each of four epochs, however fast it goes. Every one after the first evaluation says the same of the memory, and in the end nothing is left.
        const memory = await opened.memory();
        const [last, ...before] = memory.reverse();
        expect(last).toMatch(/^0 left, /);
        expect(before.length).toBeGreaterThan(5);
        expect(new Set(before).size).toBe(1);

        for (const chart of ['loss', 'accuracy', 'lambda', 'cosine']) {
          const paths = opened.get(chart).locator('path');
          expect(await paths.count()).toBe(chart === 'loss' || chart === 'accuracy' ? 2 : 3);
          for (const line of await paths.all()) {
            const points = ((await line.getAttribute('d')) ?? '').slice(1).split('L');
            expect(points.length).toBeGreaterThan(5);
            // To the right end, whose number is that of the last step.
            expect(points.at(-1)?.split(',')[0]).toBe('400.00');
          }
        }

        const { images, labels, count } = await loadImages('digits', { split: 'test' });
        const seven = labels.indexOf(7);
        await opened.get('samples').getByLabel('Sample: 7').click();
        const answers = await opened.answers();
        for (const [i, name] of networks.entries()) {
          const { text, bytes, accuracy } = await opened.file(i);
          expect(text).toContain(
            "All outputs on 2,000 test digits equal the trained network's, bit for bit.",
          );
          expect(text).toContain(`${(bytes.length / 1000).toFixed(1)} kB`);
          expect(accuracy).toBeGreaterThanOrEqual(95);
          // The trained network's accuracy, counted in the page, is that of the file in Node.
          const model = await load(bytes);
          const logits = model.run(images.slice());
          const answer = (i: number) => {
            const row = logits.subarray(10 * i, 10 * i + 10);
            return row.indexOf(Math.max(...row));
          };
          const correct = labels.filter((label, k) => answer(k) === label).length;
          expect(accuracy).toBe(Number(((100 * correct) / count).toFixed(2)));
          expect(answers[i]).toBe(`${answer(seven)}`);
          expect(model.metadata.provenance).toMatchObject({
            compensator: name,
            step: 500,
            seed: 1,
          });
        }

        await opened.draw(zero);
        expect(await opened.answers()).toEqual(['0', '0']);
        expect(await opened.get('spoken').textContent()).toBe('Read as STE: 0, SURGE: 0.');
      }),
  );

  it(
    'goes on in a hidden tab, and has caught up when it comes back',
    { timeout: patience },
    async () => {
      const server = await serve(site, true);
      const step = `(parseInt(document.querySelector('#step').textContent, 10) || 0)`;
      try {
        const tab = await HiddenTab.open(browser, server.address);
        await tab.until(`document.documentElement.dataset.state === 'idle'`);
        await tab.evaluate(`document.querySelector('#epochs').value = ${endless}`);
        await tab.evaluate(`document.querySelector('#start').click()`);
        await tab.until(`${step} > 0`);
        await tab.hide();
        const before = Number(await tab.evaluate(step));
        const drawn = `document.querySelector('#loss path').getAttribute('d').split('L').length`;
        const points = Number(await tab.evaluate(drawn));
        await tab.until(`${step} >= ${before + 20}`);
        expect(await tab.evaluate('document.hidden')).toBe(true);
        await tab.bringBack();
        await tab.until(`${drawn} > ${points} + 1`);
        expect(await tab.evaluate(`document.querySelector('#error').hidden`)).toBe(true);
        await tab.close();
      } finally {
        await server.close();
      }
    },
  );

  it('pauses, and stops with what was learnt, on a phone in the dark', { timeout: patience }, () =>
    visit(
      async (opened) => {
        await opened.get('epochs').fill(endless);
        await opened.start();
        await opened.steps(10);
        await opened.get('pause').click();
        // The worker says so, after its last report.
        await opened.until('paused');
        const paused = await opened.steps(0);
        await opened.page.waitForTimeout(1000);
        expect(await opened.steps(0)).toBe(paused);
        await opened.get('pause').click();
        await opened.until('training');
        await opened.steps(paused + 50);
        await opened.get('stop').click();
        await opened.until('idle');
        expect(await opened.text('trained')).toMatch(/^Stopped after \d+ steps; /);
        for (const i of networks.keys()) {
          const { text, accuracy } = await opened.file(i);
          expect(text).toContain("equal the trained network's, bit for bit");
          // Ten classes: something was learnt.
          expect(accuracy).toBeGreaterThan(20);
        }
        const { scroll, width } = await opened.page.evaluate(() => ({
          scroll: document.documentElement.scrollWidth,
          width: document.documentElement.clientWidth,
        }));
        expect(scroll).toBeLessThanOrEqual(width);
        const shot = await opened.page.screenshot({ fullPage: true });
        const { channels } = await sharp(shot).removeAlpha().stats();
        const mean = channels.reduce((sum, channel) => sum + channel.mean, 0) / channels.length;
        expect(mean).toBeLessThan(70);
        await opened.draw(one);
        expect(await opened.answers()).toHaveLength(2);
      },
      { viewport: { width: 360, height: 740 }, colorScheme: 'dark', hasTouch: true },
    ),
  );

  it(
    'trains without isolation, says how to get it, and survives the death of its worker',
    { timeout: patience },
    () =>
      visit(
        async (opened) => {
          expect(await opened.text('isolation')).toMatch(
            /^This page is not cross-origin isolated, so it trains on one thread; .+Cross-Origin-Opener-Policy: same-origin/,
          );
          expect(await opened.get('threads').locator('option').allTextContents()).toEqual([
            'auto (1)',
            '1',
          ]);
          // One that has learnt nothing takes nothing with it.
          await opened.endWorker();
          expect(await opened.text('error')).toBe(
            'The worker that trains is gone: the browser ended it, perhaps because the memory was full.',
          );
          await opened.until('idle');
          await opened.get('seed').fill('7');
          await opened.get('epochs').fill(endless);
          await opened.start();
          expect(await opened.text('engine-used')).toMatch(
            /^surge-wasm( \(fused multiply-add\))? with 1 thread$/,
          );
          await opened.steps(2);
          await opened.endWorker();
          expect(await opened.text('error')).toBe(
            'The worker that trains is gone: the browser ended it, perhaps because the memory was full. What it had learnt is lost; start again.',
          );
          await opened.until('idle');
          // With the settings as they were.
          expect(await opened.get('seed').inputValue()).toBe('7');
          await opened.start();
          await opened.steps(2);
          expect(await opened.get('error').isVisible()).toBe(false);
        },
        { isolated: false },
      ),
  );

  it(
    'tells in a sentence what is wrong with the settings and when the training breaks off',
    { timeout: patience },
    () =>
      visit(async (opened) => {
        expect(await opened.get('isolation').isVisible()).toBe(false);
        for (const [id, wrong, sentence] of [
          ['epochs', '0', 'Epochs must be a whole number from 1 to 1000.'],
          ['batchSize', '', 'Batch size must be a whole number from 1 to 8000.'],
          ['eta', '-1', 'eta of SURGE must be a number of at least 0.'],
        ]) {
          const right = await opened.get(id).inputValue();
          await opened.get(id).fill(wrong);
          await opened.get('start').click();
          await opened.get('error').waitFor();
          expect(await opened.text('error')).toBe(sentence);
          await opened.get(id).fill(right);
        }
        await opened.get('eta').fill('1e38');
        await opened.get('start').click();
        await opened.page.waitForFunction(() =>
          /^The training broke off/.test(document.querySelector('#error')?.textContent ?? ''),
        );
        expect(await opened.text('error')).toMatch(
          /^The training broke off at step \d+ of SURGE \(epoch 1\): .+ lower the learning rate or eta.*\.$/,
        );
        await opened.until('idle');
        await opened.get('eta').fill('0.1');

        // With the keyboard alone: the fields in their order, then the button.
        await opened.get('engine').focus();
        const order: (string | undefined)[] = [];
        for (let i = 0; i < 6; i++) {
          await opened.page.keyboard.press('Tab');
          order.push(await opened.page.evaluate(() => document.activeElement?.id));
        }
        expect(order).toEqual(['threads', 'epochs', 'batchSize', 'eta', 'seed', 'start']);
        await opened.page.keyboard.press('Enter');
        await opened.until('training');
        await opened.steps(2);
        expect(await opened.get('error').isVisible()).toBe(false);
      }),
  );
});
