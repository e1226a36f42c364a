/**
 * Batches prepared in a worker thread while the calling thread trains. The pictures lie in shared
 * memory, the batches travel in transferred buffers: nothing is copied between the threads.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { InputError } from '@surge-bnn/contract';
import { batchBytes, viewBatch, type BatchPlan, type BatchSource } from './batch-maker.js';
import { BufferPool, type BatchProducer, type PreparedBatch } from './batch-producer.js';
import { allocateBytes } from './image-set.js';

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
}

interface Waiting {
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
  /** Double buffering: the next batch is prepared while the reader looks at this one. */
  readonly ahead = 2;
  private readonly source: BatchSource;
  private readonly worker: Worker;
  private readonly pool: BufferPool;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  private end: Error | undefined;

  constructor(
    source: BatchSource,
    private readonly plan: BatchPlan,
    file: string = builtWorker(),
  ) {
    if (!existsSync(file)) {
      throw new InputError(
        `the batch worker ${file} is not there: run "npm run build", or use workers: 0`,
      );
    }
    const { count, height, width, channels } = source;
    const images = shared(source.images);
    const labels = shared(source.labels);
    this.source = { images, labels, count, height, width, channels };
    this.pool = new BufferPool(batchBytes(plan, source));
    const workerData: BatchWorkerData = { source: this.source, plan };
    // No inherited flags: --input-type of `node -e`, for one, makes a worker refuse its file.
    this.worker = new Worker(file, { workerData, name: 'surge-bnn batches', execArgv: [] });
    this.worker.on('message', (reply: BatchReply) => this.receive(reply));
    this.worker.on('error', (error: unknown) => this.fail(messageOf(error), error));
    this.worker.on('exit', (code) => this.fail(`it ended with exit code ${code}`));
    // Only a batch somebody waits for may keep the process alive.
    this.worker.unref();
  }

  prepare(epoch: number, batch: number): Promise<PreparedBatch> {
    return new Promise((resolve, reject) => {
      if (this.end !== undefined) {
        reject(this.end);
        return;
      }
      const buffer = this.pool.take();
      const request: BatchRequest = { id: this.nextId++, epoch, batch, buffer };
      if (this.waiting.size === 0) this.worker.ref();
      this.waiting.set(request.id, { what: `batch ${batch} of epoch ${epoch}`, resolve, reject });
      this.worker.postMessage(request, [buffer]);
    });
  }

  recycle(buffer: ArrayBuffer): void {
    this.pool.give(buffer);
  }

  async close(): Promise<void> {
    this.finish(() => new InputError('the batch loader was closed while a batch was on its way'));
    await this.worker.terminate();
  }

  private receive({ id, count, buffer }: BatchReply): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (this.waiting.size === 0) this.worker.unref();
    waiting?.resolve({ batch: viewBatch(buffer, count, this.plan, this.source), buffer });
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
    this.worker.unref();
  }
}

/** The bytes in shared memory: as they are, or copied once. */
function shared(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = allocateBytes(bytes.length);
  copy.set(bytes);
  return copy;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
