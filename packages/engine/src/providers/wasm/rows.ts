/**
 * Rows of a table, sums of rows by segment, transposition, runs: addresses and shapes for assembly/rows.ts.
 */
import type { Kernels } from '../provider.js';
import type { Engine } from './instance.js';

type RowKernels = Pick<Kernels, 'gather' | 'segmentSum' | 'transpose' | 'copyRuns'>;

export function rowKernels({ wasm, scratch }: Engine): RowKernels {
  return {
    gather(x, ids, y, inner) {
      wasm.gather(x.byteOffset, ids.byteOffset, y.byteOffset, ids.length, inner);
    },
    segmentSum(x, ids, y, inner) {
      const segments = inner === 0 ? 0 : y.length / inner;
      wasm.segmentSum(x.byteOffset, ids.byteOffset, y.byteOffset, ids.length, segments, inner);
    },
    transpose(x, y, sizes, steps) {
      const [from, to] = [x.byteOffset, y.byteOffset];
      // The kernel works on planes: a single axis is a plane of one row.
      const lead = sizes.length < 2 ? [1] : [];
      const rank = lead.length + sizes.length;
      scratch.scope(() => {
        const places = new Array<number>(rank).fill(0);
        const table = scratch.takeWords([...lead, ...sizes, ...lead, ...steps, ...places]);
        wasm.transpose(from, to, rank, table);
      });
    },
    copyRuns(x, y, { rows, length, xStart, xStep, yStart, yStep }) {
      const [from, to] = [x.byteOffset + 4 * xStart, y.byteOffset + 4 * yStart];
      wasm.copyRuns(from, to, rows, length, xStep, yStep);
    },
  };
}
