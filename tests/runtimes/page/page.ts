/** A page without anybody before it: runs the cases here and in a Web Worker, and posts what came out back to its server. */
import { runCases } from '../run-cases.mjs';

async function post(where: string, body: Uint8Array | string): Promise<void> {
  await fetch(where, { method: 'POST', body: typeof body === 'string' ? body : body.slice() });
}

async function read(file: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(`cases/${file}`)).arrayBuffer());
}

function runInWorker(): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<Uint8Array | string>) => {
      if (typeof data === 'string') reject(new Error(data));
      else resolve(data);
    });
    worker.addEventListener('error', ({ message }) => {
      reject(new Error(message));
    });
  });
}

async function run(): Promise<void> {
  await post('page', await runCases(read, 1));
  await post('worker', await runInWorker());
  await post(
    'about',
    JSON.stringify({ agent: navigator.userAgent, isolated: crossOriginIsolated }),
  );
}

run().catch((error: unknown) => post('failed', String(error)));
