/**
 * Matrix products in blocks (assembly/gemm.ts). Of each pair of blocks one operand is packed once, by all threads, and the other one by the
 * thread that multiplies it; of many small products (attention's) each thread takes whole ones. An entry of C sums its products in the order of
 * k, in steps of KC: how C is cut changes no bit.
 */
import type { Kernels, MatMulShape } from '../provider.js';
import { roundUp } from './conv-plan.js';
import type { Engine } from './instance.js';
import { partsOf } from './threads/parts.js';

/** Steps of k in a block: a panel of B (8 KiB) stays in the first-level cache. */
const KC = 256;
/** Most columns of B that are packed at once. */
const NC = 1024;
/** Most rows of A in a block: with KC steps it stays in the second-level cache. */
const MC = 120;
/** Tasks that a product is cut into where it is large enough, and the least work worth sharing (multiply-adds). */
const TASKS = 8;
const LEAST_WORK = 1 << 16;
/** Columns of a panel of B; rows of panels of A have 4 and 6 as divisors of 12. */
const COLUMNS = 8;
const ROWS = 12;

/** Entries of an operand of a product that one thread does by itself: what it packs stays in the second-level cache. */
const SMALL = 1 << 14;

interface Addresses {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export function matMulKernel(engine: Engine): Pick<Kernels, 'matMul'> {
  return {
    matMul(a, b, c, shape) {
      const [atA, atB, atC] = [a.byteOffset, b.byteOffset, c.byteOffset];
      const { m, n, k } = shape;
      if (k === 0) {
        c.fill(0);
        return;
      }
      if (shape.batch > 1 && k <= KC && Math.max(m * k, k * n, m * n) <= SMALL) {
        multiplySmall(engine, shape, { a: atA, b: atB, c: atC });
        return;
      }
      engine.scratch.scope(() => {
        for (let i = 0; i < shape.batch; i++) {
          const addresses = {
            a: atA + 4 * i * shape.strideA,
            b: atB + 4 * i * shape.strideB,
            c: atC + 4 * i * m * n,
          };
          for (let column = 0; column < n; column += NC) {
            engine.scratch.scope(() => multiplyColumns(engine, shape, addresses, column));
          }
        }
      });
    },
  };
}

/** Many small products: tasks are some whole ones each. */
function multiplySmall(
  { scratch, team, tileBytes }: Engine,
  shape: MatMulShape,
  at: Addresses,
): void {
  const { batch, m, n, k, transposeA, transposeB } = shape;
  const parts = partsOf(batch, Math.max(1, Math.round(LEAST_WORK / Math.max(1, m * n * k))));
  const [stepA, stepB, stepC] = [4 * shape.strideA, 4 * shape.strideB, 4 * m * n];
  const bytesA = 4 * roundUp(m, ROWS) * k;
  scratch.scope(() => {
    const bytesB = 4 * roundUp(n, COLUMNS) * k;
    const room = scratch.takeForEach(team.places, tileBytes + bytesA + bytesB);
    team.run('multiplyMany', parts.tasks, [
      parts.from(at.a, stepA),
      stepA,
      4 * (transposeA ? m : k),
      transposeA ? 1 : 0,
      parts.from(at.b, stepB),
      stepB,
      4 * (transposeB ? k : n),
      transposeB ? 1 : 0,
      parts.from(at.c, stepC),
      stepC,
      parts.count,
      m,
      n,
      k,
      bytesA,
      room,
    ]);
  });
}

/** NC columns of C at most, for all k. */
function multiplyColumns(
  { scratch, team, tileBytes }: Engine,
  { m, n, k, transposeA, transposeB }: MatMulShape,
  at: Addresses,
  column: number,
): void {
  const columns = Math.min(NC, n - column);
  const depth = Math.min(k, KC);
  const [strideA, strideB, strideC] = [4 * (transposeA ? m : k), 4 * (transposeB ? k : n), 4 * n];
  const shares = m * columns * depth < LEAST_WORK ? 1 : TASKS;
  // The longer side is cut, and the operand of the other side packed once.
  const byRows = m >= columns;
  const grain = (count: number, unit: number, most: number): number =>
    Math.min(most, roundUp(Math.ceil(count / shares), unit));
  const parts = byRows
    ? partsOf(m, grain(m, ROWS, MC))
    : partsOf(columns, grain(columns, COLUMNS, NC));
  const once = byRows ? roundUp(columns, COLUMNS) : roundUp(m, ROWS);
  const packed = scratch.take(4 * once * depth);
  const each = byRows ? roundUp(parts.grain, ROWS) : roundUp(parts.grain, COLUMNS);
  const room = scratch.takeForEach(team.places, tileBytes + 4 * each * depth);
  const [turnedA, turnedB] = [transposeA ? 1 : 0, transposeB ? 1 : 0] as const;
  for (let p = 0; p < k; p += KC) {
    const steps = Math.min(KC, k - p);
    const more = p > 0 ? 1 : 0;
    const a = at.a + (transposeA ? p * strideA : 4 * p);
    const b = at.b + (transposeB ? column * strideB + 4 * p : p * strideB + 4 * column);
    const c = at.c + 4 * column;
    const byA = transposeA ? 4 : strideA;
    const byB = transposeB ? strideB : 4;
    if (byRows) {
      const pack = partsOf(columns, grain(columns, COLUMNS, NC));
      team.run('packRight', pack.tasks, [
        pack.from(b, byB),
        strideB,
        turnedB,
        steps,
        pack.count,
        pack.from(packed, 4 * steps),
      ]);
      team.run('multiplyRows', parts.tasks, [
        parts.from(a, byA),
        strideA,
        turnedA,
        packed,
        parts.from(c, strideC),
        strideC,
        parts.count,
        columns,
        steps,
        more,
        room,
      ]);
    } else {
      const pack = partsOf(m, grain(m, ROWS, roundUp(m, ROWS)));
      team.run('packLeft', pack.tasks, [
        pack.from(a, byA),
        strideA,
        turnedA,
        steps,
        pack.count,
        pack.from(packed, 4 * steps),
      ]);
      team.run('multiplyColumns', parts.tasks, [
        packed,
        parts.from(b, byB),
        strideB,
        turnedB,
        parts.from(c, 4),
        strideC,
        m,
        parts.count,
        steps,
        more,
        room,
      ]);
    }
  }
}
