import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { fetchArchive } from './archive-fetch.js';
import { cifar10, cifar100, recordBytes, type ArchiveEntry } from './archives.js';
import { md5 } from './checked-file.js';
import { loadImages } from './datasets.js';
import { loadRecords } from './records.js';
import { archiveServer, type Answer } from './server.fixture.js';
import { temporaryFolder } from './sets.fixture.js';
import { tarBytes } from './tar.fixture.js';
import type { FetchOptions } from './types.js';

/** Two record files of 2 x 2 pictures with a coarse and a fine label. */
const LABELS = {
  train: [
    [0, 0],
    [1, 1],
    [0, 1],
    [1, 0],
  ],
  test: [
    [1, 0],
    [0, 1],
  ],
} as const;
const PIXELS = 2 * 2 * 3;
const record = (labels: readonly number[], first: number) => [
  ...labels,
  ...Array.from({ length: PIXELS }, (_, i) => first + i),
];
const CONTENT = {
  'train.bin': Buffer.from(LABELS.train.flatMap((labels, i) => record(labels, 40 * i))),
  'test.bin': Buffer.from(LABELS.test.flatMap((labels, i) => record(labels, 100 + i))),
};
const ARCHIVE = gzipSync(
  tarBytes([
    { name: 'tiny-bin/', type: '5' },
    { name: 'tiny-bin/readme.html', content: Buffer.alloc(30_000, 'x') },
    ...Object.entries(CONTENT).map(([name, content]) => ({ name: `tiny-bin/${name}`, content })),
  ]),
  { level: 0 },
);

const entry = (mirrors: readonly string[]): ArchiveEntry => ({
  folder: 'tiny',
  title: 'Tiny',
  height: 2,
  width: 2,
  channels: 3,
  licence: 'none',
  origin: 'a test',
  mirrors,
  archive: { name: 'tiny.tar.gz', bytes: ARCHIVE.length, md5: md5(ARCHIVE) },
  inside: 'tiny-bin',
  splits: {
    train: [{ name: 'train.bin', count: 4 }],
    test: [{ name: 'test.bin', count: 2 }],
  },
  labels: [
    ['low', 'high'],
    ['left', 'right'],
  ],
});
const tiny = { name: 'tiny', title: 'Tiny', entry: entry([]), label: 1 };

const patience = { attempts: 3, pause: 5, stallAfter: 5000 };
const fetchTiny = (mirrors: readonly string[], options: FetchOptions) =>
  fetchArchive(entry(mirrors), options, patience);

const serve: Answer = (request, response) => {
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const range = `bytes ${from}-${ARCHIVE.length - 1}/${ARCHIVE.length}`;
  if (from > 0) response.writeHead(206, { 'content-range': range });
  response.end(ARCHIVE.subarray(from));
};

/** Sends the first half, then breaks off. */
const half: Answer = (_request, response) => {
  response.writeHead(200, { 'content-length': ARCHIVE.length });
  response.write(ARCHIVE.subarray(0, 15_000), () => setTimeout(() => response.destroy(), 20));
};

const parts = async (folder: string) =>
  (await readdir(folder)).filter((name) => name.endsWith('.part'));

describe('fetchArchive', () => {
  it('downloads, verifies, unpacks; the set loads; a second time nothing is asked for', async () => {
    const { url, asked } = await archiveServer(serve);
    const directory = await temporaryFolder();
    const where = path.join(directory, 'tiny');
    expect(await fetchTiny([url], { directory })).toEqual({
      where,
      downloaded: ['tiny.tar.gz'],
      kept: [],
    });
    expect((await readdir(path.join(where, 'tiny-bin'))).sort()).toEqual([
      'checksums.md5',
      'test.bin',
      'train.bin',
    ]);
    const again = await fetchTiny([url], { directory });
    expect(again).toMatchObject({ downloaded: [], kept: ['train.bin', 'test.bin'] });
    expect(asked).toHaveLength(1);

    const train = await loadRecords(tiny, 'train', { directory });
    expect([...train.labels]).toEqual(LABELS.train.map(([, fine]) => fine));
    // NHWC: pixel p of picture i has the values 40 i + p, 40 i + 4 + p, 40 i + 8 + p of the planes.
    const expected = [0, 1, 2, 3].flatMap((i) =>
      [0, 1, 2, 3].flatMap((p) => [0, 4, 8].map((plane) => 40 * i + plane + p)),
    );
    expect([...train.images]).toEqual(expected);
    expect(train).toMatchObject({ title: 'Tiny', count: 4, classes: ['left', 'right'] });
    const coarse = await loadRecords({ ...tiny, label: 0 }, 'test', { directory });
    expect([...coarse.labels]).toEqual([1, 0]);
  });

  it('unpacks again from the archive what was damaged, without a download', async () => {
    const { url, asked } = await archiveServer(serve);
    const directory = await temporaryFolder();
    await fetchTiny([url], { directory });
    const file = path.join(directory, 'tiny', 'tiny-bin', 'train.bin');
    const damaged = Buffer.from(CONTENT['train.bin']);
    damaged[5] ^= 1;
    await writeFile(file, damaged);
    await expect(loadRecords(tiny, 'train', { directory })).rejects.toThrow(
      /train\.bin is damaged: its MD5 is [0-9a-f]{32}, .*; run: surge-bnn data fetch tiny/,
    );
    expect(await fetchTiny([url], { directory })).toMatchObject({ kept: ['tiny.tar.gz'] });
    expect(await readFile(file)).toEqual(CONTENT['train.bin']);
    expect(asked).toHaveLength(1);
  });

  it('a stopped download goes on where it was, in another call or process', async () => {
    const stopped = await archiveServer(half);
    const directory = await temporaryFolder();
    const where = path.join(directory, 'tiny');
    const impatient = { ...patience, attempts: 1 };
    await expect(fetchArchive(entry([stopped.url]), { directory }, impatient)).rejects.toThrow(
      /tiny\.tar\.gz could not be downloaded .*the connection broke/,
    );
    expect(await parts(where)).toHaveLength(1);
    const { url, asked } = await archiveServer(serve);
    await fetchTiny([url], { directory });
    expect(asked).toEqual(['/tiny.tar.gz bytes=15000-']);
    expect(await parts(where)).toEqual([]);
  });

  it('leaves alone what a living process is writing', async () => {
    const { url, asked } = await archiveServer(serve);
    const directory = await temporaryFolder();
    const where = path.join(directory, 'tiny');
    await mkdir(where);
    const theirs = `.tiny.tar.gz.${process.ppid}-abcd.part`;
    await writeFile(path.join(where, theirs), 'half');
    await fetchTiny([url], { directory });
    expect(asked).toEqual(['/tiny.tar.gz whole']);
    expect(await parts(where)).toEqual([theirs]);
  });

  it('a part that is wrong, or longer than the file, is fetched whole', async () => {
    for (const left of [Buffer.alloc(100, 1), Buffer.alloc(ARCHIVE.length + 5)]) {
      const { url } = await archiveServer((request, response, count) => {
        const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
        if (from >= ARCHIVE.length) response.writeHead(416).end();
        else serve(request, response, count);
      });
      const directory = await temporaryFolder();
      await mkdir(path.join(directory, 'tiny'));
      await writeFile(path.join(directory, 'tiny', '.tiny.tar.gz.999999999-ab.part'), left);
      await fetchTiny([url], { directory });
      expect(await readFile(path.join(directory, 'tiny', 'tiny.tar.gz'))).toEqual(ARCHIVE);
    }
  });

  it('refuses another file of that name: checksum mismatch', async () => {
    const { url } = await archiveServer((_request, response) => void response.end('other'));
    const directory = await temporaryFolder();
    const fetching = fetchTiny([url], { directory });
    await expect(fetching).rejects.toThrow(InputError);
    await expect(fetching).rejects.toThrow(/wrong checksum: MD5 [0-9a-f]{32}, published/);
    expect(await readdir(path.join(directory, 'tiny'))).toEqual([]);
  });

  it('two at once end with whole files', async () => {
    const { url } = await archiveServer(serve);
    const directory = await temporaryFolder();
    await Promise.all([fetchTiny([url], { directory }), fetchTiny([url], { directory })]);
    const where = path.join(directory, 'tiny');
    expect(await readFile(path.join(where, 'tiny.tar.gz'))).toEqual(ARCHIVE);
    expect(await parts(where)).toEqual([]);
    expect((await loadRecords(tiny, 'test', { directory })).count).toBe(2);
  });
});

describe('loadRecords', () => {
  async function folderWith(train: Uint8Array): Promise<string> {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'train.bin'), train);
    await writeFile(path.join(folder, 'test.bin'), CONTENT['test.bin']);
    return folder;
  }

  it('takes the folder of the files itself, too, and says that it has no checksums', async () => {
    const directory = await folderWith(CONTENT['train.bin']);
    const set = await loadRecords(tiny, 'train', { directory });
    expect(set.count).toBe(4);
    expect(set.origin).toMatch(/no list of checksums/);
  });

  it.each<[string, Buffer, RegExp]>([
    [
      'a cut file',
      CONTENT['train.bin'].subarray(0, 40),
      /holds 40 bytes, but 4 records of 14 bytes are 56/,
    ],
    [
      'a label out of range',
      Buffer.from(CONTENT['train.bin']).fill(7, 1, 2),
      /record 0 has the label 7; allowed: 0 to 1/,
    ],
    [
      'classes of unequal size',
      Buffer.from(CONTENT['train.bin']).fill(1, 1, 2),
      /holds 1 pictures of class 0, the published files 2 of each/,
    ],
  ])('refuses %s', async (_, bytes, message) => {
    const loading = loadRecords(tiny, 'train', { directory: await folderWith(bytes) });
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow(message);
  });

  it.each(['cifar10', 'cifar100', 'cifar100-coarse'] as const)(
    '%s says how to get it',
    async (name) => {
      const directory = await temporaryFolder();
      await expect(loadImages(name, { split: 'train', directory })).rejects.toThrow(
        new RegExp(`is not there: .*run: surge-bnn data fetch ${name}`),
      );
    },
  );

  it('the tables have the published numbers', () => {
    expect(recordBytes(cifar10)).toBe(3073);
    expect(recordBytes(cifar100)).toBe(3074);
    expect(cifar10.labels.map((classes) => classes.length)).toEqual([10]);
    expect(cifar100.labels.map((classes) => classes.length)).toEqual([20, 100]);
    for (const classes of [...cifar10.labels, ...cifar100.labels]) {
      expect([...classes].sort()).toEqual(classes);
    }
  });
});
