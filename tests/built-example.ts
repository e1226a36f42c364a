/** An example's page, built as its site is and visited in Chromium: without errors, and asking nobody but its server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium as driver } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { expect } from 'vitest';
import { chromium, root } from './runtimes/engines.js';
import { serve } from './runtimes/server.js';

export class BuiltExample {
  private constructor(
    private readonly folder: string,
    private readonly browser: Browser,
  ) {}

  /** @param name its folder in examples. */
  static async build(name: string): Promise<BuiltExample> {
    const folder = await mkdtemp(path.join(tmpdir(), `surge-${name}-`));
    await build({
      root: path.join(root, 'examples', name),
      configFile: path.join(root, 'examples', name, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: path.join(folder, 'site'), emptyOutDir: true },
    });
    const browser = await driver.launch({ executablePath: chromium.program });
    return new BuiltExample(folder, browser);
  }

  /** @param isolated with the headers that let its workers share memory. @param look what is to be seen on the page. */
  async visit(isolated: boolean, look: (page: Page) => Promise<void>): Promise<void> {
    const server = await serve(path.join(this.folder, 'site'), isolated);
    const page = await (await this.browser.newContext()).newPage();
    const errors: string[] = [];
    const requests: string[] = [];
    page.context().on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    try {
      await page.goto(server.address);
      await look(page);
      expect(errors).toEqual([]);
      const here = new RegExp(`^(data:|(blob:)?${server.address}/)`);
      expect(requests.filter((url) => !here.test(url))).toEqual([]);
    } finally {
      await page.context().close();
      await server.close();
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
    await rm(this.folder, { recursive: true });
  }
}
