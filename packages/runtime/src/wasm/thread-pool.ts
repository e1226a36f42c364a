/**
 * The kernels of assembly/ on several threads: the caller's and workers, which share each model's memory. Every thread computes its
 * strips of a stage and waits for the others before the next, so results do not depend on how many they are.
 */
import { ModelFileError } from '../model-file-error.js';
import type { KernelSet, Machine } from '../program/kernel-set.js';
import { instantiate, takeMemory, wasmIsThere, wasmLayout } from './kernels.js';
import { sharedModule } from './module-bytes.js';
import { commands, control, controlWords, workerSource } from './worker-source.js';
import { startWorker } from './workers.js';
import type { PoolWorker } from './workers.js';

/** More only wait for each other: a stage has some microseconds of work. */
const mostThreads = 64;
/** How long a worker may take to answer. */
const patienceMilliseconds = 10_000;

/** Give it to `load` as `kernels`; any number of models may share it. */
export class ThreadPool implements KernelSet {
  readonly name = 'wasm';
  readonly bitBlocks = wasmLayout.bitBlocks;
  readonly floatLanes = wasmLayout.floatLanes;
  private models = 0;
  private broken: string | undefined;

  private constructor(
    /** The caller's thread among them. */
    readonly threads: number,
    private readonly words: Int32Array,
    private readonly workers: PoolWorker[],
  ) {}

  /**
   * Starts a pool.
   *
   * @param threads 1 or more, the caller's among them.
   * @throws ModelFileError where threads cannot share memory: in a page that is not cross-origin isolated.
   */
  static async start(threads: number): Promise<ThreadPool> {
    if (!Number.isInteger(threads) || threads < 1 || threads > mostThreads) {
      throw new ModelFileError(
        `threads is ${String(threads)}; allowed: integers from 1 to ${mostThreads}`,
      );
    }
    if (!wasmIsThere()) {
      throw new ModelFileError('this JavaScript engine has no WebAssembly with SIMD');
    }
    if (threads > 1 && !memoryIsShared()) {
      throw new ModelFileError(
        `${threads} threads need shared memory, which a page has only when it is cross-origin isolated ` +
          '(headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp); 1 always works',
      );
    }
    const bytes = 4 * controlWords;
    const words = new Int32Array(
      threads > 1 ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes),
    );
    const pool = new ThreadPool(threads, words, []);
    for (let thread = 1; thread < threads; thread++) {
      pool.workers.push(
        await startWorker(workerSource, (error) => {
          pool.broken ??= `a thread of the pool died: ${error instanceof Error ? error.message : 'no reason is known'}`;
        }),
      );
    }
    pool.tell((thread) => ({ words, thread, threads }));
    await pool.answers();
    return pool;
  }

  start(bytes: number): Machine {
    this.checkAlive();
    const module = sharedModule();
    const memory = takeMemory(bytes, true);
    const model = this.models++;
    this.exchange({ model, module, memory });
    const run = instantiate(module, memory);
    return {
      buffer: memory.buffer,
      run: (program, from, to) => {
        this.checkAlive();
        const { words, threads } = this;
        words[control.model] = model;
        words[control.program] = program;
        words[control.from] = from;
        words[control.to] = to;
        this.command(commands.compute);
        run(program, from, to, 0, threads);
        this.wait();
      },
      close: () => {
        if (this.broken === undefined) this.exchange({ model });
      },
    };
  }

  /** Ends the workers; models that use the pool cannot run any more. */
  close(): void {
    this.broken ??= 'the pool of threads was closed';
    // Awake, because Deno waits at its end for a worker that sleeps in Atomics.wait, terminated or not.
    this.command(commands.listen);
    for (const worker of this.workers) void worker.terminate();
  }

  private checkAlive(): void {
    if (this.broken !== undefined) throw new ModelFileError(this.broken);
  }

  /** Wakes workers from their loop, tells all of them the same, and waits until they have heard it. */
  private exchange(message: object): void {
    this.command(commands.listen);
    this.tell(() => message);
    const deadline = Date.now() + patienceMilliseconds;
    while (!this.allAnswered) if (Date.now() > deadline) throw this.silent();
  }

  private command(command: number): void {
    const { words } = this;
    Atomics.store(words, control.done, 0);
    Atomics.store(words, control.command, command);
    Atomics.add(words, control.generation, 1);
    Atomics.notify(words, control.generation);
  }

  private tell(message: (thread: number) => object): void {
    this.workers.forEach((worker, i) => {
      worker.postMessage(message(i + 1));
    });
  }

  private get allAnswered(): boolean {
    return Atomics.load(this.words, control.done) >= this.workers.length;
  }

  /** Spinning, as a page's main thread may not sleep. The threads' own barrier has an end, so this has one. */
  private wait(): void {
    while (!this.allAnswered);
  }

  /** When workers are started, the caller's event loop has to go on. */
  private async answers(): Promise<void> {
    const deadline = Date.now() + patienceMilliseconds;
    while (!this.allAnswered) {
      this.checkAlive();
      if (Date.now() > deadline) throw this.silent();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  private silent(): ModelFileError {
    this.close();
    return new ModelFileError(
      `a thread of the pool has not answered for ${patienceMilliseconds / 1000} s`,
    );
  }
}

/** Whether threads can share memory here. */
export function memoryIsShared(): boolean {
  // A page without isolation may have the constructor and must not use it.
  const isolated: unknown = Reflect.get(globalThis, 'crossOriginIsolated');
  return typeof SharedArrayBuffer === 'function' && isolated !== false;
}
