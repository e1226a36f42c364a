/**
 * Worker threads that answer questions: what batches of every kind are prepared by while the calling thread trains. Questions and answers
 * are plain data; buffers go with them without being copied.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { InputError } from '@surge-bnn/contract';

/** What a worker is sent. */
export interface Asked<Q> {
  readonly id: number;
  readonly question: Q;
}

/** What comes back: an answer, or why there is none in a sentence for the user. */
export type Reply<A> =
  { readonly id: number; readonly answer: A } | { readonly id: number; readonly refusal: string };

export interface PoolOptions {
  /** The worker's file, which calls `serve` of worker-server.ts. */
  readonly file: string;
  readonly workerData: unknown;
  readonly workers: number;
}

interface Waiting<A> {
  readonly worker: Worker;
  readonly what: string;
  readonly resolve: (answer: A) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * A worker's file in the built package, by its path within it. Node runs JavaScript only, so also when this module runs from its
 * TypeScript source (in tests) the worker comes from there.
 */
export function builtWorker(name: string): string {
  const folder = import.meta.url.endsWith('.ts') ? '../dist/' : './';
  return fileURLToPath(new URL(`${folder}${name}`, import.meta.url));
}

export class WorkerPool<Q, A> {
  private readonly workers: readonly Worker[];
  private readonly waiting = new Map<number, Waiting<A>>();
  private nextId = 0;
  private end: Error | undefined;

  /** @throws InputError where the worker's file is not built. */
  constructor({ file, workerData, workers }: PoolOptions) {
    if (!existsSync(file)) {
      throw new InputError(
        `the batch worker ${file} is not there: run "npm run build", or use workers: 0`,
      );
    }
    this.workers = Array.from({ length: workers }, () => {
      // No inherited flags: --input-type of `node -e`, for one, makes a worker refuse its file.
      const worker = new Worker(file, { workerData, name: 'surge-bnn batches', execArgv: [] });
      worker.on('message', (reply: Reply<A>) => this.receive(reply));
      worker.on('error', (error: unknown) => this.fail(messageOf(error), error));
      worker.on('exit', (code) => this.fail(`it ended with exit code ${code}`));
      // Only an answer somebody waits for may keep the process alive.
      worker.unref();
      return worker;
    });
  }

  /**
   * Asks one of the workers, in turns.
   *
   * @param what names what is asked for, in errors.
   * @param transfer buffers of the question that go over to the worker.
   */
  ask(question: Q, what: string, transfer: readonly ArrayBuffer[]): Promise<A> {
    return new Promise((resolve, reject) => {
      if (this.end !== undefined) {
        reject(this.end);
        return;
      }
      const asked: Asked<Q> = { id: this.nextId++, question };
      // In turns: which worker makes a batch does not change it.
      const worker = this.workers[asked.id % this.workers.length];
      if (!this.isAwaited(worker)) worker.ref();
      this.waiting.set(asked.id, { worker, what, resolve, reject });
      worker.postMessage(asked, transfer);
    });
  }

  async close(): Promise<void> {
    this.finish(() => new InputError('the batch loader was closed while a batch was on its way'));
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private receive(reply: Reply<A>): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (waiting === undefined) return;
    if (!this.isAwaited(waiting.worker)) waiting.worker.unref();
    if ('refusal' in reply) waiting.reject(new InputError(reply.refusal));
    else waiting.resolve(reply.answer);
  }

  private isAwaited(worker: Worker): boolean {
    return [...this.waiting.values()].some((waiting) => waiting.worker === worker);
  }

  private fail(reason: string, cause?: unknown): void {
    this.finish(
      (what) => new Error(`the batch worker died preparing ${what}: ${reason}`, { cause }),
    );
  }

  /** Tells everybody who waits, and everybody who will ask; the first reason stays. */
  private finish(errorFor: (what: string) => Error): void {
    if (this.end !== undefined) return;
    const [first] = this.waiting.values();
    this.end = errorFor(first?.what ?? 'nothing');
    for (const { what, reject } of this.waiting.values()) reject(errorFor(what));
    this.waiting.clear();
    for (const worker of this.workers) worker.unref();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
