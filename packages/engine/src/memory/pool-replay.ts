/**
 * A pool without memory: it runs traces through the pool's own bookkeeping over a heap that only counts. So what a program needs is
 * known with the size classes, the recycling and their waste, before a byte of it is taken.
 */
import type { Heap } from '../providers/provider.js';
import type { AllocationEvent } from './allocation-log.js';
import { Pool, type Block, type PoolStatistics } from './pool.js';

class CountingHeap implements Heap {
  readonly buffer = new ArrayBuffer(0);
  #end = 0;

  extend(bytes: number): number {
    const address = this.#end;
    this.#end += bytes;
    return address;
  }
}

export class PoolReplay {
  readonly #pool = new Pool(new CountingHeap());
  /** What former traces have left, by the bytes that were asked for. */
  readonly #kept = new Map<number, Block[]>();
  readonly #given: number;

  /** @param free bytes of blocks that lie free when the program begins, as `heapRoom` tells them. */
  constructor(free: readonly number[] = []) {
    const blocks = free.map((bytes) => this.#pool.take(bytes));
    for (const block of blocks) this.#pool.free(block);
    this.#given = this.#pool.statistics().heapBytes;
  }

  /** Runs one trace. What it leaves is live until a later one releases it. */
  run(trace: Iterable<AllocationEvent>): void {
    const own = new Map<number, { bytes: number; block: Block }>();
    for (const event of trace) {
      if (event.kind === 'release') this.release(event.bytes);
      else if (event.kind === 'free') {
        const taken = own.get(event.id);
        if (taken !== undefined) this.#pool.free(taken.block);
        own.delete(event.id);
      } else if (event.bytes > 0) {
        // A tensor without entries has no block.
        own.set(event.id, { bytes: event.bytes, block: this.#pool.take(event.bytes) });
      }
    }
    for (const { bytes, block } of own.values()) {
      const same = this.#kept.get(bytes);
      if (same === undefined) this.#kept.set(bytes, [block]);
      else same.push(block);
    }
  }

  /** Gives back one of the kept blocks that were taken for so many bytes. */
  release(bytes: number): void {
    const block = this.#kept.get(bytes)?.pop();
    if (block !== undefined) this.#pool.free(block);
  }

  /** The bytes of all that is kept, one number for each block. */
  get kept(): number[] {
    return [...this.#kept].flatMap(([bytes, blocks]) => blocks.map(() => bytes));
  }

  statistics(): PoolStatistics {
    return this.#pool.statistics();
  }

  /** Bytes by which the heap had to grow beyond the blocks that were free at the beginning. */
  get grown(): number {
    return this.#pool.statistics().heapBytes - this.#given;
  }
}
