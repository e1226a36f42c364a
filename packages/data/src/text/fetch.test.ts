import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { archiveServer, type Answer } from '../server.fixture.js';
import { temporaryFolder } from '../sets.fixture.js';
import { zipBytes } from '../zip.fixture.js';
import { textCatalogue, type TextFile } from './catalogue.js';
import { fetchTextFiles } from './fetch.js';
import { describeText, openText } from './open.js';
import { textTaskNames } from './tasks.js';

const patience = { attempts: 2, pause: 5, stallAfter: 5000 };
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const tsv = 'sentence\tlabel\ngood\t1\nbad\t0\n';
const zip = zipBytes([
  { name: 'SST-2/' },
  { name: 'SST-2/train.tsv', content: Buffer.from(tsv), method: 8 },
  { name: 'SST-2/dev.tsv', content: Buffer.from(tsv) },
  { name: 'SST-2/original/README.txt', content: Buffer.from('not ours') },
  { name: '__MACOSX/SST-2/._train.tsv', content: Buffer.from('nor this') },
]);

/** A task of one archive and one plain file, and a server that has them. */
async function published(answer?: Answer) {
  const content: Readonly<Record<string, Buffer>> = {
    'SST-2.zip': zip,
    'ids.tsv': Buffer.from('1\t2\n'),
  };
  const serve: Answer = (request, response) =>
    response.end(content[(request.url ?? '').slice(1)] ?? '');
  const { url, asked } = await archiveServer(answer ?? serve);
  const file = (name: string): TextFile => ({
    name,
    bytes: content[name].length,
    sha256: sha256(content[name]),
    mirrors: [url],
  });
  const task = { folder: 'SST-2', files: [file('SST-2.zip'), file('ids.tsv')] };
  return { task, asked, url };
}

describe('fetching a task', () => {
  it('brings, verifies and unpacks; a second time nothing is asked', async () => {
    const { task, asked } = await published();
    const directory = await temporaryFolder();
    const first = await fetchTextFiles(task, { directory }, patience);
    const where = path.join(directory, 'glue', 'SST-2');
    expect(first).toEqual({ where, downloaded: ['SST-2.zip', 'ids.tsv'], kept: [] });
    expect(await readFile(path.join(where, 'train.tsv'), 'utf8')).toBe(tsv);
    expect(existsSync(path.join(where, 'README.txt'))).toBe(false);
    const set = await openText('sst2', { split: 'dev', directory });
    expect(set.examples).toHaveLength(2);
    const before = asked.length;
    await rm(path.join(where, 'SST-2.zip'));
    const again = await fetchTextFiles(task, { directory }, patience);
    expect(again.kept).toEqual(['SST-2.zip', 'ids.tsv']);
    expect(asked).toHaveLength(before);
  });

  it('unpacks again where a file that came out of it is gone', async () => {
    const { task, asked } = await published();
    const directory = await temporaryFolder();
    const { where } = await fetchTextFiles(task, { directory }, patience);
    await rm(path.join(where, 'train.tsv'));
    const again = await fetchTextFiles(task, { directory }, patience);
    expect(again.kept).toEqual(['SST-2.zip', 'ids.tsv']);
    expect(asked).toHaveLength(2);
    expect(await readFile(path.join(where, 'train.tsv'), 'utf8')).toBe(tsv);
  });

  it('unpacks an archive that was put there by hand', async () => {
    const { task, asked } = await published();
    const directory = await temporaryFolder();
    await fetchTextFiles({ ...task, files: [task.files[1]] }, { directory }, patience);
    const where = path.join(directory, 'glue', 'SST-2');
    await writeFile(path.join(where, 'SST-2.zip'), zip);
    const before = asked.length;
    const { kept } = await fetchTextFiles(task, { directory }, patience);
    expect(kept).toEqual(['SST-2.zip', 'ids.tsv']);
    expect(asked).toHaveLength(before);
    expect(existsSync(path.join(where, 'dev.tsv'))).toBe(true);
  });

  it('refuses what has another checksum, and leaves nothing of it', async () => {
    const { task } = await published((_, response) => response.end('something else'));
    const directory = await temporaryFolder();
    await expect(fetchTextFiles(task, { directory }, patience)).rejects.toThrow(
      /SST-2\.zip.*wrong checksum: SHA-256/s,
    );
    expect(existsSync(path.join(directory, 'glue', 'SST-2', 'SST-2.zip'))).toBe(false);
  });

  it("refuses an archive without the task's files", async () => {
    const { task } = await published();
    const directory = await temporaryFolder();
    await expect(
      fetchTextFiles({ ...task, folder: 'RTE' }, { directory }, patience),
    ).rejects.toThrow(/SST-2\.zip holds no RTE/);
  });
});

describe('the catalogue', () => {
  it('has a sum for every file, and a task is missing until its marks are there', async () => {
    for (const { files } of Object.values(textCatalogue)) {
      for (const { sha256: sum, bytes } of files) {
        expect(sum).toMatch(/^[0-9a-f]{64}$/);
        expect(bytes).toBeGreaterThan(1000);
      }
    }
    const directory = await temporaryFolder();
    const all = describeText({ directory });
    expect(all.map(({ name }) => name)).toEqual(textTaskNames);
    expect(all.every(({ present }) => !present)).toBe(true);
    expect(all.find(({ name }) => name === 'mrpc')?.missing).toHaveLength(3);
  });
});
