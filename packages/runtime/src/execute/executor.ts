/** What computes a model's nodes; PackedModel brings inputs and takes outputs. */
import type { Numbers } from '../kernels/float-conv.js';
import { ModelFileError } from '../model-file-error.js';

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
  /** Of one example, after a run. */
  readonly output: Numbers;
  /** Memory for all edges of one example. */
  readonly activationBytes: number;
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

/** @throws ModelFileError when the sum is more than allowed. */
export function checkMemory({ edges, tensors, scratch }: MemoryNeed, most: number): void {
  const bytes = edges + tensors + scratch;
  if (bytes <= most) return;
  throw new ModelFileError(
    `the model takes ${bytes} bytes of memory: ${edges} for the edges of one example, ` +
      `${tensors} for decoded tensors, ${scratch} for scratch; allowed: maxMemoryBytes = ${most}`,
  );
}
