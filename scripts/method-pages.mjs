/**
 * Writes docs/methods.md and docs/methods/*.svg from the methods' own files. Needs a built workspace (`npm run build`).
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { methodPages } from '@surge-bnn/cli';

const root = new URL('../', import.meta.url);
const { page, plots } = await methodPages((name) =>
  readFile(new URL(`packages/core/src/binarizers/named/${name}.ts`, root), 'utf8'),
);
await rm(new URL('docs/methods/', root), { recursive: true, force: true });
await mkdir(new URL('docs/methods/', root), { recursive: true });
await writeFile(new URL('docs/methods.md', root), page);
for (const [file, svg] of plots) await writeFile(new URL(`docs/${file}`, root), svg);
