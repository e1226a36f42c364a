/** What computes a model's nodes; PackedModel brings inputs and takes outputs. */
import type { Numbers } from '../kernels/float-conv.js';
import { ModelMemoryError } from '../model-file-error.js';

/** How long some nodes took that are computed together. */
export interface StageTime {
  readonly nodes: readonly string[];
  readonly milliseconds: number;
}

export interface Executor {
  /** For people: "reference", "wasm". */
  readonly kernels: string;
  /** Of one example, to be filled before a run. */
  readonly input: Float32Array;
  /** Of one example, after a run, one for each output of the graph. */
  readonly outputs: readonly Numbers[];
  /** Memory for all edges of one example. */
  readonly activationBytes: number;
  /** All that it takes, edges, decoded tensors and scratch. */
  readonly memoryBytes: number;
  /** @throws ModelFileError for a NaN where a sign is taken. */
  run(): void;
  /** As run. */
  profile(): readonly StageTime[];
  close(): void;
}

/** What a model takes, by what it is for. */
export interface MemoryNeed {
  readonly edges: number;
  readonly tensors: number;
  readonly scratch: number;
}

/** What a model may take, and how much of it other parts of the same detector take. */
export interface MemoryBudget {
  readonly most: number;
  readonly besides?: number;
}

/**
 * @returns the sum, without what is taken besides.
 * @throws ModelMemoryError when that is more than allowed.
 */
export function checkMemory(
  { edges, tensors, scratch }: MemoryNeed,
  { most, besides = 0 }: MemoryBudget,
): number {
  const own = edges + tensors + scratch;
  if (own + besides <= most) return own;
  const rest = besides > 0 ? `, ${besides} for the other parts of the detector` : '';
  throw new ModelMemoryError(
    `the model takes ${own + besides} bytes of memory: ${edges} for the edges of one example, ` +
      `${tensors} for decoded tensors, ${scratch} for scratch${rest}; allowed: maxMemoryBytes = ${most}`,
  );
}
