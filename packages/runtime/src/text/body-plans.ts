/**
 * The body at the lengths of the texts that come: no text is padded, so each length is a graph, a plan of memory and a program of its own. The
 * last used ones are kept, in memory that is used again; how many is bounded by their number and their bytes.
 */
import { KeptMemory } from '../execute/kept-memory.js';
import { resizedGraph } from '../execute/resized-graph.js';
import type { Executor, MemoryBudget } from '../execute/executor.js';
import { executorMaker } from '../execute/make-executor.js';
import type { MakeExecutor } from '../execute/make-executor.js';
import type { LoadOptions } from '../execute/load-options.js';
import { checkTextOutput } from '../format/check-text.js';
import type { TextSource } from '../format/model-source.js';
import { ModelMemoryError } from '../model-file-error.js';

/** Most lengths that are kept: a WebAssembly memory takes address space beside its bytes. */
export const mostKeptPlans = 32;
/** What they may take together, the one that runs not counted. */
export const mostKeptBytes = 2 ** 26;

/** A place for a plan, with its memory. */
class Slot {
  private readonly make: MakeExecutor;
  private memory: KeptMemory | undefined;
  private executor: Executor | undefined;

  constructor(options: LoadOptions) {
    this.make = executorMaker(options, (kernels) => {
      this.memory = new KeptMemory(kernels);
      return this.memory.kernelSet;
    });
  }

  /** The plan that stands here takes the memory of the one before. */
  put(source: Parameters<MakeExecutor>[0], budget: MemoryBudget): Executor {
    this.executor = undefined;
    return (this.executor = this.make(source, budget));
  }

  get plan(): Executor | undefined {
    return this.executor;
  }

  /** Also where a smaller plan has come into the memory of a larger one. */
  get bytes(): number {
    return Math.max(this.memory?.bytes ?? 0, this.executor?.memoryBytes ?? 0);
  }

  close(): void {
    this.executor = undefined;
    this.memory?.close();
  }
}

export class BodyPlans {
  /** By length, the last used at the end. */
  private readonly slots = new Map<number, Slot>();
  /** Those of the body, without the tables. */
  private readonly tensors: TextSource['tensors'];

  /** @param most bytes of all plans together. */
  constructor(
    private readonly source: TextSource,
    private readonly options: LoadOptions,
    private readonly most: number,
  ) {
    const { body, tensors } = source;
    const read = new Set(body.nodes.flatMap((node) => Object.values(node.tensors)));
    this.tensors = new Map([...tensors].filter(([name]) => read.has(name)));
  }

  /**
   * The body for texts of so many pieces.
   *
   * @throws ModelMemoryError where it takes more memory than allowed even by itself; ModelFileError where the graph takes no such texts.
   */
  of(length: number): Executor {
    const known = this.slots.get(length);
    if (known?.plan !== undefined) {
      this.slots.delete(length);
      this.slots.set(length, known);
      return known.plan;
    }
    const { body, plan } = this.source;
    const graph = resizedGraph(body, [length, body.inputs[0].shape[1]]);
    checkTextOutput(graph, plan);
    const slot = this.slots.size < mostKeptPlans ? new Slot(this.options) : this.oldest();
    let executor: Executor;
    try {
      const budget = { most: this.most, besides: this.bytes };
      executor = slot.put({ graph, tensors: this.tensors }, budget);
    } catch (error) {
      slot.close();
      if (!(error instanceof ModelMemoryError) || this.slots.size === 0) throw error;
      this.close();
      return this.of(length);
    }
    this.slots.set(length, slot);
    const most = () => Math.min(this.most, mostKeptBytes + slot.bytes);
    while (this.slots.size > 1 && this.bytes > most()) this.oldest().close();
    return executor;
  }

  /** Of all plans. */
  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.slots.values()) sum += bytes;
    return sum;
  }

  close(): void {
    for (const slot of this.slots.values()) slot.close();
    this.slots.clear();
  }

  /** Takes out the one that was not used for the longest time. */
  private oldest(): Slot {
    const [first] = this.slots;
    const [length, slot] = first;
    this.slots.delete(length);
    return slot;
  }
}
