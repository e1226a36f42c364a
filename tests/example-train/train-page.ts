/** The training page in a browser, as its tests handle it. */
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { serve } from '../runtimes/server.js';
import type { Served } from '../runtimes/server.js';

export const networks = ['STE', 'SURGE'] as const;

/** What the page says of a packed model, and its file. */
export interface ShownFile {
  readonly text: string;
  readonly bytes: Buffer;
  /** In per cent, as the page has it. */
  readonly accuracy: number;
}

export class TrainPage {
  private constructor(
    readonly page: Page,
    readonly server: Served,
    /** Addresses that the page and its workers asked for. */
    readonly requests: readonly string[],
    /** What went wrong in its scripts. */
    readonly errors: readonly string[],
  ) {}

  /** @param page new; closed with `close`. @param folder of the built page. */
  static async open(page: Page, folder: string, isolated: boolean): Promise<TrainPage> {
    const server = await serve(folder, isolated);
    page.setDefaultTimeout(0);
    const requests: string[] = [];
    const errors: string[] = [];
    page.context().on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(server.address);
    const opened = new TrainPage(page, server, requests, errors);
    await opened.until('idle');
    return opened;
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

  /** Waits as long as it takes, as everything here does: training has no clock of its own. */
  async until(state: string): Promise<void> {
    await this.page.waitForFunction(
      (wanted) => document.documentElement.dataset['state'] === wanted,
      state,
    );
  }

  async start(): Promise<void> {
    await this.get('start').click();
    await this.until('training');
  }

  /** Waits for so many steps, and returns how many there are then. */
  async steps(least: number): Promise<number> {
    const read = () => parseInt(document.querySelector('#step')?.textContent ?? '', 10) || 0;
    await this.page.waitForFunction(
      (wanted) => (parseInt(document.querySelector('#step')?.textContent ?? '', 10) || 0) >= wanted,
      least,
    );
    return this.page.evaluate(read);
  }

  /** Ends the worker that trains, which the page tells. */
  async endWorker(): Promise<void> {
    const all = this.page.workers();
    const worker = all.filter((one) => /\/assets\/worker-[^/]+\.js$/.test(one.url())).at(-1);
    if (worker === undefined) throw new Error('there is no worker');
    // It never answers: it is gone.
    void worker.evaluate(() => self.close()).catch(() => undefined);
    await this.get('error').waitFor();
  }

  /** Of one network, as a person downloads it. */
  async file(i: number): Promise<ShownFile> {
    const card = this.get('files').locator('.file').nth(i);
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      card.getByRole('link').click(),
    ]);
    const text = await card.innerText();
    const [, accuracy] = /([\d.]+) % of 2,000 test digits right/.exec(text) ?? [];
    return { text, bytes: await readFile(await download.path()), accuracy: Number(accuracy) };
  }

  /** What both networks read. */
  answers(): Promise<string[]> {
    return this.get('answers').locator('.answer').allInnerTexts();
  }

  /** A line through points of the pad, from 0 to 1, with the mouse. */
  async draw(points: readonly (readonly [number, number])[]): Promise<void> {
    if (await this.get('clear').isEnabled()) await this.get('clear').click();
    await this.get('pad').scrollIntoViewIfNeeded();
    const box = await this.get('pad').boundingBox();
    if (box === null) throw new Error('there is no pad');
    const [from, ...rest] = points.map(([x, y]) => ({
      x: box.x + x * box.width,
      y: box.y + y * box.height,
    }));
    await this.page.mouse.move(from.x, from.y);
    await this.page.mouse.down();
    for (const { x, y } of rest) await this.page.mouse.move(x, y);
    await this.page.mouse.up();
    await this.page.waitForFunction(() => document.querySelector('#spoken')?.textContent !== '');
  }

  /** Puts down what is shown of the memory at every report, until `memory` is asked for. */
  async watchMemory(): Promise<void> {
    await this.page.evaluate(() => {
      const seen: string[] = [];
      const text = (id: string) => document.querySelector(`#${id}`)?.textContent ?? '';
      new MutationObserver(() => {
        // Evaluation has its own tensors and blocks; after the first, which this line tells of, all stands still.
        if (text('goal') !== '–') seen.push(`${text('tensors')}, ${text('bytes')}`);
      }).observe(document.querySelector('#tensors') ?? document.body, { childList: true });
      Object.assign(window, { seenMemory: seen });
    });
  }

  memory(): Promise<string[]> {
    return this.page.evaluate(() => Reflect.get(window, 'seenMemory') as string[]);
  }
}
