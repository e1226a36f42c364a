/**
 * Batches prepared in worker threads while the calling thread trains. The pictures lie in shared
 * memory, the batches travel in transferred buffers: nothing is copied between the threads.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { InputError } from '@surge-bnn/contract';
import { batchBytes, viewBatch, type BatchPlan, type BatchSource } from './batch-maker.js';
import { BufferPool, type BatchProducer, type PreparedBatch } from './batch-producer.js';
import { allocateBytes, allocateLabels } from './image-set.js';
import type { ClassLabels } from './types.js';

export interface BatchWorkerData {
  readonly source: BatchSource;
  readonly plan: BatchPlan;
}

export interface BatchRequest {
  readonly id: number;
  readonly epoch: number;
  readonly batch: number;
  readonly buffer: ArrayBuffer;
}

export interface BatchReply {
  readonly id: number;
  readonly count: number;
  readonly buffer: ArrayBuffer;
  readonly skipped?: readonly string[];
  /** Why there is no batch, in a sentence for the user. */
  readonly refusal?: string;
}

interface Waiting {
  readonly worker: Worker;
  readonly what: string;
  readonly resolve: (batch: PreparedBatch) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * The worker's file. Node runs JavaScript only, so also when this module runs from its TypeScript
 * source (in tests) the worker comes from the built package.
 */
function builtWorker(): string {
  const folder = import.meta.url.endsWith('.ts') ? '../dist/' : './';
  return fileURLToPath(new URL(`${folder}batch-worker.js`, import.meta.url));
}

export class WorkerProducer implements BatchProducer {
  /** Each worker has a batch to prepare while the reader looks at one. */
  readonly ahead: number;
  private readonly source: BatchSource;
  private readonly workers: readonly Worker[];
  private readonly pool: BufferPool;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  private end: Error | undefined;

  constructor(
    source: BatchSource,
    private readonly plan: BatchPlan,
    { workers = 1, file = builtWorker() }: { workers?: number; file?: string } = {},
  ) {
    if (!existsSync(file)) {
      throw new InputError(
        `the batch worker ${file} is not there: run "npm run build", or use workers: 0`,
      );
    }
    this.ahead = workers + 1;
    this.source = sharedSource(source);
    this.pool = new BufferPool(batchBytes(plan, source));
    const workerData: BatchWorkerData = { source: this.source, plan };
    this.workers = Array.from({ length: workers }, () => {
      // No inherited flags: --input-type of `node -e`, for one, makes a worker refuse its file.
      const worker = new Worker(file, { workerData, name: 'surge-bnn batches', execArgv: [] });
      worker.on('message', (reply: BatchReply) => this.receive(reply));
      worker.on('error', (error: unknown) => this.fail(messageOf(error), error));
      worker.on('exit', (code) => this.fail(`it ended with exit code ${code}`));
      // Only a batch somebody waits for may keep the process alive.
      worker.unref();
      return worker;
    });
  }

  prepare(epoch: number, batch: number): Promise<PreparedBatch> {
    return new Promise((resolve, reject) => {
      if (this.end !== undefined) {
        reject(this.end);
        return;
      }
      const buffer = this.pool.take();
      const request: BatchRequest = { id: this.nextId++, epoch, batch, buffer };
      // In turns: which worker makes a batch does not change it.
      const worker = this.workers[request.id % this.workers.length];
      if (!this.isAwaited(worker)) worker.ref();
      const what = `batch ${batch} of epoch ${epoch}`;
      this.waiting.set(request.id, { worker, what, resolve, reject });
      worker.postMessage(request, [buffer]);
    });
  }

  recycle(buffer: ArrayBuffer): void {
    this.pool.give(buffer);
  }

  async close(): Promise<void> {
    this.finish(() => new InputError('the batch loader was closed while a batch was on its way'));
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private receive({ id, count, buffer, skipped, refusal }: BatchReply): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (waiting === undefined) return;
    if (!this.isAwaited(waiting.worker)) waiting.worker.unref();
    if (refusal !== undefined) {
      this.pool.give(buffer);
      waiting.reject(new InputError(refusal));
      return;
    }
    const batch = viewBatch(buffer, count, this.plan, this.source);
    waiting.resolve({ batch: skipped === undefined ? batch : { ...batch, skipped }, buffer });
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

/** What a source is made from, in shared memory; lists of pictures are there already. */
function sharedSource(source: BatchSource): BatchSource {
  const { count, height, width, channels } = source;
  const facts = { count, height, width, channels, labels: sharedLabels(source.labels) };
  if ('images' in source) return { ...facts, images: sharedBytes(source.images) };
  const { pictures, resize, skipCorrupt } = source;
  return { ...facts, pictures, resize, skipCorrupt };
}

/** The bytes in shared memory: as they are, or copied once. */
function sharedBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = allocateBytes(bytes.length);
  copy.set(bytes);
  return copy;
}

function sharedLabels(labels: ClassLabels): ClassLabels {
  if (labels.buffer instanceof SharedArrayBuffer) return labels;
  const copy = allocateLabels(labels.length, labels instanceof Uint16Array ? 65_536 : 256);
  copy.set(labels);
  return copy;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
