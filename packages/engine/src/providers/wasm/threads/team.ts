/**
 * The threads that compute kernels: the caller's, and workers on the same memory. A kernel call is a job of tasks that all of them claim
 * (assembly/ticket.ts). How work is cut into tasks depends on shapes alone, and sums that several tasks make are added in the tasks' order,
 * so results are the same bits for any number of threads.
 */
import { InputError } from '@surge-bnn/contract';
import { startWorker, type PoolWorker } from '@surge-bnn/runtime';
import type { Kernels } from '../instance.js';
import type { KernelExports } from '../kernel-exports.js';
import { argumentNumbers, control, jobNumbers, mostArguments, mostTasks } from './control.js';
import { memberSource } from './member-source.js';

/**
 * An argument of a kernel: a number; an address that moves on by `task` bytes (or a number, by `task`) from task to task and by `thread`
 * from thread to thread; or what is `left` of a count for one task, at most `grain`.
 */
export type Argument =
  number | { at: number; task?: number; thread?: number } | { left: number; grain: number };

type EachAn<T extends readonly unknown[]> = { [I in keyof T]: Argument };
type Arguments<K extends keyof KernelExports> = EachAn<Parameters<KernelExports[K]>>;

/** What one round of waiting counts for, at most, in milliseconds. */
const MOST_OF_A_ROUND = 100;
/** How long a worker may take to start on a busy machine. */
const START_MILLISECONDS = 20_000;
/** Spinning gives way to short sleeps when a wait becomes long: the machine may have given the other thread's core away. */
const NAP_MILLISECONDS = 1;

/** A thread that died in the middle of a kernel, or a kernel that failed in one. */
export class EngineThreadError extends Error {
  override readonly name = 'EngineThreadError';
}

type Kernel = (...values: number[]) => unknown;

/** Kernels as jobs name them: by their numbers among the module's exports. */
interface Loaded extends Kernels {
  readonly kernels: readonly Kernel[];
  readonly numberOf: ReadonlyMap<string, number>;
}

function loadedOf({ module, wasm }: Kernels): Loaded {
  const names = WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === 'function')
    .map(({ name }) => name);
  const kernels = names.map((name) => kernelOf(wasm, name));
  return { module, wasm, kernels, numberOf: new Map(names.map((name, i) => [name, i])) };
}

function kernelOf(exports: KernelExports, name: string): Kernel {
  const kernel: unknown = Reflect.get(exports, name);
  if (isKernel(kernel)) return kernel;
  throw new Error(`the kernels lack ${name}`);
}

function isKernel(value: unknown): value is Kernel {
  return typeof value === 'function';
}

export class Team {
  /** By thread number, from 1 on. */
  readonly #workers = new Map<number, PoolWorker>();
  readonly #values: number[] = [];
  #words = new Int32Array();
  #job = new Float64Array();
  #results = new Float64Array();
  #loaded: Loaded;
  #members = 0;

  constructor(
    private readonly memory: WebAssembly.Memory,
    kernels: Kernels,
    /** Milliseconds that a thread may hold a task while nothing else goes on. A task is some milliseconds of work. */
    private readonly patience = 60_000,
  ) {
    this.#look();
    this.#loaded = loadedOf(kernels);
  }

  /** What grows without being shared takes its old views away. */
  #keepLooking(): void {
    if (this.#job.length === 0) this.#look();
  }

  #look(): void {
    const { buffer } = this.memory;
    this.#words = new Int32Array(buffer, 0, control.job / 4);
    this.#job = new Float64Array(buffer, control.job, jobNumbers);
    this.#results = new Float64Array(buffer, control.results, mostTasks);
  }

  /** Changes to another module's kernels, on one thread: `resize` starts others. */
  adopt(kernels: Kernels): void {
    this.close();
    this.#loaded = loadedOf(kernels);
  }

  /** The caller's thread among them. */
  get size(): number {
    return 1 + this.#workers.size;
  }

  /** One more than the highest thread number: so often a kernel needs scratch memory that a thread has for itself. */
  get places(): number {
    return 1 + Math.max(0, ...this.#workers.keys());
  }

  /** Starts or ends workers until there are `threads` threads. */
  async resize(threads: number): Promise<void> {
    this.#keepLooking();
    for (const [thread, worker] of [...this.#workers]) {
      if (thread >= threads) this.#dismiss(thread, worker);
    }
    const { memory } = this;
    const { module } = this.#loaded;
    const present = Atomics.load(this.#words, control.present / 4);
    let started = 0;
    for (let thread = 1; thread < threads; thread++) {
      if (this.#workers.has(thread)) continue;
      const member = ++this.#members;
      const worker = await startWorker(memberSource, () => {
        // It ended by itself: those that are left do its part.
        if (this.#workers.get(thread) === worker) this.#dismiss(thread, worker);
      });
      Atomics.store(this.#words, control.owners / 4 + thread, member);
      worker.postMessage({ module, memory, thread, member });
      this.#workers.set(thread, worker);
      started++;
    }
    await this.#arrival(present + started, threads);
  }

  /**
   * Runs `kernel` for tasks 0 to `tasks` - 1 and returns their results (valid until the next call).
   *
   * @throws EngineThreadError when a thread has died with a task in its hands; what the kernel writes is then undefined.
   */
  run<K extends keyof KernelExports>(kernel: K, tasks: number, args: Arguments<K>): Float64Array {
    this.#keepLooking();
    const results = this.#results;
    if (tasks > mostTasks) throw new Error(`${kernel}: ${tasks} tasks; at most ${mostTasks}`);
    if (tasks <= 0) return results;
    this.#describe(kernel, tasks, args);
    if (tasks === 1 || this.#workers.size === 0) {
      for (let task = 0; task < tasks; task++) this.#compute(task);
      return results;
    }
    const { wasm } = this.#loaded;
    const generation = wasm.announce(tasks);
    let failure: { error: unknown } | undefined;
    for (let left = wasm.claim(generation); left > 0; left = wasm.claim(generation)) {
      try {
        if (!failure) this.#compute(tasks - left);
      } catch (error) {
        // The job goes on to its end all the same: the next one must not meet its tasks.
        failure = { error };
      }
      wasm.finish(generation);
    }
    this.#await(kernel, tasks);
    if (failure) throw failure.error;
    return results;
  }

  #describe(kernel: string, tasks: number, args: readonly Argument[]): void {
    const job = this.#job;
    const number = this.#loaded.numberOf.get(kernel);
    if (number === undefined || args.length > mostArguments) {
      throw new Error(`no kernel ${kernel} with ${args.length} arguments`);
    }
    job[0] = number;
    job[1] = args.length;
    job[2] = tasks;
    let at = 3;
    for (const arg of args) {
      const isNumber = typeof arg === 'number';
      const counts = !isNumber && 'left' in arg;
      job[at] = isNumber ? arg : counts ? arg.left : arg.at;
      job[at + 1] = isNumber || counts ? 0 : (arg.task ?? 0);
      job[at + 2] = isNumber || counts ? 0 : (arg.thread ?? 0);
      job[at + 3] = counts ? arg.grain : 0;
      at += argumentNumbers;
    }
  }

  /** The same as member-source.ts does for thread 0. */
  #compute(task: number): void {
    const job = this.#job;
    const values = this.#values;
    values.length = job[1];
    for (let i = 0, at = 3; i < values.length; i++, at += argumentNumbers) {
      const grain = job[at + 3];
      values[i] =
        grain > 0 ? Math.min(grain, job[at] - task * grain) : job[at] + task * job[at + 1];
    }
    this.#results[task] = Number(this.#loaded.kernels[job[0]](...values));
  }

  #await(kernel: string, tasks: number): void {
    const { wasm } = this.#loaded;
    let done = wasm.finished(tasks);
    let waited = 0;
    let last = performance.now();
    while (done < tasks) {
      if (waited > this.patience) throw this.#broken(kernel);
      nap(this.#words, control.finished / 4, done);
      const next = wasm.finished(tasks);
      const now = performance.now();
      // A program that was stopped for an hour has not waited for an hour.
      waited = next === done ? waited + Math.min(now - last, MOST_OF_A_ROUND) : 0;
      last = now;
      done = next;
    }
    if (Atomics.exchange(this.#words, control.failed / 4, 0) !== 0) {
      throw new EngineThreadError(`the kernel ${kernel} failed in one of the engine's threads`);
    }
  }

  /** Goes on with the caller's thread alone. */
  #broken(kernel: string): EngineThreadError {
    const threads = this.size;
    this.close();
    return new EngineThreadError(
      `one of the ${threads} threads of surge-wasm died in the middle of ${kernel}: what was being computed is lost; the engine goes on with 1 thread, useEngine({ threads: ${threads} }) starts others`,
    );
  }

  /** Ends the workers; the caller's thread can still compute. */
  close(): void {
    for (const [thread, worker] of [...this.#workers]) this.#dismiss(thread, worker);
  }

  #dismiss(thread: number, worker: PoolWorker): void {
    this.#workers.delete(thread);
    // It may go on for a while: a browser ends a worker that computes when it likes.
    Atomics.store(this.#words, control.owners / 4 + thread, 0);
    void worker.terminate();
  }

  /** Until all have said that they are there. */
  async #arrival(present: number, threads: number): Promise<void> {
    const start = performance.now();
    while (Atomics.load(this.#words, control.present / 4) < present) {
      const late = performance.now() - start > START_MILLISECONDS;
      if (late || this.size < threads) {
        await this.resize(1);
        throw new InputError(
          `engine threads: ${threads} are not possible here, a thread ${late ? 'did not start' : 'died while it started'}; 1 always works`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** Sleeps for a moment where the thread may: a page's main thread may not. */
function nap(words: Int32Array, at: number, seen: number): void {
  if (!maySleep) return;
  try {
    Atomics.wait(words, at, seen, NAP_MILLISECONDS);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    maySleep = false;
  }
}
let maySleep = true;
