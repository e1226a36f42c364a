import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { kernelTable } from './kernels/table.js';
import { kernelNames } from './providers/reference/index.js';
import { kernelSupport, supportPage } from './support.js';

it('has one row for each kernel, and every kernel of the providers is used', () => {
  const names = kernelTable.map((entry) => entry.kernel);
  expect(new Set(names).size).toBe(names.length);
  const used = new Set(kernelTable.flatMap((entry) => entry.uses));
  expect([...used].sort()).toEqual([...kernelNames].sort());
});

it('knows the reference as complete', async () => {
  const rows = await kernelSupport();
  expect(rows).toHaveLength(kernelTable.length);
  expect(rows.every((row) => row.providers.reference === 'own')).toBe(true);
});

it('is what docs/kernels.md says (else: npm run build && node scripts/kernel-table.mjs)', async () => {
  const page = await readFile(new URL('../../../docs/kernels.md', import.meta.url), 'utf8');
  expect(page).toBe(supportPage(await kernelSupport()));
});
