/** The public sentence encoder out of a small package of its kind, from a server that the test starts; and the real files, where they are, put back into a package. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { sha256 } from '../checked-file.js';
import { archiveServer, type Answer } from '../server.fixture.js';
import { temporaryFolder } from '../sets.fixture.js';
import { tarBytes } from '../tar.fixture.js';
import type { FetchOptions, FetchProgress } from '../types.js';
import { describeSentenceEncoder, fetchSentenceEncoder } from './encoder-file.js';
import { publishedEncoder, type EncoderPackage } from './encoder-package.js';

const patience = { attempts: 1, pause: 5, stallAfter: 5000 };
const NAMES = ['use.safetensors', 'use-vocab.json', 'LICENSE.use'];
const ARCHIVE = 'tiny-1.0.0.tgz';

const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
const integers = (...values: number[]) => Buffer.from(Int32Array.from(values).buffer);

/** A graph of four weights in two files, one of which begins in the midst of the third weight. */
const graphData = Buffer.concat([
  floats(1, 2, 3, 4, 5, 6),
  integers(7, 8),
  floats(-0.5, 0.25),
  floats(9),
]);
const manifest = [
  { name: 'graph/kernel', shape: [1, 1, 2, 3], dtype: 'float32' },
  { name: 'graph/size', shape: [2], dtype: 'int32' },
  { name: 'graph/bias', shape: [2], dtype: 'float32' },
  { name: 'graph/scale', shape: [], dtype: 'float32' },
];
const graphOf = (weights: unknown) =>
  JSON.stringify({ weightsManifest: [{ paths: ['part1', 'part2'], weights }] });

const content: Readonly<Record<string, Uint8Array>> = {
  'package/dist/part2': graphData.subarray(36),
  'package/dist/vocab.json': Buffer.from('[["a",-1]]'),
  'package/LICENSE': Buffer.from('terms'),
  'package/dist/model.json': Buffer.from(graphOf(manifest)),
  'package/dist/part1': graphData.subarray(0, 36),
};

/** What must come out: written down by hand, blanks up to 224 bytes of header. */
const header =
  '{"__metadata__":{"origin":"a test"},' +
  '"layer.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
  '"layer.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},' +
  '"scale":{"dtype":"F32","shape":[],"data_offsets":[32,36]}}';
const made = Buffer.concat([
  Buffer.from([224, 0, 0, 0, 0, 0, 0, 0]),
  Buffer.from(header.padEnd(224)),
  floats(-0.5, 0.25),
  floats(1, 2, 3, 4, 5, 6),
  floats(9),
]);

const pack = (files: Readonly<Record<string, Uint8Array>>) =>
  gzipSync(tarBytes(Object.entries(files).map(([name, bytes]) => ({ name, content: bytes }))));

/** A source of this archive, and a server that has it. */
async function published(archive: Buffer = pack(content), answer?: Answer) {
  const serve: Answer = (request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = `bytes ${from}-${archive.length - 1}/${archive.length}`;
    if (from > 0) response.writeHead(206, { 'content-range': range });
    response.end(archive.subarray(from));
  };
  const { url, asked } = await archiveServer(answer ?? serve);
  const file = (name: string, bytes: Uint8Array) => ({
    name,
    bytes: bytes.length,
    sha256: sha256(bytes),
  });
  const source: EncoderPackage = {
    archive: { ...file(ARCHIVE, archive), mirrors: [url] },
    weights: file(NAMES[0], made),
    vocabulary: file(NAMES[1], content['package/dist/vocab.json']),
    licence: file(NAMES[2], content['package/LICENSE']),
    metadata: { origin: 'a test' },
    tensors: [
      ['layer.bias', 'graph/bias'],
      ['layer.weight', 'graph/kernel'],
      ['scale', 'graph/scale'],
    ],
  };
  const directory = await temporaryFolder();
  const where = path.join(directory, 'text-encoder');
  const run = (options: FetchOptions = {}, from = source) =>
    fetchSentenceEncoder({ directory, ...options }, { source: from, patience });
  return { source, asked, directory, where, run };
}

describe('fetching the sentence encoder', () => {
  it('brings the package and makes the files of it, byte for byte', async () => {
    const { where, run } = await published();
    expect(await run()).toEqual({ where, downloaded: [ARCHIVE], kept: [] });
    expect((await readdir(where)).sort()).toEqual([...NAMES, ARCHIVE].sort());
    const [weights, vocabulary, licence] = await Promise.all(
      NAMES.map((name) => readFile(path.join(where, name))),
    );
    expect(weights).toEqual(made);
    expect(vocabulary.toString()).toBe('[["a",-1]]');
    expect(licence.toString()).toBe('terms');
  });

  it('asks for nothing where they are right, without the package, too', async () => {
    const { where, run, asked } = await published();
    await run();
    await rm(path.join(where, ARCHIVE));
    const seen: FetchProgress[] = [];
    const again = await run({ onProgress: (one) => seen.push(one) });
    expect(again).toEqual({ where, downloaded: [], kept: NAMES });
    expect(seen.map(({ file, state }) => [file, state])).toEqual(
      NAMES.map((name) => [name, 'present']),
    );
    expect(asked).toHaveLength(1);
  });

  it('makes again what is damaged or gone, of the package that is there', async () => {
    const { where, run, asked } = await published();
    await run();
    await writeFile(path.join(where, NAMES[0]), made.subarray(0, 100));
    await rm(path.join(where, NAMES[1]));
    expect(await run()).toEqual({ where, downloaded: [], kept: [ARCHIVE] });
    expect(await readFile(path.join(where, NAMES[0]))).toEqual(made);
    expect(existsSync(path.join(where, NAMES[1]))).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it('goes on where a download stopped', async () => {
    const archive = pack(content);
    const stopped = await published(archive, (_, response) => {
      response.writeHead(200, { 'content-length': archive.length });
      response.write(archive.subarray(0, 200), () => setTimeout(() => response.destroy(), 20));
    });
    await expect(stopped.run()).rejects.toThrow(/tiny-1\.0\.0\.tgz .*the connection broke/);
    const { source, asked } = await published(archive);
    await stopped.run({}, source);
    expect(asked).toEqual([`/${ARCHIVE} bytes=200-`]);
    expect(await readFile(path.join(stopped.where, NAMES[0]))).toEqual(made);
  });

  it('stops when the signal says so', async () => {
    const stop = new AbortController();
    const { run, where } = await published(undefined, () => stop.abort());
    const running = run({ signal: stop.signal });
    await expect(running).rejects.toThrow(InputError);
    await expect(running).rejects.toThrow(/was stopped before its end/);
    expect(NAMES.filter((name) => existsSync(path.join(where, name)))).toEqual([]);
  });

  it('refuses another archive and leaves nothing of it', async () => {
    const { run, where } = await published(undefined, (_, response) => response.end('other'));
    await expect(run()).rejects.toThrow(/wrong checksum: SHA-256 [0-9a-f]{64}, published/);
    expect(await readdir(where)).toEqual([]);
  });

  it('says so where its folder cannot be made', async () => {
    const { run, where } = await published();
    await writeFile(where, 'a file');
    await expect(run()).rejects.toThrow(/text-encoder cannot be written: a part of its path/);
  });
});

describe('a package of which the files cannot be made', () => {
  const [kernel, size, bias, scale] = manifest;
  const graph = (text: string) =>
    pack({ ...content, 'package/dist/model.json': Buffer.from(text) });
  const without = (gone: string) =>
    pack(Object.fromEntries(Object.entries(content).filter(([name]) => name !== gone)));

  it.each<[string, Buffer, RegExp]>([
    ['a gzip file cut off', pack(content).subarray(0, 150), /broken or truncated gzip file/],
    [
      'a tar archive cut off',
      gzipSync(tarBytes([{ name: 'package/LICENSE', content: Buffer.from('x') }]).subarray(0, 600)),
      /tgz is cut off/,
    ],
    ['no vocabulary', without('package/dist/vocab.json'), /holds no package\/dist\/vocab\.json/],
    ['no weights', without('package/dist/part2'), /holds no package\/dist\/part2/],
    ['no graph', without('package/dist/model.json'), /holds no package\/dist\/model\.json/],
    ['a graph that is no JSON', graph('{'), /model\.json is not JSON/],
    ['no manifest', graph('{"weights": []}'), /model\.json has no manifest of weights/],
    [
      'a manifest of another form',
      graph(graphOf([{ ...kernel, shape: [-1] }])),
      /model\.json has no manifest of weights/,
    ],
    [
      'a weight that is not there',
      graph(graphOf([kernel, size, scale])),
      /has no float32 weight "graph\/bias"/,
    ],
    [
      'a weight of another type',
      graph(graphOf([{ ...kernel, dtype: 'bool' }])),
      /"graph\/kernel" is of type bool, not float32 or int32/,
    ],
    [
      'more weights than bytes',
      graph(graphOf([kernel, size, bias, { ...scale, shape: [2] }])),
      /"graph\/scale" ends at byte 48 of part1, part2, which have 44/,
    ],
    [
      'weights in another order',
      graph(graphOf([kernel, bias, size, scale])),
      /does not make use\.safetensors: wrong checksum: SHA-256 [0-9a-f]{64}, published/,
    ],
  ])('%s', async (_, archive, message) => {
    const { run, where } = await published(archive);
    const running = run();
    await expect(running).rejects.toThrow(InputError);
    await expect(running).rejects.toThrow(message);
    expect(existsSync(path.join(where, NAMES[0]))).toBe(false);
  });
});

it('is here when weights and vocabulary are', async () => {
  const directory = await temporaryFolder();
  const where = path.join(directory, 'text-encoder');
  const expected = {
    name: 'sentence-encoder',
    how: 'surge-bnn data fetch sentence-encoder',
    where: path.join(where, 'use-lite.safetensors'),
    present: false,
  };
  expect(describeSentenceEncoder({ directory })).toMatchObject(expected);
  await mkdir(where);
  await writeFile(path.join(where, 'use-lite.safetensors'), '');
  expect(describeSentenceEncoder({ directory }).present).toBe(false);
  await writeFile(path.join(where, 'use-lite-vocab.json'), '');
  expect(describeSentenceEncoder({ directory }).present).toBe(true);
});

it('has a place of its own in the graph for every tensor', () => {
  const { tensors } = publishedEncoder;
  expect(tensors).toHaveLength(30);
  for (const side of [0, 1]) expect(new Set(tensors.map((one) => one[side])).size).toBe(30);
});

const shared = fileURLToPath(new URL('../../../../../shared/data/text-encoder', import.meta.url));
describe.skipIf(!existsSync(path.join(shared, 'use-lite.safetensors')))(
  'the real files (skipped where ../shared/data/text-encoder is not there)',
  () => {
    it('come out of a package that has their tensors as its graph has them', async () => {
      const [weights, vocabulary, licence] = (['weights', 'vocabulary', 'licence'] as const).map(
        (kind) => readFileSync(path.join(shared, publishedEncoder[kind].name)),
      );
      const end = 8 + Number(weights.readBigUInt64LE(0));
      const { __metadata__: _, ...entries } = JSON.parse(
        weights.subarray(8, end).toString(),
      ) as Record<string, { shape: number[]; data_offsets: [number, number] }>;
      // As the graph lists them: in another order, and kernels as those of a convolution.
      const graphNames = new Map(publishedEncoder.tensors);
      const listed = Object.entries(entries).reverse();
      const weightsOfGraph = listed.map(([name, { shape }]) => ({
        name: graphNames.get(name),
        shape: /attn\.\w+\.weight$/.test(name) ? [1, 1, ...shape] : shape,
        dtype: 'float32',
      }));
      const data = listed.map(
        ([
          ,
          {
            data_offsets: [from, to],
          },
        ]) => weights.subarray(end + from, end + to),
      );
      const archive = gzipSync(
        tarBytes([
          { name: 'package/dist/model.json', content: Buffer.from(graphOf(weightsOfGraph)) },
          { name: 'package/dist/part1', content: data[0] },
          { name: 'package/dist/part2', content: Buffer.concat(data.slice(1)) },
          { name: 'package/dist/vocab.json', content: vocabulary },
          { name: 'package/LICENSE', content: licence },
        ]),
        { level: 0 },
      );
      const { source, where, run } = await published(archive);
      await run({}, { ...publishedEncoder, archive: source.archive });
      for (const { name, bytes } of [
        publishedEncoder.weights,
        publishedEncoder.vocabulary,
        publishedEncoder.licence,
      ]) {
        const [found, given] = [where, shared].map((at) => readFileSync(path.join(at, name)));
        expect([name, found.length, found.equals(given)]).toEqual([name, bytes, true]);
      }
    });
  },
);
