/** The example's page in a browser, as its tests handle it. */
import type { Locator, Page } from 'playwright-core';
import { serve } from '../runtimes/server.js';
import type { Served } from '../runtimes/server.js';

export interface ShownResult {
  readonly answer: string;
  /** Every output of the model, float32. */
  readonly outputs: Float32Array;
  /** What the model read, channels innermost: the page's own preview of it. */
  readonly seen: { readonly height: number; readonly width: number; readonly rgb: Uint8Array };
}

export class ExamplePage {
  private constructor(
    readonly page: Page,
    readonly server: Served,
    /** Addresses that the page and its workers asked for. */
    readonly requests: readonly string[],
    /** What went wrong in its scripts. */
    readonly errors: readonly string[],
  ) {}

  /** @param page new; closed with `close`. @param folder of the built example. */
  static async open(page: Page, folder: string, isolated: boolean): Promise<ExamplePage> {
    const server = await serve(folder, isolated);
    const requests: string[] = [];
    const errors: string[] = [];
    page.context().on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(server.address);
    const example = new ExamplePage(page, server, requests, errors);
    await example.get('models').locator('option').first().waitFor({ state: 'attached' });
    return example;
  }

  async close(): Promise<void> {
    await this.page.context().close();
    await this.server.close();
  }

  get(id: string): Locator {
    return this.page.locator(`#${id}`);
  }

  text(id: string): Promise<string> {
    return this.get(id).innerText();
  }

  /** What it shows when the time was taken, which is the last thing that it does. */
  async result(): Promise<ShownResult> {
    await this.page.waitForFunction(() => document.querySelector('#time')?.textContent !== '–');
    const numbers = await this.get('numbers').locator('td:nth-child(2)').allTextContents();
    const seen = await this.page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('#seen');
      const context = canvas?.getContext('2d');
      if (!canvas || !context) throw new Error('no preview');
      const { height, width, data } = context.getImageData(0, 0, canvas.width, canvas.height);
      return { height, width, data: Array.from(data) };
    });
    const rgb = Uint8Array.from(seen.data.filter((_, i) => i % 4 < 3));
    return {
      answer: await this.text('answer'),
      outputs: Float32Array.from(numbers, Number),
      seen: { height: seen.height, width: seen.width, rgb },
    };
  }

  /** From an empty stage, so that nothing of the picture before is taken for this one's. */
  async takeSample(label: string): Promise<ShownResult> {
    await this.clear();
    await this.page.getByAltText(`Sample: ${label}`, { exact: true }).click();
    return this.result();
  }

  async clear(): Promise<void> {
    if (await this.get('clear').isEnabled()) await this.get('clear').click();
  }

  /** Drops a file on the middle of the page, as a hand does. */
  async drop(name: string, bytes: Uint8Array, type = ''): Promise<void> {
    const file = { name, type, base64: Buffer.from(bytes).toString('base64') };
    const transfer = await this.page.evaluateHandle(({ name, type, base64 }) => {
      const transfer = new DataTransfer();
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type }));
      return transfer;
    }, file);
    await this.page.dispatchEvent('main', 'dragover', { dataTransfer: transfer });
    await this.page.dispatchEvent('main', 'drop', { dataTransfer: transfer });
  }

  /** The one sentence that says what is wrong, when it comes. */
  async error(): Promise<string> {
    await this.get('error').waitFor();
    return this.text('error');
  }

  /** A line through points of the pad, from 0 to 1, with the mouse. */
  async drawWithMouse(points: readonly (readonly [number, number])[]): Promise<void> {
    const [from, ...rest] = await this.onPad(points);
    await this.page.mouse.move(from.x, from.y);
    await this.page.mouse.down();
    for (const { x, y } of rest) await this.page.mouse.move(x, y);
    await this.page.mouse.up();
  }

  /** The same with a finger. */
  async drawWithFinger(points: readonly (readonly [number, number])[]): Promise<void> {
    const [from, ...rest] = await this.onPad(points);
    const session = await this.page.context().newCDPSession(this.page);
    const touch = (type: 'touchStart' | 'touchMove', at: { x: number; y: number }) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints: [at] });
    await touch('touchStart', from);
    for (const point of rest) await touch('touchMove', point);
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await session.detach();
  }

  /** The alpha channel of the pad, 560 x 560. In base64 on its way, because as a list of numbers it takes seconds. */
  async inkOfPad(): Promise<Uint8Array> {
    const base64 = await this.page.evaluate(() => {
      const pad = document.querySelector<HTMLCanvasElement>('#pad');
      const { data } = pad?.getContext('2d')?.getImageData(0, 0, 560, 560) ?? { data: [] };
      let text = '';
      for (let i = 3; i < data.length; i += 4) text += String.fromCharCode(data[i]);
      return btoa(text);
    });
    return Uint8Array.from(Buffer.from(base64, 'base64'));
  }

  private async onPad(points: readonly (readonly [number, number])[]) {
    await this.get('pad').scrollIntoViewIfNeeded();
    const box = await this.get('pad').boundingBox();
    if (box === null) throw new Error('there is no pad');
    return points.map(([x, y]) => ({ x: box.x + x * box.width, y: box.y + y * box.height }));
  }
}

/** Strokes that everybody reads as that digit. */
export const zero = Array.from({ length: 25 }, (_, i) => {
  const angle = -Math.PI / 2 - (i / 24) * 2 * Math.PI;
  return [0.5 + 0.2 * Math.cos(angle), 0.5 + 0.3 * Math.sin(angle)] as const;
});
export const one = [
  [0.5, 0.2],
  [0.5, 0.8],
] as const;
