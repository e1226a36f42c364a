/** A worker of Node or of a browser, as far as the pool needs one. */
import { ModelFileError } from '../model-file-error.js';

export interface PoolWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

/**
 * Starts a worker; in Node a program that has nothing else to do ends without waiting for it.
 *
 * @param source what it runs: a module that needs nothing beside it.
 * @param onDeath is told when the worker ends by itself, with the error that ended it where there is one.
 * @throws ModelFileError where there are no workers.
 */
export async function startWorker(
  source: string,
  onDeath: (error: unknown) => void,
): Promise<PoolWorker> {
  if (typeof Worker === 'function') return browserWorker(source, onDeath);
  const { Worker: NodeWorker } = await nodeThreads();
  const worker = new NodeWorker(source, { eval: true });
  // A program whose work is done ends, whether or not its pools were closed.
  worker.unref();
  worker.on('error', onDeath);
  worker.on('exit', () => onDeath(undefined));
  return worker;
}

/** Where a page's rules forbid workers from blobs, the error says so. */
function browserWorker(source: string, onDeath: (error: unknown) => void): PoolWorker {
  const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  // As a module, because Deno has no others.
  const worker = new Worker(address, { type: 'module' });
  worker.addEventListener('error', (event) => {
    URL.revokeObjectURL(address);
    onDeath(event);
  });
  worker.addEventListener('message', () => {
    URL.revokeObjectURL(address);
  });
  return worker;
}

type NodeThreads = Pick<typeof import('node:worker_threads'), 'Worker'>;

/** Not a plain import, because bundlers for browsers would look for the module and find none. */
async function nodeThreads(): Promise<NodeThreads> {
  const name = ['node', 'worker_threads'].join(':');
  const module: unknown = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  if (isNodeThreads(module)) return module;
  throw new ModelFileError('this JavaScript engine has no workers; run with one thread');
}

function isNodeThreads(module: unknown): module is NodeThreads {
  return typeof module === 'object' && module !== null && 'Worker' in module;
}
