/** A server of a folder on this machine alone, for pages of the tests: with and without cross-origin isolation, and with a letter box. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';

export interface Served {
  /** "http://127.0.0.1:PORT". */
  readonly address: string;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
  /** The body of the first POST to a path, now or when it comes. */
  posted(where: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
};

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** @param isolated whether pages may share memory with their workers. */
export async function serve(folder: string, isolated: boolean): Promise<Served> {
  const asked: string[] = [];
  const letters = new Map<string, PromiseWithResolvers>();
  const letter = (where: string): PromiseWithResolvers => {
    const one = letters.get(where) ?? withResolvers();
    letters.set(where, one);
    return one;
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    asked.push(pathname);
    const answer = async (): Promise<void> => {
      if (request.method === 'POST') {
        letter(pathname).resolve(await bodyOf(request));
        response.end();
        return;
      }
      const name = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
      const bytes = await readFile(path.join(folder, path.posix.normalize(name)));
      const type = types[path.extname(name)] ?? 'application/octet-stream';
      response.writeHead(200, { 'Content-Type': type, ...(isolated && isolation) }).end(bytes);
    };
    answer().catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const place = server.address();
  if (typeof place !== 'object' || place === null) throw new Error('the server has no address');
  return {
    address: `http://127.0.0.1:${place.port}`,
    asked,
    posted: (where) => letter(where).promise,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Of Node 22's Promise.withResolvers, for Node 20. */
interface PromiseWithResolvers {
  readonly promise: Promise<Uint8Array>;
  readonly resolve: (bytes: Uint8Array) => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve: PromiseWithResolvers['resolve'] | undefined;
  const promise = new Promise<Uint8Array>((settle) => {
    resolve = settle;
  });
  if (resolve === undefined) throw new Error('a promise runs its executor at once');
  return { promise, resolve };
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of request) {
    if (part instanceof Buffer) parts.push(part);
  }
  return Buffer.concat(parts);
}
