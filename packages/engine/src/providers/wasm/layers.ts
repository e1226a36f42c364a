/**
 * Batch norm, layer norm, pooling and the loss: addresses and shapes for the kernels of assembly/.
 */
import type { Kernels, PoolGeometry } from '../provider.js';
import { roundUp } from './conv-plan.js';
import type { Engine } from './instance.js';
import { partsOf, partsOfRows } from './threads/parts.js';

/** Parts whose sums of columns are added up, at most. */
const MOST_SUMS = 64;

type LayerKernels = Pick<
  Kernels,
  | 'batchNorm'
  | 'batchNormGradient'
  | 'batchNormAddClipGradient'
  | 'layerNorm'
  | 'layerNormGradient'
  | 'maxPool'
  | 'maxPoolGradient'
  | 'avgPool'
  | 'avgPoolGradient'
  | 'softmaxCrossEntropy'
>;

export function layerKernels(engine: Engine): LayerKernels {
  const { team, scratch } = engine;
  const kernels: LayerKernels = {
    batchNorm(x, gamma, beta, shortcut, y, mean, variance, attrs) {
      const [atX, atG, atB, atY, atM, atV] = addresses(x, gamma, beta, y, mean, variance);
      const atShortcut = shortcut?.byteOffset ?? 0;
      const { epsilon, low = -Infinity, high = Infinity } = attrs;
      const channels = gamma.length;
      const rows = x.length / channels;
      const parts = partsOfRows(rows, channels, MOST_SUMS);
      const [fromX, row] = [parts.from(atX, 4 * channels), 4 * channels];
      scratch.scope(() => {
        const sums = columnParts(engine, parts.tasks, channels);
        const means = scratch.take(8 * channels);
        const squares = scratch.take(8 * channels);
        const factors = scratch.take(4 * channels);
        team.run('columnSums', parts.tasks, [fromX, parts.count, channels, sums.each]);
        sums.addTo(means);
        team.run('batchMeans', 1, [means, atM, rows, channels]);
        team.run('columnSquares', parts.tasks, [fromX, parts.count, channels, means, sums.each]);
        sums.addTo(squares);
        team.run('batchFactors', 1, [squares, atG, atV, factors, rows, channels, epsilon]);
        team.run('batchNormRows', parts.tasks, [
          fromX,
          atM,
          factors,
          atB,
          parts.from(atShortcut, row),
          parts.from(atY, row),
          parts.count,
          channels,
          low,
          high,
        ]);
      });
    },
    batchNormGradient(dy, x, gamma, mean, variance, dx, dgamma, dbeta, { epsilon }) {
      const [atDy, atX, atG, atM, atV] = addresses(dy, x, gamma, mean, variance);
      const [atDx, atDg, atDb] = addresses(dx, dgamma, dbeta);
      const channels = gamma.length;
      const rows = x.length / channels;
      const parts = partsOfRows(rows, channels, MOST_SUMS);
      const row = 4 * channels;
      const [fromDy, fromX] = [parts.from(atDy, row), parts.from(atX, row)];
      scratch.scope(() => {
        const bySum = columnParts(engine, parts.tasks, channels);
        const byProduct = columnParts(engine, parts.tasks, channels);
        const [sums, products] = [scratch.take(8 * channels), scratch.take(8 * channels)];
        const padded = 4 * roundUp(channels, 4);
        const k = scratch.take(3 * padded);
        team.run('columnProducts', parts.tasks, [
          fromDy,
          fromX,
          parts.count,
          channels,
          atM,
          bySum.each,
          byProduct.each,
        ]);
        bySum.addTo(sums);
        byProduct.addTo(products);
        team.run('batchNormSlopes', 1, [
          sums,
          products,
          atG,
          atV,
          atDg,
          atDb,
          k,
          padded,
          rows,
          channels,
          epsilon,
        ]);
        team.run('batchNormGradientRows', parts.tasks, [
          fromDy,
          fromX,
          atM,
          k,
          padded,
          parts.from(atDx, row),
          parts.count,
          channels,
        ]);
      });
    },
    batchNormAddClipGradient(
      dy,
      y,
      x,
      gamma,
      mean,
      variance,
      dx,
      dgamma,
      dbeta,
      dsum,
      { low, high, ...attrs },
    ) {
      const parts = partsOf(y.length);
      const [from, at, to] = [dy, y, dsum].map((view) => parts.from(view.byteOffset));
      team.run('addClipGradient', parts.tasks, [from, at, to, parts.count, low, high]);
      kernels.batchNormGradient(dsum, x, gamma, mean, variance, dx, dgamma, dbeta, attrs);
    },
    layerNorm(x, gamma, beta, y, mean, inverseStd, { epsilon }) {
      const [atX, atG, atB, atY, atM, atS] = addresses(x, gamma, beta, y, mean, inverseStd);
      const channels = gamma.length;
      const parts = partsOfRows(mean.length, channels);
      team.run('layerNorm', parts.tasks, [
        parts.from(atX, 4 * channels),
        atG,
        atB,
        parts.from(atY, 4 * channels),
        parts.from(atM),
        parts.from(atS),
        parts.count,
        channels,
        epsilon,
      ]);
    },
    layerNormGradient(dy, x, gamma, mean, inverseStd, dx, dgamma, dbeta) {
      const [atDy, atX, atG, atM, atS] = addresses(dy, x, gamma, mean, inverseStd);
      const [atDx, atDg, atDb] = addresses(dx, dgamma, dbeta);
      const [rows, channels] = [mean.length, gamma.length];
      const parts = partsOfRows(rows, channels, MOST_SUMS);
      scratch.scope(() => {
        // dbeta's sums and dgamma's, one behind the other.
        const sums = columnParts(engine, parts.tasks, 2 * channels);
        const total = scratch.take(16 * channels);
        team.run('layerNormGradient', parts.tasks, [
          parts.from(atDy, 4 * channels),
          parts.from(atX, 4 * channels),
          atG,
          parts.from(atM),
          parts.from(atS),
          parts.from(atDx, 4 * channels),
          parts.count,
          channels,
          sums.each,
        ]);
        sums.addTo(total);
        team.run('narrow', 1, [total, atDb, channels]);
        team.run('narrow', 1, [total + 8 * channels, atDg, channels]);
      });
    },
    maxPool: (x, y, g) => pool(engine, 0, g, x.byteOffset, y.byteOffset, 0),
    maxPoolGradient: (dy, x, dx, g) =>
      pool(engine, 1, g, x.byteOffset, dy.byteOffset, dx.byteOffset),
    avgPool: (x, y, g) => pool(engine, 2, g, x.byteOffset, y.byteOffset, 0),
    avgPoolGradient: (dy, dx, g) => pool(engine, 3, g, 0, dy.byteOffset, dx.byteOffset),
    softmaxCrossEntropy(logits, labels, loss, gradient) {
      const rows = loss.length;
      const classes = rows === 0 ? 0 : logits.length / rows;
      const parts = partsOfRows(rows, classes);
      const [atZ, atT, atG] = [logits, labels, gradient].map((view) =>
        parts.from(view.byteOffset, 4 * classes),
      );
      const loss0 = parts.from(loss.byteOffset);
      team.run('softmaxCrossEntropy', parts.tasks, [atZ, atT, loss0, atG, parts.count, classes]);
    },
  };
  return kernels;
}

function addresses(...views: Float32Array[]): number[] {
  return views.map((view) => view.byteOffset);
}

/** Room for each part's sums of columns (f64), and how they are added up in the parts' order. No part: zeros. */
function columnParts({ scratch, team }: Engine, tasks: number, columns: number) {
  const stride = 8 * columns;
  const at = tasks === 0 ? scratch.takeZeros(stride) : scratch.take(stride * tasks);
  return {
    each: { at, task: stride },
    addTo(sums: number): void {
      team.run('addParts', 1, [at, Math.max(1, tasks), stride, columns, sums]);
    },
  };
}

/** `what` is numbered as in assembly/pool.ts: max, its gradient, mean, its gradient. */
function pool(
  { team, scratch }: Engine,
  what: 0 | 1 | 2 | 3,
  g: PoolGeometry,
  x: number,
  y: number,
  dx: number,
): void {
  scratch.scope(() => {
    // The order of the fields of Pool in assembly/pool.ts.
    const geometry = scratch.takeWords([
      g.batch,
      g.inHeight,
      g.inWidth,
      g.inChannels,
      g.outHeight,
      g.outWidth,
      g.filterHeight,
      g.filterWidth,
      g.strideHeight,
      g.strideWidth,
      g.dilationHeight,
      g.dilationWidth,
      g.padTop,
      g.padLeft,
    ]);
    const offsets = scratch.takeForEach(team.places, 4 * g.filterHeight * g.filterWidth);
    const parts = partsOfRows(g.batch, g.inHeight * g.inWidth * g.inChannels);
    const first = { at: 0, task: parts.grain };
    team.run('pool', parts.tasks, [what, geometry, x, y, dx, offsets, first, parts.count]);
  });
}
