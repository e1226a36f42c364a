/** The page that runs all cases by itself (page/), built, and what it posts back to its server. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'vite';
import { bitsOf, makeCases, outputsInNode, writeCases } from './cases.js';
import { root } from './engines.js';
import type { Served } from './server.js';

export interface CasesPage {
  /** To be served, and removed by whoever asked. */
  readonly folder: string;
  /** Bits of all outputs in Node. */
  readonly wanted: Uint32Array;
}

export async function buildCasesPage(): Promise<CasesPage> {
  const folder = await mkdtemp(path.join(tmpdir(), 'surge-page-'));
  await build({
    configFile: false,
    root: path.join(root, 'tests/runtimes/page'),
    logLevel: 'error',
    worker: { format: 'es' },
    build: { outDir: folder, emptyOutDir: true },
  });
  const cases = await makeCases();
  await writeCases(path.join(folder, 'cases'), cases);
  return { folder, wanted: bitsOf(await outputsInNode(cases)) };
}

export interface Answers {
  /** Bits of all outputs in the page itself. */
  readonly page: Uint32Array;
  /** In its Web Worker. */
  readonly worker: Uint32Array;
  /** {"agent", "isolated"}. */
  readonly about: unknown;
}

/** Waits for the page. @throws Error with what went wrong in it. */
export async function answersTo(server: Served): Promise<Answers> {
  const failed = server.posted('/failed').then((text) => {
    throw new Error(Buffer.from(text).toString());
  });
  const posts = Promise.all(['/page', '/worker', '/about'].map((where) => server.posted(where)));
  const [page, worker, about] = await Promise.race([posts, failed]);
  return {
    page: bitsOf(page),
    worker: bitsOf(worker),
    about: JSON.parse(Buffer.from(about).toString()),
  };
}
