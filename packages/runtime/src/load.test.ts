/** Loading from bytes, files and addresses. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sourceOf } from './execute/graph.fixture.js';
import { encodeModel } from './format/write.js';
import { load } from './load.js';
import { ModelFileError } from './model-file-error.js';

const bytes = encodeModel(sourceOf([2], [{ op: 'relu', attributes: {} }]));
const x = Float32Array.of(-1, 2);
const y = Float32Array.of(0, 2);

describe('load', () => {
  let folder: string;
  let file: string;
  let server: Server;
  let address: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'surge-runtime-'));
    file = path.join(folder, 'a model.bnn');
    await writeFile(file, bytes);
    server = createServer((request, response) => {
      response.statusCode = request.url === '/model.bnn' ? 200 : 404;
      response.end(request.url === '/model.bnn' ? bytes : 'nothing here');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const place = server.address();
    if (typeof place !== 'object' || place === null) throw new Error('the server has no address');
    address = `http://127.0.0.1:${place.port}`;
  });
  afterAll(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  it('takes bytes, a path, a file URL and an address', async () => {
    const sources = [
      bytes,
      bytes.slice().buffer,
      file,
      path.relative(process.cwd(), file),
      pathToFileURL(file),
      pathToFileURL(file).href,
      `${address}/model.bnn`,
      new URL(`${address}/model.bnn`),
      `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`,
    ];
    for (const source of sources) expect((await load(source)).run(x)).toEqual(y);
  });

  it('fetches what is no file in a browser', async () => {
    const fetched = vi.fn(async () => new Response(bytes.slice()));
    vi.stubGlobal('fetch', fetched);
    vi.stubGlobal('process', undefined);
    try {
      expect((await load('models/digits.bnn')).run(x)).toEqual(y);
      expect(fetched).toHaveBeenCalledWith('models/digits.bnn');
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('says what is missing', async () => {
    const refused = async (source: string, message: RegExp) => {
      await expect(load(source)).rejects.toThrow(ModelFileError);
      await expect(load(source)).rejects.toThrow(message);
    };
    const missing = path.join(folder, 'missing.bnn');
    await refused(missing, /^model file ".*missing.bnn" does not exist$/);
    await refused(folder, /^model file ".*" is a directory$/);
    await refused(`${address}/other.bnn`, /other.bnn" cannot be fetched: HTTP 404 Not Found$/);
    await refused('http://127.0.0.1:1/model.bnn', /cannot be fetched$/);
  });

  it('says what it takes', async () => {
    for (const source of [42, {}, null, new Float32Array(2)]) {
      // A caller without types.
      await expect(load(source as unknown as string)).rejects.toThrow(
        /^load takes a path or address as a string, a URL, or the bytes .* instead of [A-Z]/,
      );
    }
    const other = runInNewContext(`Uint8Array.of(${bytes.join()})`) as Uint8Array;
    expect((await load(other)).run(x)).toEqual(y);
    expect((await load(other.buffer as ArrayBuffer)).run(x)).toEqual(y);
  });

  it('names the file that is damaged', async () => {
    const damaged = path.join(folder, 'damaged.bnn');
    await writeFile(damaged, bytes.slice(0, 100));
    await expect(load(damaged)).rejects.toThrow(ModelFileError);
    await expect(load(damaged)).rejects.toThrow(/damaged.bnn": /);
  });

  it('hands options on', async () => {
    await expect(load(bytes, { maxMemoryBytes: 8, kernels: 'reference' })).rejects.toThrow(
      /takes 16 bytes/,
    );
  });
});
