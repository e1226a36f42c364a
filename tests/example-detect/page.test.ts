/** The detector's page in Chromium: every box that it shows against PackedDetector.detect in Node, bit for bit; and its refusals. */
import '@tensorflow/tfjs-layers';
import { packDetector } from '@surge-bnn/converter';
import { encodeDetector, PackedDetector } from '@surge-bnn/runtime';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { use } from '../backends.js';
import { BuiltExample } from '../built-example.js';
import { binaryParts, drawnDetector, fpn } from '../detectors.js';
import { bitsOf } from '../runtimes/cases.js';
import { chromium } from '../runtimes/engines.js';

describe.skipIf(chromium.program === undefined)(chromium.title, () => {
  let example: BuiltExample;
  let file: Uint8Array;
  beforeAll(async () => {
    await use('surge-wasm');
    example = await BuiltExample.build('detect');
    const detector = drawnDetector({ ...fpn, ...binaryParts });
    const { source } = packDetector(detector, {
      classes: ['cat', 'dog'],
      size: { shortSide: 60, longSide: 96 },
      pixels: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] },
    });
    file = encodeDetector(source);
    detector.dispose();
  });
  afterAll(() => example.close());

  const give = (page: Page, id: string, name: string, mimeType: string, bytes: Uint8Array) =>
    page.locator(`#${id}`).setInputFiles({ name, mimeType, buffer: Buffer.from(bytes) });

  it.each([true, false])('cross-origin isolated: %s: has the boxes that Node has', (isolated) =>
    example.visit(isolated, async (page) => {
      await give(page, 'model-file', 'drawn.bnn', 'application/octet-stream', file);
      await page.waitForFunction(() => document.querySelector('#size')?.textContent !== '–');
      expect(await page.innerText('#about')).toBe('drawn.bnn finds 2 kinds of objects: cat, dog.');
      await page.locator('#least').fill('0');
      const packed = PackedDetector.fromBytes(file);
      for (const [width, height] of [
        [80, 50],
        [161, 90],
        [33, 71],
      ]) {
        const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * i * 37) % 256);
        const raw = { width, height, channels: 3 } as const;
        const png = await sharp(data, { raw }).png().toBuffer();
        await give(page, 'picture-file', `${width}.png`, 'image/png', png);
        await page.waitForFunction(
          (wide) => document.querySelector<HTMLCanvasElement>('#photo')?.width === wide,
          width,
        );
        await page.waitForFunction(() => document.querySelector('#time')?.textContent !== '–');
        const shown = await page.locator('#objects tr').evaluateAll((rows) =>
          rows.map((line) => ({
            box: line.getAttribute('data-box'),
            score: line.getAttribute('data-score'),
            name: line.children[1].textContent,
          })),
        );
        const found = packed.detect({ data, ...raw });
        expect(found.scores.length).toBeGreaterThan(5);
        const numbers = (texts: string[]) => Float32Array.from(texts, Number);
        const boxes = numbers(shown.flatMap(({ box }) => box?.split(',') ?? []));
        expect(bitsOf(boxes)).toEqual(bitsOf(found.boxes));
        const scores = numbers(shown.map(({ score }) => score ?? ''));
        expect(bitsOf(scores)).toEqual(bitsOf(found.scores));
        expect(shown.map(({ name }) => name)).toEqual(found.names);
      }
      await page.locator('#least').fill('1');
      expect(await page.innerText('#count')).toBe('0 objects');
      expect(await page.innerText('#kernels')).toMatch(
        isolated ? /^wasm(, \d threads)?$/ : /^wasm$/,
      );
    }),
  );

  it('shows a picture with its own boxes alone, while another is looked at', () =>
    example.visit(true, async (page) => {
      const picture = async (width: number) => {
        const create = { width, height: 40, channels: 3 as const, background: '#888' };
        const png = await sharp({ create }).png().toBuffer();
        await give(page, 'picture-file', `${width}.png`, 'image/png', png);
      };
      const widthShown = () =>
        page.evaluate(() => document.querySelector<HTMLCanvasElement>('#photo')?.width);
      await give(page, 'model-file', 'drawn.bnn', 'application/octet-stream', file);
      await page.waitForFunction(() => document.querySelector('#size')?.textContent !== '–');
      await picture(80);
      await page.waitForFunction(() => document.querySelector('#time')?.textContent !== '–');
      // The worker never hears of the next one.
      await page.evaluate(() => {
        Worker.prototype.postMessage = () => void (document.body.dataset.held = 'yes');
      });
      await picture(50);
      await page.waitForFunction(() => document.body.dataset.held === 'yes');
      const before = await page.locator('#objects tr').count();
      await page.locator('#least').fill('0');
      expect(await page.locator('#objects tr').count()).toBeGreaterThanOrEqual(before);
      expect(await widthShown()).toBe(80);
    }));

  it('refuses what is no detector or no picture in one sentence, and goes on', () =>
    example.visit(true, async (page) => {
      const png = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#888' } })
        .png()
        .toBuffer();
      await give(page, 'picture-file', 'grey.png', 'image/png', png);
      const error = page.locator('#error');
      await error.waitFor();
      expect(await error.innerText()).toBe('Open a detector first: a *.bnn file.');
      await give(page, 'model-file', 'torn.bnn', 'application/octet-stream', file.subarray(0, 500));
      await page.waitForFunction(() =>
        document.querySelector('#error')?.textContent?.startsWith('torn'),
      );
      expect(await error.innerText()).toMatch(
        /^torn\.bnn cannot be run: .* Is it cut off, or no model file\?$/,
      );
      await give(page, 'picture-file', 'text.png', 'image/png', new Uint8Array(9));
      await page.waitForFunction(() =>
        document.querySelector('#error')?.textContent?.startsWith('text'),
      );
      await give(page, 'model-file', 'drawn.bnn', 'application/octet-stream', file);
      await page.waitForFunction(() => document.querySelector('#time')?.textContent !== '–');
      expect(await error.isHidden()).toBe(true);
    }));
});
