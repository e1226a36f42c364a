/**
 * The built runtime in Firefox, in a page and in a Web Worker, against Node, bit for bit. Without a driver: Firefox opens a page that
 * runs by itself and posts its outputs to the server of this test.
 */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answersTo, buildCasesPage } from './cases-page.js';
import type { CasesPage } from './cases-page.js';
import { firefox } from './engines.js';
import { patience, withFirefox } from './firefox-process.js';
import { serve } from './server.js';

const { program } = firefox;

describe.skipIf(program === undefined)(firefox.title, () => {
  let built: CasesPage;
  beforeAll(async () => {
    built = await buildCasesPage();
  });
  afterAll(() => rm(built.folder, { recursive: true }));

  it.each([true, false])(
    'gives the bits of Node, also in a Web Worker, cross-origin isolated: %s',
    { timeout: patience },
    async (isolated) => {
      const server = await serve(built.folder, isolated);
      try {
        const { page, worker, about } = await withFirefox(program ?? '', server.address, () =>
          answersTo(server),
        );
        expect(about).toEqual({ agent: expect.stringContaining('Firefox') as unknown, isolated });
        expect(page).toEqual(built.wanted);
        expect(worker).toEqual(built.wanted);
      } finally {
        await server.close();
      }
    },
  );
});
