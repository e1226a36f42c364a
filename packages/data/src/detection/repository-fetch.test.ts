import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { InputError } from '@surge-bnn/contract';
import { beforeEach, describe, expect, it } from 'vitest';
import { ownCache } from '../pictures/pictures.fixture.js';
import { temporaryFolder } from '../sets.fixture.js';
import type { FetchOptions } from '../types.js';
import { repositoryArchive, smallRepository } from './repository.fixture.js';
import { fetchRepositorySet } from './repository-fetch.js';
import { openRepositorySet } from './repository-open.js';
import type { RepositorySet } from './repository-sets.js';

beforeEach(async () => void (await ownCache()));

const patience = { attempts: 2, pause: 5, stallAfter: 5000 };

/** A data directory, and what lies in its folder `detection`. */
async function place() {
  const directory = await temporaryFolder();
  const around = path.join(directory, 'detection');
  const fetch = (set: RepositorySet, options: FetchOptions = {}) =>
    fetchRepositorySet(set, { directory, ...options }, patience);
  const left = async () => (existsSync(around) ? (await readdir(around)).sort() : []);
  return { directory, around, folder: path.join(around, 'bccd'), fetch, left };
}

describe('fetching a set from its repository', () => {
  it('downloads the archive of the commit, keeps the files of the set and its licence, and does it once', async () => {
    const { set, files, licence, asked } = await smallRepository();
    const { directory, folder, fetch, left } = await place();
    const result = await fetch(set);
    expect(result).toEqual({ where: folder, downloaded: ['cats-abc.tar.gz'], kept: [] });
    expect(asked).toEqual(['/abc whole']);
    expect(await left()).toEqual(['bccd', 'cats-abc.tar.gz']);
    const folders = ['Annotations', 'JPEGImages', 'ImageSets', 'ImageSets/Main'];
    const names = (await readdir(folder, { recursive: true }))
      .map((name) => name.split(path.sep).join('/'))
      .filter((name) => !folders.includes(name));
    expect(names.sort()).toEqual([...Object.keys(files), 'LICENSE'].sort());
    for (const [name, bytes] of Object.entries(files)) {
      expect(await readFile(path.join(folder, name))).toEqual(Buffer.from(bytes));
    }
    expect(await readFile(path.join(folder, 'LICENSE'))).toEqual(licence);

    const states: string[] = [];
    const again = await fetch(set, {
      onProgress: ({ file, state }) => states.push(`${file} ${state}`),
    });
    expect(again).toEqual({ where: folder, downloaded: [], kept: ['bccd'] });
    expect([asked.length, states]).toEqual([1, ['bccd present']]);
    const opened = await openRepositorySet(set, { list: 'train', directory });
    expect(opened).toMatchObject({ name: 'bccd', title: 'two cats', count: 2, classes: ['cat'] });
  });

  it('an archive that lies there is taken, whatever brought it; a wrong one is fetched anew', async () => {
    const { set, archive, asked } = await smallRepository();
    const { around, folder, fetch } = await place();
    await mkdir(around, { recursive: true });
    await writeFile(path.join(around, set.archive.name), archive);
    const found = await fetch(set);
    expect(found).toEqual({ where: folder, downloaded: [], kept: [set.archive.name] });
    expect(asked).toEqual([]);
    await rm(folder, { recursive: true });
    await writeFile(path.join(around, set.archive.name), 'an error page');
    expect(await fetch(set)).toMatchObject({ downloaded: [set.archive.name] });
    expect(existsSync(path.join(folder, 'Annotations/a.xml'))).toBe(true);
  });

  it('takes the file by its own name from another address', async () => {
    const { set, url, asked } = await smallRepository();
    const { fetch } = await place();
    const gone = { ...set, archive: { ...set.archive, mirrors: ['http://127.0.0.1:1/'] } };
    await fetch(gone, { baseUrl: url });
    expect(asked).toEqual(['/cats-abc.tar.gz whole']);
  });

  it('needs nothing where the tar archive is; one of another content does not count', async () => {
    const { set, tar, asked } = await smallRepository();
    const { around, fetch, left } = await place();
    await mkdir(around, { recursive: true });
    await writeFile(path.join(around, 'bccd.tar'), tar);
    expect(await fetch(set)).toEqual({ where: around, downloaded: [], kept: ['bccd.tar'] });
    expect([asked, await left()]).toEqual([[], ['bccd.tar']]);
    await writeFile(path.join(around, 'bccd.tar'), tar.subarray(0, 1024));
    expect(await fetch(set)).toMatchObject({ downloaded: [set.archive.name] });
  });

  it('refuses what is longer than the set, packed or unpacked, and does not take it', async () => {
    const { set, archive } = await smallRepository();
    const { around, fetch, left } = await place();
    const most = (mostBytes: number) => ({ ...set, archive: { ...set.archive, mostBytes } });
    await expect(fetch(most(archive.length - 1))).rejects.toThrow(
      `could not be downloaded (${set.archive.mirrors[0]}abc: it is longer than ${archive.length - 1} bytes)`,
    );
    const unpacked = gunzipSync(archive).length;
    expect(unpacked).toBeGreaterThan(archive.length);
    await expect(fetch(most(unpacked - 1))).rejects.toThrow(
      `cats-abc.tar.gz unpacks to more than ${unpacked - 1} bytes, which two cats does not`,
    );
    // One that was brought by hand is no better.
    await writeFile(path.join(around, set.archive.name), gzipSync(new Uint8Array(unpacked + 1)));
    expect(await fetch(most(unpacked))).toMatchObject({ downloaded: [set.archive.name] });
    expect(await left()).toEqual(['bccd', 'cats-abc.tar.gz']);
  });

  it('goes on where a stopped download was', async () => {
    const cut = 600;
    const { set, asked } = await smallRepository((bytes) => (request, response, count) => {
      if (count === 1) {
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, cut)); // and no more
        return;
      }
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1]);
      const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
      response.writeHead(206, { 'content-range': range });
      response.end(bytes.subarray(from));
    });
    const { fetch, left } = await place();
    const stop = new AbortController();
    const onProgress = ({ received }: { received: number }) => {
      if (received === cut) stop.abort();
    };
    await expect(fetch(set, { signal: stop.signal, onProgress })).rejects.toThrow(/was stopped/);
    expect(await left()).toEqual([expect.stringMatching(/^\.cats-abc\.tar\.gz\..*\.part$/)]);
    await fetch(set);
    expect(asked).toEqual(['/abc whole', `/abc bytes=${cut}-`]);
    expect(await left()).toEqual(['bccd', set.archive.name]);
  });

  it.each([
    ['a changed picture', { 'BCCD/JPEGImages/a.jpg': 'x' }, /SHA-256 of its annotations, .* is /],
    ['a file more', { 'BCCD/Annotations/c.xml': 'x' }, /it has 6 annotations, .* the set has 5/],
    ['a list more', { 'BCCD/ImageSets/Main/mine.txt': 'a' }, /it has 6 annotations/],
  ])('refuses an archive with %s, and leaves nothing', async (_, change, reason) => {
    const { set, files } = await smallRepository();
    const inside = Object.entries(files).map(([name, bytes]) => [`BCCD/${name}`, bytes] as const);
    const changes = Object.entries(change).map(
      ([name, text]) => [name, Buffer.from(text)] as const,
    );
    const wrong = repositoryArchive(Object.fromEntries([...inside, ...changes]));
    const other = await smallRepository(() => (__, response) => response.end(wrong));
    const { fetch, left } = await place();
    const fetching = fetch({ ...set, archive: other.set.archive });
    await expect(fetching).rejects.toThrow(InputError);
    await expect(fetching).rejects.toThrow(reason);
    await expect(fetching).rejects.toThrow(/the archive does not hold two cats/);
    expect(await left()).toEqual([]);
  });

  it.each([
    ['an error page', Buffer.from('<html>'), /is no tar archive: it is too short/],
    ['half an archive', undefined, /cats-abc\.tar\.gz is no whole gzip file/],
  ])('refuses %s', async (_, body, reason) => {
    const { set } = await smallRepository(
      (bytes) => (__, response) => response.end(body ?? bytes.subarray(0, bytes.length / 2)),
    );
    const { fetch, left } = await place();
    await expect(fetch(set)).rejects.toThrow(reason);
    expect(await left()).toEqual([]);
  });

  it('does not touch a folder with something else in it; an empty one is filled', async () => {
    const { set, asked } = await smallRepository();
    const { folder, fetch } = await place();
    await mkdir(folder, { recursive: true });
    await fetch(set);
    await writeFile(path.join(folder, 'Annotations/a.xml'), '<annotation/>');
    await expect(fetch(set)).rejects.toThrow(
      /bccd is not two cats: the SHA-256 .*; move it away and run: surge-bnn data fetch bccd, or name it as a set of your own/,
    );
    expect(await readFile(path.join(folder, 'Annotations/a.xml'), 'utf8')).toBe('<annotation/>');
    expect(asked).toHaveLength(1);
  });

  it('stopped while it unpacks it leaves no half folder; two at once get along', async () => {
    const { set } = await smallRepository();
    const { folder, fetch, left } = await place();
    const stop = new AbortController();
    const onProgress = ({ state }: { state: string }) => {
      if (state === 'done') stop.abort();
    };
    await expect(fetch(set, { signal: stop.signal, onProgress })).rejects.toThrow(
      /unpacking into .*bccd was stopped before its end/,
    );
    expect(await left()).toEqual([set.archive.name]);
    const both = await Promise.all([fetch(set), fetch(set)]);
    expect(both.map(({ where }) => where)).toEqual([folder, folder]);
    expect(await left()).toEqual(['bccd', set.archive.name]);
  });

  it('removes the half folder that a killed process left days ago', async () => {
    const { set } = await smallRepository();
    const { around, fetch, left } = await place();
    const half = path.join(around, '.bccd.1-abcdef01.part');
    await mkdir(path.join(half, 'Annotations'), { recursive: true });
    const longAgo = new Date(Date.now() - 3 * 24 * 60 * 60 * 1000);
    await utimes(half, longAgo, longAgo);
    await fetch(set);
    expect(await left()).toEqual(['bccd', set.archive.name]);
  });
});
