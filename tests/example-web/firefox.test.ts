/** The example's page in Firefox: a script in it takes every sample, one after the other, and posts the outputs that the page shows. */
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadImages } from '@surge-bnn/data';
import { load } from '@surge-bnn/runtime';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';
import { bitsOf, digitsFile } from '../runtimes/cases.js';
import { firefox, root } from '../runtimes/engines.js';
import { patience, withFirefox } from '../runtimes/firefox-process.js';
import { serve } from '../runtimes/server.js';

const { program } = firefox;

/** Runs in the page. */
async function robot(): Promise<void> {
  const query = (selector: string) => document.querySelector<HTMLElement>(selector);
  const until = async (ready: () => boolean) => {
    while (!ready()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const shown: string[][] = [];
  await until(() => document.querySelectorAll('.sample').length === 10);
  for (const button of Array.from(document.querySelectorAll<HTMLElement>('.sample'))) {
    query('#clear')?.click();
    button.click();
    await until(() => query('#time')?.textContent !== '–' || query('#error')?.hidden === false);
    const numbers = document.querySelectorAll('#numbers td:nth-child(2)');
    shown.push(Array.from(numbers, ({ textContent }) => textContent ?? ''));
  }
  await fetch('shown', { method: 'POST', body: JSON.stringify(shown) });
}

describe.skipIf(program === undefined)(firefox.title, () => {
  it('gives all outputs of real digits as Node does', { timeout: patience }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'surge-example-'));
    await build({
      root: path.join(root, 'examples/web'),
      configFile: path.join(root, 'examples/web/vite.config.ts'),
      logLevel: 'error',
      build: { outDir: folder, emptyOutDir: true },
    });
    const script = `<script type="module">(${robot.toString()})();</script>`;
    await appendFile(path.join(folder, 'index.html'), script);
    const server = await serve(folder, true);
    try {
      const posted = await withFirefox(program ?? '', server.address, () =>
        server.posted('/shown'),
      );
      const shown = JSON.parse(Buffer.from(posted).toString()) as string[][];
      const model = await load(digitsFile);
      const { images, labels } = await loadImages('digits', { split: 'test' });
      expect(shown).toHaveLength(10);
      shown.forEach((numbers, digit) => {
        const first = 784 * labels.indexOf(digit);
        const wanted = model.run(images.slice(first, first + 784));
        expect(bitsOf(Float32Array.from(numbers, Number))).toEqual(bitsOf(wanted));
      });
    } finally {
      await server.close();
      await rm(folder, { recursive: true });
    }
  });
});
