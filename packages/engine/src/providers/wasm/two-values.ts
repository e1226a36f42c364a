/** Two values by the sign: addresses and shapes for assembly/two-values.ts. */
import type { Kernels } from '../provider.js';
import { roundUp } from './conv-plan.js';
import type { Engine } from './instance.js';
import { partsOf, partsOfRows, type Parts } from './threads/parts.js';

type TwoValuesKernels = Pick<Kernels, 'twoValues' | 'twoValuesGradient'>;

export function twoValuesKernels({ team, scratch }: Engine): TwoValuesKernels {
  return {
    twoValues(x, shift, y, low, high) {
      const { parts, width, bytes } = rowParts(x, shift);
      const found = team.run('twoValues', parts.tasks, [
        parts.from(x.byteOffset, bytes),
        shift?.byteOffset ?? 0,
        parts.from(y.byteOffset, bytes),
        parts.count,
        width,
        low,
        high,
      ]);
      return found.slice(0, parts.tasks).some((nan) => nan !== 0) ? 1 : 0;
    },
    twoValuesGradient(dy, x, shift, dx, sums, dshift, { scale, k, width, factor }) {
      const [atDy, atX, atShift] = [dy.byteOffset, x.byteOffset, shift?.byteOffset ?? 0];
      const [atDx, atSums, atDshift] = [dx.byteOffset, sums.byteOffset, dshift?.byteOffset ?? 0];
      const { parts, width: channels, bytes } = rowParts(x, shift);
      scratch.scope(() => {
        // The three sums, a place that is left free, then those of the channels.
        const columns = 4 + roundUp(channels, 4);
        const stride = 8 * columns;
        const own =
          parts.tasks === 0 ? scratch.takeZeros(stride) : scratch.take(stride * parts.tasks);
        team.run('twoValuesGradient', parts.tasks, [
          parts.from(atDy, bytes),
          parts.from(atX, bytes),
          atShift,
          parts.from(atDx, bytes),
          parts.count,
          channels,
          scale,
          k,
          width,
          factor,
          { at: own, task: stride },
        ]);
        team.run('addParts', 1, [own, Math.max(1, parts.tasks), stride, columns, own]);
        team.run('narrow', 1, [own, atSums, 3]);
        if (dshift) team.run('narrow', 1, [own + 32, atDshift, dshift.length]);
      });
    },
  };
}

/** Rows of channels where each has a shift; else the entries are rows of one. */
function rowParts(
  x: Float32Array,
  shift: Float32Array | undefined,
): { readonly parts: Parts; readonly width: number; readonly bytes: number } {
  const width = shift?.length ?? 1;
  const parts = width === 1 ? partsOf(x.length) : partsOfRows(x.length / width, width);
  return { parts, width, bytes: 4 * width };
}
