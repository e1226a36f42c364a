/** A hub of one model for the tests: its two questions and its files, as huggingface.co answers them. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

export type Files = Readonly<Record<string, Uint8Array>>;

/** Instead of what the hub would answer; nothing: the answer stands. `count` is the number of the request for this address, from 1. */
export type Instead = (
  request: IncomingMessage,
  response: ServerResponse,
  count: number,
) => boolean | undefined;

export interface Hub {
  readonly url: string;
  /** Method and address of each request, with the range that it asked for. */
  readonly asked: readonly string[];
}

const hex = (algorithm: string, ...parts: (string | Uint8Array)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest('hex');

export const gitSum = (bytes: Uint8Array) => hex('sha1', `blob ${bytes.length}\0`, bytes);

/** What the hub says of a file: those with this ending are LFS's. */
function pathInfo(path: string, bytes: Uint8Array): object {
  const size = bytes.length;
  const info = { type: 'file', path, size, oid: gitSum(bytes) };
  if (!path.endsWith('.safetensors')) return info;
  return {
    ...info,
    oid: 'f'.repeat(40),
    lfs: { oid: hex('sha256', bytes), size, pointerSize: 134 },
  };
}

/** Serves owner/tiny with these files at every revision. */
export async function hubServer(files: Files, instead: Instead = () => undefined): Promise<Hub> {
  const asked: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '', 'http://hub');
    const line = `${String(request.method)} ${pathname}`;
    const count = asked.filter((one) => one.startsWith(line)).length + 1;
    asked.push(request.headers.range === undefined ? line : `${line} ${request.headers.range}`);
    if (instead(request, response, count) === true) return;
    const json = (value: unknown) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(value));
    };
    if (pathname.startsWith('/api/models/owner/tiny/revision/')) {
      json({ _id: '1', id: 'owner/tiny', sha: COMMIT, gated: false, lastModified: 0 });
      return;
    }
    if (pathname === `/api/models/owner/tiny/paths-info/${COMMIT}`) {
      const { paths } = JSON.parse(await text(request)) as { paths: string[] };
      json(paths.filter((one) => one in files).map((one) => pathInfo(one, files[one])));
      return;
    }
    const file = /^\/owner\/tiny\/resolve\/([0-9a-f]{40})\/(.+)$/.exec(pathname);
    if (file?.[1] !== COMMIT || !(file[2] in files)) {
      response.writeHead(404).end();
      return;
    }
    send(files[file[2]], request, response);
  };
  const http = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked };
}

/** The file, or from the byte on that was asked for. */
export function send(bytes: Uint8Array, request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const rest = bytes.subarray(from);
  const headers = { 'content-length': rest.length };
  if (from === 0) response.writeHead(200, headers);
  else {
    const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(206, { ...headers, 'content-range': range });
  }
  response.end(rest);
}
