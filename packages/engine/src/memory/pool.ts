/**
 * Recycled blocks of a provider's heap. The heap only ever extends; the pool cuts it into size classes,
 * keeps freed blocks in one list per class, and hands them out again, so that a steady training step takes no
 * fresh memory at all. It knows nothing of tensors. Contents of a block are whatever its last owner left.
 *
 * A pool that lends also gives out a freed block of a larger class before the heap grows. That is for work whose sizes differ from step to
 * step: batches of texts have another length each time, and the heap would come to hold what a step needs once for every class. Where all steps are
 * alike it does not lend, and what a run will come to can be foreseen to the byte.
 */
import type { Heap } from '../providers/provider.js';
import type { NumericArray } from './record.js';
import { sizeClass } from './size-class.js';

/** One piece of the heap that belongs to its taker until it is freed. */
export interface Block {
  readonly address: number;
  /** Usable bytes: its size class, at least what was asked for. */
  readonly bytes: number;
  /** The pool from which it is out. */
  owner?: Pool | undefined;
  /** Its last owner's view, which the next one can often use: a view costs more to make than to keep. */
  view?: NumericArray | undefined;
}

/** What a pool holds; "fresh" counts extensions of the heap, which must stand still in a steady state. */
export interface PoolStatistics {
  readonly freshExtensions: number;
  readonly heapBytes: number;
  readonly liveBlocks: number;
  readonly liveBytes: number;
  readonly peakBytes: number;
}

/**
 * How many times larger than its class a lent block may be. By their logged allocations, replayed, the first 60 steps of recipes/sst2-float.json and an
 * evaluation, 1.1 GB of tensors at their peak, come to a heap of 4.1 GB without lending, 2.1 with twice, 1.7 with four times, 1.6 with eight times or any.
 */
const MOST_LENT = 8;

export class Pool {
  /** Whether freed blocks of larger classes serve, too. */
  lends = false;
  readonly #free = new Map<number, Block[]>();
  #liveBlocks = 0;
  #freshExtensions = 0;
  #heapBytes = 0;
  #liveBytes = 0;
  #peakBytes = 0;

  constructor(private readonly heap: Heap) {}

  /** A block of at least `bytes`; extends the heap when no freed block of its class, or that could be lent, is left. */
  take(bytes: number): Block {
    return this.takeRecycled(bytes) ?? this.#extend(sizeClass(bytes));
  }

  /** A freed block of at least `bytes`, or undefined when only an extension of the heap could give one. */
  takeRecycled(bytes: number): Block | undefined {
    const least = sizeClass(bytes);
    const most = this.lends ? MOST_LENT * least : least;
    for (let size = least; size <= most; size = sizeClass(size + 1)) {
      const block = this.#free.get(size)?.pop();
      if (block !== undefined) return this.#own(block);
    }
    return undefined;
  }

  /** Gives a block back. A block that is not out (freed twice, or of another pool) is a defect and throws. */
  free(block: Block): void {
    if (block.owner !== this) {
      throw new Error(`the block of ${block.bytes} bytes at ${block.address} is freed twice`);
    }
    block.owner = undefined;
    this.#liveBlocks--;
    this.#liveBytes -= block.bytes;
    const list = this.#free.get(block.bytes);
    if (list) list.push(block);
    else this.#free.set(block.bytes, [block]);
  }

  statistics(): PoolStatistics {
    return {
      freshExtensions: this.#freshExtensions,
      heapBytes: this.#heapBytes,
      liveBlocks: this.#liveBlocks,
      liveBytes: this.#liveBytes,
      peakBytes: this.#peakBytes,
    };
  }

  /** Sizes of the blocks that lie free. */
  freeBlocks(): number[] {
    return [...this.#free.values()].flatMap((list) => list.map(({ bytes }) => bytes));
  }

  #extend(bytes: number): Block {
    const address = this.heap.extend(bytes);
    const block: Block = { address, bytes, owner: undefined, view: undefined };
    this.#freshExtensions++;
    this.#heapBytes += bytes;
    return this.#own(block);
  }

  #own(block: Block): Block {
    block.owner = this;
    this.#liveBlocks++;
    this.#liveBytes += block.bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    return block;
  }
}
