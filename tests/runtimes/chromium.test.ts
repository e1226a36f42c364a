/** The built runtime in Chromium against Node, bit for bit; and the code of docs/browser.md as it stands, bundled by Vite and not. */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadImages } from '@surge-bnn/data';
import { load } from '@surge-bnn/runtime';
import { chromium as driver } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answersTo, buildCasesPage } from './cases-page.js';
import type { CasesPage } from './cases-page.js';
import { digitsFile } from './cases.js';
import { documentedHtml, documentedScript } from './documented.js';
import { chromium } from './engines.js';
import { projectWithRuntime } from './installed.js';
import { serve } from './server.js';
import type { Served } from './server.js';

describe.skipIf(chromium.program === undefined)(chromium.title, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await driver.launch({ executablePath: chromium.program });
  });
  afterAll(() => browser.close());

  /** Opens a served folder in a page of its own. */
  async function inPage<T>(
    folder: string,
    isolated: boolean,
    look: (page: Page, server: Served) => Promise<T>,
  ): Promise<T> {
    const server = await serve(folder, isolated);
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    try {
      await page.goto(server.address);
      const seen = await look(page, server);
      expect(errors).toEqual([]);
      return seen;
    } finally {
      await page.close();
      await server.close();
    }
  }

  describe('a page that runs all cases', () => {
    let built: CasesPage;
    beforeAll(async () => {
      built = await buildCasesPage();
    });
    afterAll(() => rm(built.folder, { recursive: true }));

    it.each([true, false])(
      'gives the bits of Node, also in a Web Worker, cross-origin isolated: %s',
      (isolated) =>
        inPage(built.folder, isolated, async (_, server) => {
          const { page, worker, about } = await answersTo(server);
          expect(about).toMatchObject({ isolated });
          expect(page).toEqual(built.wanted);
          expect(worker).toEqual(built.wanted);
        }),
    );
  });

  describe('the code of docs/browser.md', () => {
    let digit: Uint8Array;
    let read: string;
    beforeAll(async () => {
      const { images } = await loadImages('digits', { split: 'test' });
      digit = images.slice(0, 784);
      const model = await load(await readFile(digitsFile));
      const logits = model.run(digit);
      read = model.classes?.[logits.indexOf(Math.max(...logits))] ?? '';
    });

    /** A canvas with the digit, a place for the answer, and the scripts. */
    const html = (scripts: string): string => `<!doctype html><link rel="icon" href="data:," />
      <canvas width="28" height="28"></canvas><output></output>
      <script>
        const pixels = [${digit.join()}].flatMap((value) => [value, value, value, 255]);
        const image = new ImageData(Uint8ClampedArray.from(pixels), 28, 28);
        document.querySelector('canvas').getContext('2d').putImageData(image, 0, 0);
      </script>
      ${scripts}`;

    const answerOf = (folder: string): Promise<string> =>
      inPage(folder, false, async (page) => {
        const output = page.locator('output', { hasText: /./ });
        return (await output.textContent()) ?? '';
      });

    it.each(['page.js', 'page-with-worker.js'])('%s runs, bundled by Vite', async (script) => {
      const project = await projectWithRuntime({
        'index.html': html(`<script type="module" src="./${script}"></script>`),
        [script]: documentedScript(script),
        'worker.js': documentedScript('worker.js'),
      });
      try {
        await build({ configFile: false, root: project, logLevel: 'error' });
        await copyFile(digitsFile, path.join(project, 'dist/digits.bnn'));
        expect(await answerOf(path.join(project, 'dist'))).toBe(read);
      } finally {
        await rm(project, { recursive: true });
      }
    });

    it('page.js runs with the import map, without a bundler', async () => {
      const project = await projectWithRuntime({ 'page.js': documentedScript('page.js') });
      try {
        await writeFile(path.join(project, 'index.html'), html(documentedHtml()));
        await copyFile(digitsFile, path.join(project, 'digits.bnn'));
        expect(await answerOf(project)).toBe(read);
      } finally {
        await rm(project, { recursive: true });
      }
    });
  });
});
