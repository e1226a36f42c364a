/** What threads tell of NaNs at signs: assembly/status.ts writes it. */
import type { Program } from './assemble.js';
import { statusBytes } from './records.js';

export interface FoundNaN {
  /** Index of the graph's node. */
  readonly node: number;
  /** Of the number in the edge that the node reads. */
  readonly index: number;
}

/**
 * Looks up the first NaN of the last run, in the order of computation: of its first node, the first number. Looking allocates
 * nothing as long as there is none.
 */
export function nanReport(
  { status }: Pick<Program, 'status'>,
  buffer: ArrayBufferLike,
  threads: number,
): () => FoundNaN | undefined {
  const words = new Int32Array(buffer, status, (threads * statusBytes) / 4);
  const step = statusBytes / 4;
  return () => {
    let first: FoundNaN | undefined;
    for (let at = 0; at < words.length; at += step) {
      const node = words[at];
      if (node < 0 || (first !== undefined && first.node < node)) continue;
      const index = words[at + 3] * 2 ** 32 + (words[at + 2] >>> 0);
      if (first === undefined || node < first.node || index < first.index) first = { node, index };
    }
    return first;
  };
}
