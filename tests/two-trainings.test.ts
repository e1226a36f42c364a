/** Two trainings at the same time in one process, as the demo has them: each gets the bits that it would get alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeIsBuilt } from './backends.js';

interface Trained {
  readonly steps: number;
  readonly engine: { readonly backend: string; readonly threads: number };
  readonly weights: string;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'two-'));
});
afterAll(() => rm(folder, { recursive: true }));

function train(name: string, engine: { backend: string; threads: number }): Promise<Trained> {
  const worker = new Worker(new URL('./train.worker.mjs', import.meta.url), {
    workerData: { out: path.join(folder, name), engine },
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      reject(new Error(`the thread ended without a result (exit code ${code})`));
    });
  });
}

const engines = [
  { backend: 'wasm', threads: 1 },
  // Side by side they are more threads than two cores have.
  ...(nativeIsBuilt ? [1, 2].map((threads) => ({ backend: 'native', threads })) : []),
];

describe.each(engines)('on $backend with $threads thread(s)', (engine) => {
  it('give what each gives alone', async () => {
    const name = `${engine.backend}-${engine.threads}`;
    const alone = await train(`${name}-alone`, engine);
    expect(alone).toMatchObject({
      steps: 10,
      engine: { backend: `surge-${engine.backend}`, threads: engine.threads },
    });
    const both = await Promise.all([train(`${name}-a`, engine), train(`${name}-b`, engine)]);
    expect(both).toEqual([alone, alone]);
  });
});
