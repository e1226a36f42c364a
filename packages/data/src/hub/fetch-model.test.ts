/** Models from a hub that the test starts: what is fetched, gone on with and kept, and every way in which it may fail. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FetchProgress } from '../types.js';
import { fetchModel } from './fetch-model.js';
import { COMMIT, hubServer, send, type Files, type Instead } from './server.fixture.js';

let root: string;
let runs = 0;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'surge-hub-'));
});
afterAll(() => rm(root, { recursive: true }));

const quick = { attempts: 2, pause: 1, stallAfter: 60_000 };
const bytes = (size: number, seed: number) =>
  Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed * (i >> 3)) & 255);
const files: Files = {
  'config.json': bytes(200, 1),
  'model.safetensors': bytes(300_000, 2),
  'vocab.txt': bytes(1000, 3),
  'tokenizer_config.json': bytes(50, 4),
};
const weights = files['model.safetensors'];
const weightsPath = `/owner/tiny/resolve/${COMMIT}/model.safetensors`;
const directoryOf = () => path.join(root, String(runs++));

const of = (served: Files, instead?: Instead) => {
  const directory = directoryOf();
  return {
    directory,
    run: async (options: object = {}, patience = quick) => {
      const hub = await hubServer(served, instead);
      const given = { directory, baseUrl: hub.url, ...options };
      return { ...hub, result: await fetchModel('owner/tiny', given, patience) };
    },
  };
};

describe('a model', () => {
  it('comes whole, of the commit that the revision is, and is kept the second time', async () => {
    const states: FetchProgress[] = [];
    const { directory, run } = of(files);
    const onProgress = (one: FetchProgress) => states.push(one);
    const first = await run({ revision: 'refs/pr/1', onProgress });
    const where = path.join(directory, 'models', 'owner--tiny', COMMIT.slice(0, 12));
    const names = Object.keys(files).sort();
    expect(first.result).toMatchObject({ where, kept: [], commit: COMMIT });
    expect([...first.result.downloaded].sort()).toEqual(names);
    expect(first.asked).toContain('GET /api/models/owner/tiny/revision/refs%2Fpr%2F1');
    expect((await readdir(where)).sort()).toEqual([...names, 'hub.json'].sort());
    for (const name of names) {
      expect(Uint8Array.from(await readFile(path.join(where, name)))).toEqual(files[name]);
    }
    const receipt: unknown = JSON.parse(await readFile(path.join(where, 'hub.json'), 'utf8'));
    expect(receipt).toMatchObject({ name: 'owner/tiny', revision: 'refs/pr/1', commit: COMMIT });
    const last = states.filter(({ file }) => file === 'model.safetensors').at(-1);
    expect(last).toMatchObject({ state: 'done', received: 300_000, total: 300_000 });
    const second = await run();
    expect(second.result.downloaded).toEqual([]);
    expect(second.asked.filter((line) => line.includes('/resolve/'))).toEqual([]);
  });

  it('may have no tokenizer_config.json', async () => {
    const { 'tokenizer_config.json': _, ...rest } = files;
    const { result } = await of(rest).run();
    expect(result.downloaded).toHaveLength(3);
  });

  it('goes on where the connection broke', async () => {
    const { run } = of(files, (request, response, count) => {
      if (request.url !== weightsPath || count > 1) return undefined;
      response.writeHead(200, { 'content-length': weights.length });
      response.write(weights.subarray(0, 100_000), () => response.destroy());
      return true;
    });
    const { asked, result } = await run();
    const found = await readFile(path.join(result.where, 'model.safetensors'));
    expect(Uint8Array.from(found)).toEqual(weights);
    expect(asked).toContain(`GET ${weightsPath} bytes=100000-`);
  });

  it('goes on where an earlier fetch was stopped', async () => {
    const stop = new AbortController();
    const { directory, run } = of(files, (request, response) => {
      if (request.url !== weightsPath) return undefined;
      response.writeHead(200, { 'content-length': weights.length });
      response.write(weights.subarray(0, 50_000));
      return true;
    });
    const onProgress = ({ file, received }: FetchProgress) => {
      if (file === 'model.safetensors' && received === 50_000) stop.abort();
    };
    await expect(run({ signal: stop.signal, onProgress })).rejects.toThrow(
      'was stopped before its end',
    );
    const again = await hubServer(files);
    const { where } = await fetchModel('owner/tiny', { directory, baseUrl: again.url }, quick);
    expect(again.asked).toContain(`GET ${weightsPath} bytes=50000-`);
    const found = await readFile(path.join(where, 'model.safetensors'));
    expect(Uint8Array.from(found)).toEqual(weights);
    expect((await readdir(where)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('a file is refused', () => {
  const changed = (name: string, content: Uint8Array): Instead => {
    return (request, response) => {
      if (request.url !== `/owner/tiny/resolve/${COMMIT}/${name}`) return undefined;
      send(content, request, response);
      return true;
    };
  };
  const flipped = (name: string) => files[name].map((byte, i) => (i === 7 ? byte ^ 1 : byte));

  it.each([
    ['model.safetensors', flipped('model.safetensors'), /wrong checksum: sha256 [0-9a-f]{64}, the/],
    ['vocab.txt', flipped('vocab.txt'), /wrong checksum: git-sha1 [0-9a-f]{40}, the hub says/],
    ['config.json', files['config.json'].subarray(0, 150), /it has 150 bytes, the hub says 200/],
    ['config.json', bytes(201, 1), /it is longer than 200 bytes/],
  ])('%s, case %#', async (name, content, message) => {
    const { directory, run } = of(files, changed(name, content));
    await expect(run()).rejects.toThrow(message);
    const where = path.join(directory, 'models', 'owner--tiny', COMMIT.slice(0, 12));
    expect(await readdir(where)).not.toContain(name);
    expect(await readdir(where)).not.toContain('hub.json');
  });
});

describe('the hub', () => {
  const isQuestion = (url: string | undefined) => url?.startsWith('/api/') === true;
  const status =
    (code: number, body = ''): Instead =>
    (request, response) => {
      if (!isQuestion(request.url)) return undefined;
      response.writeHead(code, { 'content-type': 'application/json' }).end(body);
      return true;
    };
  const info =
    (value: object): Instead =>
    (request, response) => {
      if (request.url?.includes('/revision/') !== true) return undefined;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ id: 'owner/tiny', sha: COMMIT, gated: false, ...value }));
      return true;
    };
  const paths =
    (value: unknown): Instead =>
    (request, response) => {
      if (request.url?.includes('/paths-info/') !== true) return undefined;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(value));
      return true;
    };

  it.each<[string, Instead, string | RegExp]>([
    [
      'has no such revision',
      status(404, '{"error":"Invalid rev id"}'),
      /has no model "owner\/tiny", or it has no revision "main" \(HTTP 404\)/,
    ],
    ['asks for an account', status(401, '{"error":"no"}'), 'without an account (HTTP 401)'],
    ['asks for rights', status(403, '{}'), 'there is no such model, or it is private, or gated'],
    ['is busy', status(503, 'x'), /did not answer for "owner\/tiny" \(HTTP 503\); try again later/],
    ['is no hub', status(200, '<html>'), 'does not answer as the Hugging Face hub does'],
    ['has a gated model', info({ gated: 'manual' }), '"owner/tiny" is gated: its owner asks'],
    [
      'names no commit',
      info({ sha: '../..' }),
      'does not answer as the Hugging Face hub does: no c',
    ],
    [
      'has no checksum',
      paths(Object.keys(files).map((path) => ({ type: 'file', path, size: 3 }))),
      'no checksum of config.json',
    ],
    [
      'has no size',
      paths([{ type: 'file', path: 'vocab.txt', size: -1, oid: 'a'.repeat(40) }]),
      'no size of vocab.txt',
    ],
  ])('%s', async (_, instead, message) => {
    await expect(of(files, instead).run()).rejects.toThrow(message);
  });

  it('sends nothing', async () => {
    const { run } = of(files, (request) => isQuestion(request.url));
    await expect(run({}, { ...quick, stallAfter: 200 })).rejects.toThrow(
      /sent nothing for 0\.2 s; check the network/,
    );
  });

  it('has other forms of the weights', async () => {
    const { 'model.safetensors': _, ...rest } = files;
    const served = { ...rest, 'pytorch_model.bin': bytes(9, 1) };
    await expect(of(served).run()).rejects.toThrow(
      /^"owner\/tiny" has no model\.safetensors at revision main; it has pytorch_model\.bin, which is not read here: a revision with one model\.safetensors, such as refs\/pr\/1, may be among http/,
    );
    await expect(of({ 'config.json': bytes(9, 1) }).run()).rejects.toThrow(
      '"owner/tiny" has no model.safetensors, vocab.txt at revision main',
    );
  });

  it('is not there', async () => {
    const gone = { directory: directoryOf(), baseUrl: 'http://127.0.0.1:1' };
    await expect(fetchModel('owner/tiny', gone, quick)).rejects.toThrow(
      /"owner\/tiny" could not be looked up at http:\/\/127\.0\.0\.1:1 \(.*\); check the network/,
    );
  });
});

describe('what cannot be', () => {
  it.each(['', '..', 'a/../b', 'a/b/c', '../x', 'a b', '.a/b', 'datasets/a/b'])(
    'is the name %j',
    async (name) => {
      await expect(fetchModel(name, { directory: root })).rejects.toThrow(
        `"${name}" is no name of a model`,
      );
    },
  );

  it('is an address that is none, an option that is none, a folder that is a file', async () => {
    await expect(fetchModel('a/b', { baseUrl: 'hub' })).rejects.toThrow('"hub" is not the address');
    await expect(fetchModel('a/b', { revison: 'x' } as object)).rejects.toThrow(
      'unknown option of fetchModel "revison"',
    );
    const { directory, run } = of(files);
    await writeFile(directory, '');
    await expect(run()).rejects.toThrow(/cannot be written: a part of its path is a file/);
  });
});
