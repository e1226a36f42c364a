/**
 * A small published set and a server of its files, for the tests of the downloader.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import type { CatalogueEntry } from './catalogue.js';
import { md5 } from './checked-file.js';
import { randomStream } from './random.js';
import { idxBytes } from './sets.fixture.js';

/** Random pixels, so that the packed files do not shrink to nothing. */
const random = randomStream(5, 'download test');
const PIXELS = Uint8Array.from({ length: 20 * 64 * 64 }, () => random.integer(256));
export const CONTENT: Readonly<Record<string, Buffer>> = {
  'a-images': idxBytes([20, 64, 64], PIXELS),
  'a-labels': idxBytes([20], new Uint8Array(20)),
  'b-images': idxBytes([1, 64, 64], PIXELS.subarray(0, 4096)),
  'b-labels': idxBytes([1], [0]),
};
const PACKED = new Map(
  Object.entries(CONTENT).map(([name, content]) => [`/${name}.gz`, gzipSync(content)]),
);
export const FIRST = '/a-images.gz';
export const body = (url: string) => PACKED.get(url) ?? Buffer.alloc(0);

export function entry(mirrors: readonly string[]): CatalogueEntry {
  const file = (name: string) => ({
    name,
    bytes: body(`/${name}.gz`).length,
    packedMd5: md5(body(`/${name}.gz`)),
    md5: md5(CONTENT[name]),
  });
  return {
    name: 'tiny',
    title: 'Tiny',
    classes: ['zero'],
    height: 64,
    width: 64,
    channels: 1,
    licence: 'none',
    origin: 'a test',
    mirrors,
    splits: {
      train: { count: 20, images: file('a-images'), labels: file('a-labels') },
      test: { count: 1, images: file('b-images'), labels: file('b-labels') },
    },
  };
}

export type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

export const serve: Answer = (request, response) => response.end(body(request.url ?? ''));

/**
 * A server that answers for the first picture file as told (with the number of the request, from 1)
 * and serves the other files right. Returns its address and what it was asked.
 */
export async function server(answer: Answer): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const http = createServer((request, response) => {
    asked.push(`${request.url ?? ''} ${request.headers.range ?? 'whole'}`);
    const count = asked.filter((line) => line.startsWith(FIRST)).length;
    if (request.url === FIRST) answer(request, response, count);
    else serve(request, response, count);
  });
  return { url: await listen(http), asked };
}

/** A server that gives this answer to everything. Returns its address and what it was asked. */
export async function archiveServer(answer: Answer): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const http = createServer((request, response) => {
    asked.push(`${request.url ?? ''} ${request.headers.range ?? 'whole'}`);
    answer(request, response, asked.length);
  });
  return { url: await listen(http), asked };
}

async function listen(http: Server): Promise<string> {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  return `http://127.0.0.1:${port}/`;
}
