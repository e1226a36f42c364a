/**
 * Threads: the same bits for any number of them, threads that die or fail, and what of them is left behind.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import type { PoolWorker } from '@surge-bnn/runtime';
import { kernelCases } from '../../../cases/index.js';
import { difference, runAlone, runCase, type KernelCase } from '../../../cases/kernel-case.js';
import { largeCases } from '../../../cases/large.js';
import type { Provider } from '../../provider.js';
import { kernelNames, referenceKernels } from '../../reference/index.js';
import { createWasmProvider } from '../index.js';
import { createEngine, type Engine } from '../instance.js';
import { WasmHeap } from '../memory.js';
import { partsOf } from './parts.js';
import { EngineThreadError, Team } from './team.js';

const started = vi.hoisted((): { workers: PoolWorker[] } => ({ workers: [] }));
vi.mock(import('@surge-bnn/runtime'), async (original) => {
  const runtime = await original();
  return {
    ...runtime,
    async startWorker(...given) {
      const worker = await runtime.startWorker(...given);
      started.workers.push(worker);
      return worker;
    },
  };
});

const providers: Provider[] = [];
const teams: Team[] = [];
afterEach(() => {
  for (const provider of providers.splice(0)) provider.close?.();
  for (const team of teams.splice(0)) team.close();
  started.workers.length = 0;
  vi.unstubAllGlobals();
});

async function provider(threads: number): Promise<Provider> {
  const made = await createWasmProvider();
  providers.push(made);
  await made.configure?.({
    threads,
    binaryGradients: 'float32',
    auxiliaryGradients: 'float32',
    fusedMultiplyAdd: false,
  });
  return made;
}

async function engine(threads: number, heap?: WasmHeap): Promise<Engine> {
  const made = await createEngine(heap);
  teams.push(made.team);
  await made.team.resize(threads);
  return made;
}

/** The sum of an array's entries 0, 1, 2, .., by a kernel in so many parts. */
function sumOf({ heap, team }: Engine, count: number): number {
  const at = heap.extend(4 * count);
  new Float32Array(heap.buffer, at, count).forEach((_, i, all) => (all[i] = i % 100));
  const parts = partsOf(count);
  const sums = team.run('rowSum', parts.tasks, [parts.from(at), parts.count]);
  return sums.slice(0, parts.tasks).reduce((a, b) => a + b, 0);
}
const count = 1_000_000;
const expected = (count / 100) * 4950;

describe('any number of threads', () => {
  it.each(kernelNames.map((name) => [name]))('gives the same bits of %s', async (name) => {
    const subjects = await Promise.all([1, 2, 4].map(provider));
    const cases: KernelCase[] = [...kernelCases[name].slice(0, 3), ...largeCases[name]];
    for (const kernelCase of cases) {
      const [alone, ...others] = subjects.map((subject) => runCase(subject, kernelCase));
      for (const other of others) {
        expect(other, kernelCase.name).toEqual(alone);
      }
      const right = runAlone(referenceKernels, kernelCase);
      right.outputs.forEach((output, i) => {
        const worst = difference(alone.outputs[i], output);
        expect(worst, `output ${i} of ${kernelCase.name}`).toBeLessThanOrEqual(kernelCase.bound);
      });
    }
  });

  it('can be changed on the way', async () => {
    const subject = await engine(3);
    expect(subject.team.size).toBe(3);
    for (const threads of [1, 4, 2, 2]) {
      await subject.team.resize(threads);
      expect(subject.team.size).toBe(threads);
      expect(sumOf(subject, count)).toBe(expected);
    }
  });

  it('wakes threads that sleep', async () => {
    const subject = await engine(3);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let i = 0; i < 50; i++) expect(sumOf(subject, 100_000)).toBe(expected / 10);
  });

  it('is what two callers at once agree on, one after the other', async () => {
    const subject = await createWasmProvider();
    providers.push(subject);
    const settings = { binaryGradients: 'float32', auxiliaryGradients: 'float32' } as const;
    const ask = (threads: number) =>
      subject.configure?.({ ...settings, threads, fusedMultiplyAdd: false });
    await Promise.all([ask(2), ask(3), ask(2), ask(2)]);
    // The second of three places was given up and is not taken again.
    expect(started.workers).toHaveLength(2);
  });

  it('is left by a thread that was sent away, even where it goes on computing', async () => {
    const subject = await engine(3);
    // A browser ends workers when it likes.
    for (const worker of started.workers) worker.terminate = () => undefined;
    await subject.team.resize(1);
    await subject.team.resize(2);
    for (let i = 0; i < 100; i++) expect(sumOf(subject, 100_000)).toBe(expected / 10);
  });

  it('does not keep a program from ending', () => {
    const index = fileURLToPath(new URL('../../../../dist/index.js', import.meta.url));
    const script = `const { useEngine } = await import(${JSON.stringify(index)});
      console.log((await useEngine({ backend: 'surge-wasm', threads: 3 })).threads);`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(output).toBe('3\n');
  });
});

describe('a thread that dies', () => {
  it('without a task is not missed', async () => {
    const subject = await engine(3);
    await started.workers[0].terminate();
    expect(sumOf(subject, count)).toBe(expected);
    expect(subject.team.size).toBe(2);
    // The one that is left has number 2, and scratch memory of its own.
    expect(subject.team.places).toBe(3);
    await subject.team.resize(3);
    expect(subject.team.size).toBe(3);
    expect(sumOf(subject, count)).toBe(expected);
  });

  it('with a task is told of, and the engine goes on with one thread', async () => {
    const { heap } = await engine(1);
    const { module, wasm } = await kernelsOn(heap);
    // One that has taken the last task and never finishes it.
    const stuck = new Team(heap.memory, { module, wasm: { ...wasm, finished: () => 1 } }, 50);
    teams.push(stuck);
    await stuck.resize(2);
    expect(() => stuck.run('fill', 2, [heap.extend(64), 4, 1])).toThrow(EngineThreadError);
    expect(stuck.size).toBe(1);
    expect(() => stuck.run('fill', 2, [heap.extend(64), 4, 1])).not.toThrow();
  });

  it('in a kernel that fails leaves the others whole', async () => {
    const subject = await engine(2);
    for (let i = 0; i < 20; i++) {
      const nowhere = { at: 2 ** 31, task: 0 };
      expect(() => subject.team.run('fill', 8, [nowhere, 1000, 1])).toThrow();
      expect(sumOf(subject, 100_000)).toBe(expected / 10);
    }
  });
});

describe('memory that is not shared', () => {
  it('has one thread, and the same results', async () => {
    const subject = await engine(1, new WasmHeap(false));
    expect(subject.heap.buffer).toBeInstanceOf(ArrayBuffer);
    expect(sumOf(subject, count)).toBe(expected);
    subject.heap.extend(64 * 1024 * 1024);
    await subject.team.resize(1);
    expect(sumOf(subject, count)).toBe(expected);
  });

  it('is what a page has without isolation, and the error says what is missing', async () => {
    vi.stubGlobal('crossOriginIsolated', false);
    const { useEngine } = await import('../../../use-engine.js');
    const asked = useEngine({ backend: 'surge-wasm', threads: 2 });
    await expect(asked).rejects.toBeInstanceOf(InputError);
    await expect(asked).rejects.toThrow(/allowed: 1, because threads need .*Cross-Origin-Opener/);
    expect(await useEngine({ backend: 'surge-wasm' })).toMatchObject({ threads: 1 });
  });
});

async function kernelsOn(heap: WasmHeap) {
  const { instantiate } = await import('../instance.js');
  return instantiate(heap, false);
}
