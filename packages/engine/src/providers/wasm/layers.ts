/**
 * Batch norm, layer norm, pooling and the loss: addresses and shapes for the kernels of assembly/.
 */
import type { Kernels, PoolGeometry } from '../provider.js';
import { roundUp } from './conv-plan.js';
import type { Engine } from './instance.js';

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
  const { wasm, scratch } = engine;
  const kernels: LayerKernels = {
    batchNorm(x, gamma, beta, shortcut, y, mean, variance, { epsilon, low, high }) {
      const [atX, atG, atB, atY, atM, atV] = addresses(x, gamma, beta, y, mean, variance);
      const channels = gamma.length;
      const rows = x.length / channels;
      scratch.scope(() => {
        const work = scratch.take(20 * roundUp(channels, 4));
        wasm.batchNorm(atX, atG, atB, atY, atM, atV, rows, channels, epsilon, work);
      });
      if (shortcut === undefined && low === undefined && high === undefined) return;
      const [lowest, highest] = [low ?? -Infinity, high ?? Infinity];
      wasm.addClip(atY, shortcut?.byteOffset ?? 0, atY, y.length, lowest, highest);
    },
    batchNormGradient(dy, x, gamma, mean, variance, dx, dgamma, dbeta, { epsilon }) {
      const [atDy, atX, atG, atM, atV] = addresses(dy, x, gamma, mean, variance);
      const [atDx, atDg, atDb] = addresses(dx, dgamma, dbeta);
      const channels = gamma.length;
      const rows = x.length / channels;
      scratch.scope(() => {
        const work = scratch.take(28 * roundUp(channels, 4));
        wasm.batchNormGradient(
          atDy,
          atX,
          atG,
          atM,
          atV,
          atDx,
          atDg,
          atDb,
          rows,
          channels,
          epsilon,
          work,
        );
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
      wasm.addClipGradient(dy.byteOffset, y.byteOffset, dsum.byteOffset, y.length, low, high);
      kernels.batchNormGradient(dsum, x, gamma, mean, variance, dx, dgamma, dbeta, attrs);
    },
    layerNorm(x, gamma, beta, y, mean, inverseStd, { epsilon }) {
      const [atX, atG, atB, atY, atM, atS] = addresses(x, gamma, beta, y, mean, inverseStd);
      wasm.layerNorm(atX, atG, atB, atY, atM, atS, mean.length, gamma.length, epsilon);
    },
    layerNormGradient(dy, x, gamma, mean, inverseStd, dx, dgamma, dbeta) {
      const [atDy, atX, atG, atM, atS] = addresses(dy, x, gamma, mean, inverseStd);
      const [atDx, atDg, atDb] = addresses(dx, dgamma, dbeta);
      const [rows, channels] = [mean.length, gamma.length];
      scratch.scope(() => {
        const work = scratch.take(16 * channels);
        wasm.layerNormGradient(atDy, atX, atG, atM, atS, atDx, atDg, atDb, rows, channels, work);
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
      const [atLogits, atLabels] = addresses(logits, labels);
      wasm.softmaxCrossEntropy(
        atLogits,
        atLabels,
        loss.byteOffset,
        gradient.byteOffset,
        rows,
        classes,
      );
    },
  };
  return kernels;
}

function addresses(...views: Float32Array[]): number[] {
  return views.map((view) => view.byteOffset);
}

/** `what` is numbered as in assembly/pool.ts: max, its gradient, mean, its gradient. */
function pool(
  { wasm, scratch }: Engine,
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
    const offsets = scratch.take(4 * g.filterHeight * g.filterWidth);
    wasm.pool(what, geometry, x, y, dx, offsets);
  });
}
