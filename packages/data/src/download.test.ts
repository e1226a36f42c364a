import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { filesOf } from './catalogue.js';
import { md5 } from './checked-file.js';
import { fetchEntry, type Patience } from './download.js';
import { loadPublished } from './idx-set.js';
import { body, CONTENT, entry, FIRST, serve, server, type Answer } from './server.fixture.js';
import { temporaryFolder } from './sets.fixture.js';
import { diskError } from './transfer.js';
import type { FetchOptions, FetchProgress } from './types.js';

const patience: Patience = { attempts: 3, pause: 5, stallAfter: 5000 };

const fetchTiny = (mirrors: readonly string[], options: FetchOptions) =>
  fetchEntry(entry(mirrors), options, patience);

const filesIn = async (directory: string) => (await readdir(path.join(directory, 'tiny'))).sort();
const ALL = ['a-images.gz', 'a-labels.gz', 'b-images.gz', 'b-labels.gz'];

describe('fetchEntry', () => {
  it('brings all files, which then load; a second time it keeps them', async () => {
    const { url, asked } = await server(serve);
    const directory = await temporaryFolder();
    const events: FetchProgress[] = [];
    const result = await fetchTiny([url], { directory, onProgress: (event) => events.push(event) });
    expect(result).toEqual({ where: path.join(directory, 'tiny'), downloaded: ALL, kept: [] });
    expect(await filesIn(directory)).toEqual(ALL);
    expect((await loadPublished(entry([]), 'train', { directory })).count).toBe(20);
    const last = events.filter((event) => event.file === 'a-images.gz').at(-1);
    const size = body(FIRST).length;
    expect(last).toEqual({ file: 'a-images.gz', state: 'done', received: size, total: size });

    const again = await fetchTiny([url], { directory });
    expect(again).toMatchObject({ downloaded: [], kept: ALL });
    expect(asked).toHaveLength(4);
  });

  it('keeps plain files and replaces broken ones', async () => {
    const { url } = await server(serve);
    const directory = await temporaryFolder();
    const folder = path.join(directory, 'tiny');
    await mkdir(folder);
    await writeFile(path.join(folder, 'a-labels'), CONTENT['a-labels']);
    await writeFile(path.join(folder, 'b-labels.gz'), 'not a gzip file');
    const result = await fetchTiny([url], { directory });
    expect(result.kept).toEqual(['a-labels']);
    expect(result.downloaded).toEqual(['a-images.gz', 'b-images.gz', 'b-labels.gz']);
    const labels = await readFile(path.join(folder, 'b-labels.gz'));
    expect(gunzipSync(labels)).toEqual(CONTENT['b-labels']);
  });

  it('takes baseUrl instead of the mirrors, with and without a slash at its end', async () => {
    const { url } = await server(serve);
    for (const baseUrl of [url, url.slice(0, -1)]) {
      const directory = await temporaryFolder();
      await fetchTiny(['http://127.0.0.1:1/'], { directory, baseUrl });
      expect(await filesIn(directory)).toEqual(ALL);
    }
  });

  it('tries again after a server error, and says so', async () => {
    const { url } = await server((request, response, count) => {
      if (count < 3) response.writeHead(500).end();
      else serve(request, response, count);
    });
    const directory = await temporaryFolder();
    const events: FetchProgress[] = [];
    await fetchTiny([url], { directory, onProgress: (event) => events.push(event) });
    const retries = events.filter((event) => event.state === 'retrying');
    expect(retries.map((event) => event.reason)).toEqual([
      'HTTP 500 Internal Server Error',
      'HTTP 500 Internal Server Error',
    ]);
    expect(await filesIn(directory)).toEqual(ALL);
  });

  it('goes on where a broken connection stopped', async () => {
    const whole = body(FIRST);
    const { url, asked } = await server((request, response, count) => {
      if (count === 1) {
        response.writeHead(200, { 'content-length': whole.length });
        response.write(whole.subarray(0, 5000), () => setTimeout(() => response.destroy(), 20));
        return;
      }
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1]);
      response.writeHead(206, {
        'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}`,
      });
      response.end(whole.subarray(from));
    });
    const directory = await temporaryFolder();
    await fetchTiny([url], { directory });
    expect(asked.slice(0, 2)).toEqual([`${FIRST} whole`, `${FIRST} bytes=5000-`]);
    expect(await readFile(path.join(directory, 'tiny', 'a-images.gz'))).toEqual(whole);
  });

  it('starts afresh with a server that ignores ranges', async () => {
    const whole = body(FIRST);
    const { url } = await server((_request, response, count) => {
      if (count > 1) return void response.end(whole);
      response.writeHead(200, { 'content-length': whole.length });
      response.write(whole.subarray(0, 5000), () => setTimeout(() => response.destroy(), 20));
    });
    const directory = await temporaryFolder();
    await fetchTiny([url], { directory });
    expect(await readFile(path.join(directory, 'tiny', 'a-images.gz'))).toEqual(whole);
  });

  it('starts afresh when the continuation does not fit', async () => {
    const whole = body(FIRST);
    const { url, asked } = await server((request, response, count) => {
      if (count === 1) {
        response.writeHead(200, { 'content-length': whole.length });
        response.write(whole.subarray(0, 5000), () => setTimeout(() => response.destroy(), 20));
      } else if (count === 2) {
        response.writeHead(206, { 'content-range': `bytes 5000-${whole.length - 1}/*` });
        response.end(whole.subarray(0, whole.length - 5000)); // another file's end
      } else serve(request, response, count);
    });
    const directory = await temporaryFolder();
    await fetchTiny([url], { directory });
    expect(asked[2]).toBe(`${FIRST} whole`);
    expect(await readFile(path.join(directory, 'tiny', 'a-images.gz'))).toEqual(whole);
  });

  it('gives up on a body that is always cut short, and leaves nothing', async () => {
    const { url } = await server((_request, response) => {
      response.writeHead(200, { 'content-length': body(FIRST).length });
      response.write(body(FIRST).subarray(0, 100), () => setTimeout(() => response.destroy(), 5));
    });
    const directory = await temporaryFolder();
    await expect(fetchTiny([url], { directory })).rejects.toThrow(/the connection broke/);
    expect(await filesIn(directory)).toEqual([]);
  });

  it('gives up on a silent server', async () => {
    const { url } = await server((_request, response) => void response.write('x'));
    const directory = await temporaryFolder();
    const impatient = { ...patience, attempts: 1, stallAfter: 60 };
    await expect(fetchEntry(entry([url]), { directory }, impatient)).rejects.toThrow(/no data for/);
  });

  it('asks the next mirror when one has not got the file or has a wrong one', async () => {
    const missing = await server((_request, response) => void response.writeHead(404).end());
    const wrong = await server((_request, response) => void response.end(gzipSync('other')));
    const right = await server(serve);
    const directory = await temporaryFolder();
    await fetchTiny([missing.url, wrong.url, right.url], { directory });
    expect(await filesIn(directory)).toEqual(ALL);
    for (const { asked } of [missing, wrong]) {
      expect(asked.filter((line) => line.startsWith(FIRST))).toHaveLength(1);
    }
  });

  it.each<[string, Answer, RegExp]>([
    ['404', (_request, response) => response.writeHead(404).end(), /HTTP 404 Not Found/],
    [
      'wrong checksum',
      (_request, response) => response.end(gzipSync('x')),
      /MD5 [0-9a-f]{32}, pub/,
    ],
    ['an error page', (_request, response) => response.end('<html>'), /wrong checksum/],
    [
      'a truncated gzip file',
      (_request, response) => response.end(body(FIRST).subarray(9)),
      /wrong/,
    ],
  ])('refuses %s in one sentence and leaves nothing behind', async (_, answer, message) => {
    const { url } = await server(answer);
    const directory = await temporaryFolder();
    const fetching = fetchTiny([url], { directory });
    await expect(fetching).rejects.toThrow(InputError);
    await expect(fetching).rejects.toThrow(message);
    await expect(fetching).rejects.toThrow(/^a-images\.gz could not be downloaded/);
    expect(await filesIn(directory)).toEqual([]);
  });

  it('names a network that is not there', async () => {
    const directory = await temporaryFolder();
    const fetching = fetchTiny(['http://127.0.0.1:1/'], { directory });
    await expect(fetching).rejects.toThrow(InputError);
    await expect(fetching).rejects.toThrow(/check the network/);
  });

  it('refuses an address that is none', async () => {
    const directory = await temporaryFolder();
    await expect(fetchTiny([], { directory, baseUrl: 'nonsense' })).rejects.toThrow(
      /"nonsense" is not an address/,
    );
  });

  it('stops by its signal and leaves no file', async () => {
    const stop = new AbortController();
    const { url } = await server((_request, response) => {
      response.writeHead(200, { 'content-length': body(FIRST).length });
      response.write(body(FIRST).subarray(0, 5000));
    });
    const directory = await temporaryFolder();
    const onProgress = ({ received }: FetchProgress) => {
      if (received > 0) stop.abort();
    };
    const fetching = fetchTiny([url], { directory, signal: stop.signal, onProgress });
    await expect(fetching).rejects.toThrow(InputError);
    await expect(fetching).rejects.toThrow(/was stopped before its end/);
    expect(await filesIn(directory)).toEqual([]);
    // Stopped before it began, and while it waits for the next attempt:
    await expect(fetchTiny([url], { directory, signal: stop.signal })).rejects.toThrow(/stopped/);
    const busy = await server((_request, response) => void response.writeHead(503).end());
    const slow = { ...patience, pause: 60_000 };
    const later = new AbortController();
    const waiting = fetchEntry(
      entry([busy.url]),
      {
        directory,
        signal: later.signal,
        onProgress: ({ state }) => void (state === 'retrying' && later.abort()),
      },
      slow,
    );
    await expect(waiting).rejects.toThrow(/was stopped/);
  });

  it('lets two downloads at once end with whole files', async () => {
    const { url } = await server(serve);
    const directory = await temporaryFolder();
    await Promise.all([fetchTiny([url], { directory }), fetchTiny([url], { directory })]);
    expect(await filesIn(directory)).toEqual(ALL);
    for (const file of filesOf(entry([]))) {
      const bytes = await readFile(path.join(directory, 'tiny', `${file.name}.gz`));
      expect(md5(bytes)).toBe(file.packedMd5);
    }
  });

  it('removes what a killed process left long ago, not what another one is writing', async () => {
    const { url } = await server(serve);
    const directory = await temporaryFolder();
    const folder = path.join(directory, 'tiny');
    await mkdir(folder);
    const [old, fresh] = ['.a-images.gz.1-aa.part', '.a-images.gz.2-bb.part'];
    for (const name of [old, fresh]) await writeFile(path.join(folder, name), 'x');
    const longAgo = new Date(Date.now() - 48 * 3600 * 1000);
    await utimes(path.join(folder, old), longAgo, longAgo);
    await fetchTiny([url], { directory });
    expect(await filesIn(directory)).toEqual([fresh, ...ALL]);
  });

  it('names a folder that cannot be made', async () => {
    const directory = path.join(await temporaryFolder(), 'file');
    await writeFile(directory, 'a file');
    await expect(fetchTiny([], { directory })).rejects.toThrow(/a part of its path is a file/);
  });
});

it('a full disk is said to be full', () => {
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
  expect(diskError(full, '/data/x')?.message).toMatch(
    /^\/data\/x cannot be written: the disk is full/,
  );
  expect(diskError(new Error('other'), '/data/x')).toBeUndefined();
});
