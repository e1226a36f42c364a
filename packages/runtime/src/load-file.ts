/** A model file from wherever it is: bytes, a file, an address; with threads where they are asked for. */
import { isArrayBuffer, isBytes, typeText } from './arrays.js';
import type { LoadOptions } from './execute/load-options.js';
import { quote } from './format/json.js';
import { ModelFileError } from './model-file-error.js';
import { ThreadPool, memoryIsShared } from './wasm/thread-pool.js';

/** Where a file is. */
export type FileSource = string | URL | Uint8Array | ArrayBuffer;

/** @param pool to be closed with what is made; its kernels are not among the options. */
export type Make<T> = (bytes: Uint8Array, options: LoadOptions, pool?: ThreadPool) => T;

/**
 * @param make makes what runs of the file's bytes, with the options but for its threads.
 * @throws ModelFileError when there is no such file, or it cannot be run.
 */
export async function loadedFile<T>(
  source: FileSource,
  options: LoadOptions,
  make: Make<T>,
): Promise<T> {
  const { threads, ...rest } = options;
  const count = threads === 'auto' ? threadsHere() : (threads ?? 1);
  if (count === 1) return loadWith(source, rest, make);
  if (rest.kernels !== undefined && rest.kernels !== 'wasm' && rest.kernels !== 'auto') {
    throw new ModelFileError(
      `threads is ${quote(threads)}; kernels that are no wasm have threads of their own, or none`,
    );
  }
  const pool = await ThreadPool.start(count);
  try {
    return await loadWith(source, rest, make, pool);
  } catch (error) {
    pool.close();
    throw error;
  }
}

/** For 'auto': more than a few threads only wait for each other. */
function threadsHere(): number {
  const cores = typeof navigator === 'object' ? navigator.hardwareConcurrency : undefined;
  return memoryIsShared() ? Math.min(4, cores ?? 1) : 1;
}

async function loadWith<T>(
  source: FileSource,
  options: LoadOptions,
  make: Make<T>,
  pool?: ThreadPool,
): Promise<T> {
  if (isBytes(source)) return make(source, options, pool);
  if (isArrayBuffer(source)) return make(new Uint8Array(source), options, pool);
  if (typeof source !== 'string' && typeText(source) !== 'URL') {
    throw new ModelFileError(
      'load takes a path or address as a string, a URL, or the bytes of a file as Uint8Array or ArrayBuffer ' +
        `instead of ${typeText(source)}`,
    );
  }
  const bytes = await bytesAt(source);
  try {
    return make(bytes, options, pool);
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    throw new ModelFileError(`${quote(String(source))}: ${error.message}`, { cause: error });
  }
}

function bytesAt(source: string | URL): Promise<Uint8Array> {
  const scheme = /^(https?|data|blob|file):/i.exec(String(source))?.[1].toLowerCase();
  if (scheme === 'file') return readBytes(new URL(source));
  return scheme === undefined && inNode() ? readBytes(source) : fetchBytes(source);
}

/** Also Bun, Deno and Electron, which have Node's file system. */
function inNode(): boolean {
  return typeof process === 'object' && typeof process.versions?.node === 'string';
}

async function readBytes(path: string | URL): Promise<Uint8Array> {
  const { readFile } = await fileSystem();
  try {
    return await readFile(path);
  } catch (error) {
    throw new ModelFileError(`model file ${quote(String(path))} ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EISDIR') return 'is a directory';
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

type FileSystem = Pick<typeof import('node:fs/promises'), 'readFile'>;

/** Not a plain import, because bundlers for browsers would look for the module and find none. */
async function fileSystem(): Promise<FileSystem> {
  const name = ['node:fs', 'promises'].join('/');
  const module: unknown = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  if (isFileSystem(module)) return module;
  throw new ModelFileError('this JavaScript engine reads no files; give an http(s) URL or bytes');
}

function isFileSystem(module: unknown): module is FileSystem {
  return typeof module === 'object' && module !== null && 'readFile' in module;
}

async function fetchBytes(url: string | URL): Promise<Uint8Array> {
  const where = `model file ${quote(String(url))}`;
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new ModelFileError(`${where} cannot be fetched`, { cause: error });
  }
  if (!response.ok) {
    const { status, statusText } = response;
    throw new ModelFileError(`${where} cannot be fetched: HTTP ${status} ${statusText}`.trimEnd());
  }
  return new Uint8Array(await response.arrayBuffer());
}
