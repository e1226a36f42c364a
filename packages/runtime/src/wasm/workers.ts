/** A worker of Node or of a browser, as far as the pool needs one. */
import { ModelFileError } from '../model-file-error.js';
import { workerSource } from './worker-source.js';

export interface PoolWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

/** @param onDeath is told of an error that ended the worker. */
export async function startWorker(onDeath: (error: unknown) => void): Promise<PoolWorker> {
  if (typeof Worker === 'function') return browserWorker(onDeath);
  const { Worker: NodeWorker } = await nodeThreads();
  const worker = new NodeWorker(workerSource, { eval: true });
  // A program whose work is done ends, whether or not its pools were closed.
  worker.unref();
  worker.on('error', onDeath);
  return worker;
}

/** Where a page's rules forbid workers from blobs, the error says so. */
function browserWorker(onDeath: (error: unknown) => void): PoolWorker {
  const address = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
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
