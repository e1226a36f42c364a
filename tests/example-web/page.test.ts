/** The example's page in Chromium: every number that it shows against PackedModel.run in Node, bit for bit; its errors, sizes and themes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadImages } from '@surge-bnn/data';
import { encodeModel, load } from '@surge-bnn/runtime';
import type { PackedModel } from '@surge-bnn/runtime';
import { chromium as driver } from 'playwright-core';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import sharp from 'sharp';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareDrawing, preparePicture } from '../../examples/web/src/prepare.js';
import { bitsOf, cifarClasses, cifarModel, curvesModel, digitsFile } from '../runtimes/cases.js';
import { chromium, root } from '../runtimes/engines.js';
import { ExamplePage, one, zero } from './example-page.js';
import type { ShownResult } from './example-page.js';

describe.skipIf(chromium.program === undefined)(chromium.title, () => {
  let folder: string;
  let browser: Browser;
  let digits: PackedModel;
  let pictureOf: (digit: number) => Uint8Array;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'surge-example-'));
    await build({
      root: path.join(root, 'examples/web'),
      configFile: path.join(root, 'examples/web/vite.config.ts'),
      logLevel: 'error',
      build: { outDir: path.join(folder, 'site'), emptyOutDir: true },
    });
    browser = await driver.launch({ executablePath: chromium.program });
    digits = await load(digitsFile);
    const { images, labels } = await loadImages('digits', { split: 'test' });
    pictureOf = (digit) => {
      const first = 784 * labels.indexOf(digit);
      return images.slice(first, first + 784);
    };
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  /** Opens the example, and holds it to what is true of every visit: no request elsewhere, no error of its scripts. */
  async function visit(
    look: (example: ExamplePage) => Promise<void>,
    { isolated = true, ...options }: BrowserContextOptions & { isolated?: boolean } = {},
  ): Promise<void> {
    const page = await (await browser.newContext(options)).newPage();
    const example = await ExamplePage.open(page, path.join(folder, 'site'), isolated);
    try {
      await look(example);
      // Data and blobs are the page's own.
      const here = new RegExp(`^(data:|(blob:)?${example.server.address}/)`);
      const elsewhere = example.requests.filter((url) => !here.test(url));
      expect(elsewhere).toEqual([]);
      expect(example.requests.length).toBeGreaterThan(4);
      expect(example.errors).toEqual([]);
    } finally {
      await example.close();
    }
  }

  const channelOf = ({ seen }: ShownResult): Uint8Array => seen.rgb.filter((_, i) => i % 3 === 0);

  /** The outputs to the bit, and the class that they say. */
  function expectOutputs(shown: ShownResult, model: PackedModel, input: Uint8Array): void {
    const wanted = model.run(input);
    expect(bitsOf(shown.outputs)).toEqual(bitsOf(wanted));
    expect(shown.answer).toBe(model.classes?.[wanted.indexOf(Math.max(...wanted))]);
  }

  describe.each([true, false])('cross-origin isolated: %s', (isolated) => {
    it('gives all outputs of real digits as Node does, in a Web Worker', () =>
      visit(
        async (example) => {
          for (let digit = 0; digit < 10; digit++) {
            const shown = await example.takeSample(`${digit}`);
            expect(channelOf(shown)).toEqual(pictureOf(digit));
            expectOutputs(shown, digits, pictureOf(digit));
          }
          expect(example.page.workers()[0].url()).toMatch(/\/assets\/worker-[^/]+\.js$/);
          expect(await example.text('isolated')).toBe(
            isolated ? 'cross-origin isolated' : 'not cross-origin isolated',
          );
          expect(await example.text('threads')).toMatch(/^\d+ of \d+ cores$/);
          expect(await example.text('time')).toMatch(/^[\d.]+ ms$/);
          expect(await example.text('runs')).toMatch(/^median of [3-9] x \d+ runs$/);
          const { size } = await readFile(digitsFile).then(({ length }) => ({ size: length }));
          expect(await example.text('size')).toBe(`${(size / 1000).toFixed(1)} kB`);
          expect(await example.text('kernels')).toContain('3 xor-popcount');
        },
        { isolated },
      ));

    it('reads what is drawn, prepared as the code says', () =>
      visit(
        async (example) => {
          for (const [points, answer] of [
            [zero, '0'],
            [one, '1'],
          ] as const) {
            await example.clear();
            await example.drawWithMouse(points);
            const shown = await example.result();
            expect(shown.answer).toBe(answer);
            expectOutputs(shown, digits, channelOf(shown));
            const ink = { height: 560, width: 560, channels: 1, bytes: await example.inkOfPad() };
            const reads = { height: 28, width: 28, channels: 1, digits: true, lightOnDark: true };
            expect(channelOf(shown)).toEqual(prepareDrawing(ink, reads)?.picture.bytes);
          }
        },
        { isolated },
      ));

    it('runs another model that is dropped on it, on pictures of any size', () =>
      visit(
        async (example) => {
          const bytes = cifarModel();
          const model = await load(bytes);
          await example.drop('resnet.bnn', bytes);
          await example.page.waitForFunction(
            () => document.querySelector('#input-title')?.textContent === 'Picture',
          );
          expect(await example.text('models')).toContain('resnet.bnn');
          const names = await example.get('bars').locator('.name').allTextContents();
          expect(names).toEqual(cifarClasses);
          for (const side of [32, 80]) {
            const raw = Uint8Array.from({ length: 3 * 32 * side }, (_, i) => (i * i + 7 * i) % 251);
            const picture = { height: 32, width: side, channels: 3, bytes: raw };
            const png = await sharp(raw, { raw: { ...picture, channels: 3 } })
              .png()
              .toBuffer();
            await example.clear();
            await example.drop(`${side}.png`, png, 'image/png');
            const shown = await example.result();
            const reads = { ...{ height: 32, width: 32, channels: 3 }, digits: false };
            const prepared = preparePicture(picture, { ...reads, lightOnDark: true });
            expect(shown.seen.rgb).toEqual(prepared.picture.bytes);
            expectOutputs(shown, model, prepared.picture.bytes);
            const remark = side === 32 ? '' : 'resized from 32 x 80 to fit into 32 x 32';
            expect(await example.get('remarks').textContent()).toContain(remark);
          }
          // And back to the list.
          await example.get('models').selectOption('digits.bnn');
          await example.get('pad').waitFor();
          expectOutputs(await example.takeSample('7'), digits, pictureOf(7));
        },
        { isolated },
      ));
  });

  it('says in a sentence what is wrong with a file, and goes on', () =>
    visit(async (example) => {
      const good = await readFile(digitsFile);
      const damaged = Uint8Array.from(good);
      damaged[good.length - 30] = 0xff; // a NaN among the classifier's floats, or a bit of padding
      const files: readonly (readonly [string, Uint8Array, RegExp])[] = [
        ['cut.bnn', good.subarray(0, 9000), /^cut\.bnn cannot be run: .+\.$/],
        [
          'text.txt',
          Buffer.from('no model at all'),
          /^text\.txt cannot be run: .+no model file\?$/,
        ],
        [
          'other.bnn',
          Buffer.from(good.toString('latin1').replace('"version":"1"', '"version":"0"'), 'latin1'),
          /^other\.bnn cannot be run: .+version.+\.$/,
        ],
        [
          'curves.bnn',
          curvesModel(),
          /^curves\.bnn reads inputs of shape \[40\], and this page has pictures for it: .+\.$/,
        ],
        [
          'plain.bnn',
          withoutPixels(),
          /^plain\.bnn does not say how the bytes of a picture become its inputs; .+\.$/,
        ],
      ];
      for (const [name, bytes, sentence] of files) {
        await example.drop(name, bytes);
        expect(await example.error()).toMatch(sentence);
        expect((await example.error()).split('\n')).toHaveLength(1);
        // The model before is still there, also in the list, and the sentence goes with the next thing that works.
        expect(await example.get('models').inputValue()).toBe('digits.bnn');
        expectOutputs(await example.takeSample('2'), digits, pictureOf(2));
        expect(await example.get('error').isVisible()).toBe(false);
      }
      const blank = await sharp({
        create: { width: 40, height: 40, channels: 3, background: '#fff' },
      })
        .png()
        .toBuffer();
      for (const [bytes, sentence] of [
        [Buffer.from('no picture'), 'wrong.png is no picture that this browser can read.'],
        [blank, 'There is nothing on this picture: every pixel is the same.'],
      ] as const) {
        await example.drop('wrong.png', bytes, 'image/png');
        expect(await example.error()).toBe(sentence);
        expectOutputs(await example.takeSample('9'), digits, pictureOf(9));
      }
    }));

  it('is used with the keyboard alone', () =>
    visit(async (example) => {
      await example.get('models').focus();
      const focused = () =>
        example.page.evaluate(() => {
          const { activeElement } = document;
          return activeElement?.id || activeElement?.firstElementChild?.getAttribute('alt');
        });
      const order: (string | null | undefined)[] = [];
      for (let i = 0; i < 4; i++) {
        await example.page.keyboard.press('Tab');
        order.push(await focused());
      }
      expect(order).toEqual(['model-file', 'picture-file', 'Sample: 0', 'Sample: 1']);
      await example.page.keyboard.press('Enter');
      expectOutputs(await example.result(), digits, pictureOf(1));
      expect(await example.get('spoken').textContent()).toMatch(/^Read as 1, [\d.]+ %\.$/);
    }));

  it('fits a phone, where a finger draws', () =>
    visit(
      async (example) => {
        await example.drawWithFinger(one);
        const shown = await example.result();
        expect(shown.answer).toBe('1');
        expectOutputs(shown, digits, channelOf(shown));
        expect(await example.text('brief')).toMatch(/^1, [\d.]+ %$/);
        const { scroll, width } = await example.page.evaluate(() => ({
          scroll: document.documentElement.scrollWidth,
          width: document.documentElement.clientWidth,
        }));
        expect(scroll).toBeLessThanOrEqual(width);
      },
      {
        viewport: { width: 360, height: 740 },
        deviceScaleFactor: 2,
        hasTouch: true,
        isMobile: true,
      },
    ));

  it.each(['light', 'dark'] as const)('is %s where the system is', (colorScheme) =>
    visit(
      async (example) => {
        await example.drawWithMouse(zero);
        await example.result();
        const file = path.join(folder, `${colorScheme}.png`);
        await example.page.screenshot({ path: file, fullPage: true });
        const { channels } = await sharp(file).removeAlpha().stats();
        const mean = channels.reduce((sum, channel) => sum + channel.mean, 0) / channels.length;
        if (colorScheme === 'light') expect(mean).toBeGreaterThan(200);
        else expect(mean).toBeLessThan(60);
      },
      { colorScheme, viewport: { width: 1200, height: 900 } },
    ),
  );

  /** Classes of a picture, from a file that knows no bytes. */
  function withoutPixels(): Uint8Array {
    const shape = [4, 4, 1];
    return encodeModel({
      graph: {
        inputs: [{ name: 'x', shape }],
        nodes: [
          {
            name: 'flat',
            op: 'reshape',
            inputs: ['x'],
            attributes: { shape: [16] },
            tensors: {},
            output: { type: 'f32', shape: [16] },
            layers: [],
          },
        ],
        outputs: ['flat'],
      },
      tensors: new Map(),
      metadata: {},
    });
  }
});
