/**
 * Rows of a table, sums of rows by segment, transposition, runs: addresses and shapes for assembly/rows.ts.
 */
import type { Kernels } from '../provider.js';
import { roundUp } from './conv-plan.js';
import type { Engine } from './instance.js';
import { partsOf, partsOfRows } from './threads/parts.js';

type RowKernels = Pick<Kernels, 'gather' | 'segmentSum' | 'transpose' | 'copyRuns'>;

export function rowKernels({ team, scratch }: Engine): RowKernels {
  return {
    gather(x, ids, y, inner) {
      const parts = partsOfRows(ids.length, inner);
      const [from, to] = [parts.from(ids.byteOffset), parts.from(y.byteOffset, 4 * inner)];
      team.run('gather', parts.tasks, [x.byteOffset, from, to, parts.count, inner]);
    },
    segmentSum(x, ids, y, inner) {
      const segments = inner === 0 ? 0 : y.length / inner;
      // By columns: the rows of one segment may be anywhere.
      const parts = partsOf(inner, Math.max(4, roundUp(Math.ceil(inner / 8), 4)));
      const [from, to] = [parts.from(x.byteOffset), parts.from(y.byteOffset)];
      const { length } = ids;
      team.run('segmentSum', parts.tasks, [
        from,
        ids.byteOffset,
        to,
        length,
        segments,
        inner,
        parts.count,
      ]);
    },
    transpose(x, y, sizes, steps) {
      const [from, to] = [x.byteOffset, y.byteOffset];
      const first = sizes[0];
      const plane = first === 0 ? 0 : y.length / first;
      // The kernel works on planes: a single axis is a plane of one row.
      const lead = sizes.length < 2 ? [1] : [];
      const rank = lead.length + sizes.length;
      // A plane's rows go by in tiles of four.
      const rows = partsOfRows(first, plane);
      const parts = lead.length > 0 ? partsOf(1) : partsOf(first, roundUp(rows.grain, 4));
      scratch.scope(() => {
        const places = new Array<number>(rank).fill(0);
        const words = [...lead, ...sizes, ...lead, ...steps, ...places];
        const table = scratch.takeForEach(team.places, 4 * words.length);
        for (let thread = 0; thread < team.places; thread++) {
          const at = table.at + thread * table.thread;
          new Int32Array(scratch.buffer, at, words.length).set(words);
        }
        const [x0, y0] = [parts.from(from, 4 * steps[0]), parts.from(to, 4 * plane)];
        team.run('transpose', parts.tasks, [x0, y0, rank, table, parts.count]);
      });
    },
    copyRuns(x, y, { rows, length, xStart, xStep, yStart, yStep }) {
      const [from, to] = [x.byteOffset + 4 * xStart, y.byteOffset + 4 * yStart];
      const parts = partsOfRows(rows, length);
      const [x0, y0] = [parts.from(from, 4 * xStep), parts.from(to, 4 * yStep)];
      team.run('copyRuns', parts.tasks, [x0, y0, parts.count, length, xStep, yStep]);
    },
  };
}
