import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import type * as Fs from 'node:fs/promises';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { temporaryFolder } from './sets.fixture.js';
import { removeStaleParts, writeWhole } from './write-file.js';

const disk = vi.hoisted(() => ({ isFull: false }));

// A disk that is full after the first byte: the system's own error, at the place where it happens.
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof Fs>();
  return {
    ...fs,
    async open(...args: Parameters<typeof Fs.open>) {
      const handle = await fs.open(...args);
      if (!disk.isFull) return handle;
      const write = vi
        .fn()
        .mockResolvedValueOnce({ bytesWritten: 1 })
        .mockRejectedValue(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
      return Object.assign(handle, { write });
    },
  };
});

it('writes all pieces, and the folder', async () => {
  const file = path.join(await temporaryFolder(), 'a', 'b', 'file');
  await writeWhole(file, [Buffer.from('one '), new Uint8Array(0), Buffer.from('two')]);
  expect(await readFile(file, 'utf8')).toBe('one two');
  expect(await readdir(path.dirname(file))).toEqual(['file']);
});

it('on a full disk the former file stays, nothing is left beside it, and one sentence says so', async () => {
  const file = path.join(await temporaryFolder(), 'file');
  await writeFile(file, 'former');
  disk.isFull = true;
  try {
    const writing = writeWhole(file, [Buffer.from('new content')], 'with SURGE_BNN_CACHE');
    await expect(writing).rejects.toThrow(
      /file cannot be written: the disk is full; choose another folder with SURGE_BNN_CACHE/,
    );
  } finally {
    disk.isFull = false;
  }
  expect(await readFile(file, 'utf8')).toBe('former');
  expect(await readdir(path.dirname(file))).toEqual(['file']);
});

it('removes old parts only', async () => {
  const folder = path.join(await temporaryFolder(), 'x');
  await mkdir(folder);
  for (const name of ['.a.1-ab.part', '.b.1-ab.part', 'c'])
    await writeFile(path.join(folder, name), '');
  const longAgo = new Date(Date.now() - 48 * 3600 * 1000);
  await utimes(path.join(folder, '.a.1-ab.part'), longAgo, longAgo);
  await utimes(path.join(folder, 'c'), longAgo, longAgo);
  await removeStaleParts(folder);
  expect((await readdir(folder)).sort()).toEqual(['.b.1-ab.part', 'c']);
});
