/** The text model's page in Chromium: every probability that it shows against PackedText.predict in Node, bit for bit, while somebody types; and its refusals. */
import '@tensorflow/tfjs-layers';
import { packText } from '@surge-bnn/converter';
import { encodeText } from '@surge-bnn/runtime';
import { PackedText } from '@surge-bnn/runtime/text';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { use } from '../backends.js';
import { BuiltExample } from '../built-example.js';
import { chromium } from '../runtimes/engines.js';
import { drawnText, wordPiece } from '../texts.js';

describe.skipIf(chromium.program === undefined)(chromium.title, () => {
  let example: BuiltExample;
  let sentences: Uint8Array;
  let pairs: Uint8Array;
  beforeAll(async () => {
    await use('surge-wasm');
    example = await BuiltExample.build('text');
    const common = { wordPiece, maxLength: 24 };
    const classifier = drawnText({ method: 'bibert' }, 3);
    const output = { classes: ['bad', 'good', 'so so'] };
    sentences = encodeText(packText(classifier, { ...common, output, pairs: false }).source);
    classifier.dispose();
    const scorer = drawnText({ method: 'bit', activation: 'relu' }, 1);
    const range = { least: 0, most: 5 };
    const packed = packText(scorer, { ...common, output: range, pairs: true, tables: 'i8' });
    pairs = encodeText(packed.source, { compact: true });
    scorer.dispose();
  });
  afterAll(() => example.close());

  const give = (page: Page, name: string, bytes: Uint8Array) =>
    page.locator('#model-file').setInputFiles({
      name,
      mimeType: 'application/octet-stream',
      buffer: Buffer.from(bytes),
    });
  /** Until the page shows what was read of a text of so many pieces. */
  const shows = (page: Page, pieces: number) =>
    page.waitForFunction(
      (wanted) => document.querySelectorAll('#pieces li').length === wanted,
      pieces,
    );

  it.each([true, false])('cross-origin isolated: %s: says what Node says', (isolated) =>
    example.visit(isolated, async (page) => {
      await give(page, 'drawn.bnn', sentences);
      await shows(page, 2);
      expect(await page.innerText('#about')).toBe(
        'drawn.bnn reads sentences of up to 24 pieces and says: bad, good, so so.',
      );
      const packed = PackedText.fromBytes(sentences);
      for (const text of ['', 'w1', 'w1 w2x3 CAFÉ, 你', 'Привет wz', 'w3 '.repeat(40)]) {
        const expected = packed.predict(text);
        if (!('class' in expected)) throw new Error('no classifier');
        await page.locator('#first').fill(text);
        await shows(page, expected.pieces);
        await page.waitForFunction(
          (wanted) =>
            document.querySelector('#bars')?.getAttribute('data-probabilities') === wanted,
          expected.probabilities.join(),
        );
        expect(await page.getAttribute('#bars', 'data-class')).toBe(expected.class);
        expect(await page.locator('#bars li.best .name').innerText()).toBe(expected.class);
        const { ids } = packed.encode(text);
        expect(await page.locator('#pieces li').allInnerTexts()).toEqual(
          ids.map((id) => wordPiece.vocabulary[id]),
        );
      }
      expect(await page.innerText('#remarks')).toBe(
        '18 pieces at the end are too many for this model and were cut off.',
      );
      expect(await page.innerText('#size')).toBe(`${(sentences.length / 1000).toFixed(1)} kB`);
      expect(await page.innerText('#time')).toMatch(/^\d+\.\d\d ms$/);
      expect(await page.innerText('#kernels')).toMatch(
        isolated ? /^wasm(, \d threads)?$/ : /^wasm$/,
      );
    }),
  );

  it('shows the last of many letters', () =>
    example.visit(true, async (page) => {
      await give(page, 'drawn.bnn', sentences);
      await shows(page, 2);
      const text = 'w1 w2x3 , w5 unknown w7';
      await page.locator('#first').pressSequentially(text);
      const expected = PackedText.fromBytes(sentences).predict(text);
      if (!('class' in expected)) throw new Error('no classifier');
      await page.waitForFunction(
        (wanted) => document.querySelector('#bars')?.getAttribute('data-probabilities') === wanted,
        expected.probabilities.join(),
      );
      expect(await page.innerText('#remarks')).toBe('One piece is unknown to it.');
    }));

  it('asks for a second sentence where the model reads pairs, and shows its score', () =>
    example.visit(true, async (page) => {
      expect(await page.locator('#second').isVisible()).toBe(false);
      await give(page, 'pairs.bnn', pairs);
      await shows(page, 3);
      await page.locator('#first').fill('w1 w2');
      await page.locator('#second').fill('w3, w4');
      const expected = PackedText.fromBytes(pairs).predict('w1 w2', 'w3, w4');
      if (!('score' in expected)) throw new Error('no scores');
      await page.waitForFunction(
        (wanted) => document.querySelector('#score')?.getAttribute('data-score') === wanted,
        String(expected.score),
      );
      await shows(page, expected.pieces);
      expect(await page.innerText('#score')).toBe(`${expected.score.toFixed(2)} of 0 to 5`);
      expect(await page.locator('#bars').isVisible()).toBe(false);
      // And back.
      await give(page, 'drawn.bnn', sentences);
      await page.waitForFunction(() => document.querySelectorAll('#bars li').length === 3);
      expect(await page.locator('#second').isVisible()).toBe(false);
      expect(await page.locator('#score').isVisible()).toBe(false);
    }));

  it('refuses what is no text model in one sentence, and goes on', () =>
    example.visit(true, async (page) => {
      await give(page, 'torn.bnn', sentences.subarray(0, 500));
      const error = page.locator('#error');
      await error.waitFor();
      expect(await error.innerText()).toMatch(
        /^torn\.bnn cannot be run: .* Is it cut off, or no model file\?$/,
      );
      await give(page, 'drawn.bnn', sentences);
      await shows(page, 2);
      expect(await error.isHidden()).toBe(true);
    }));
});
