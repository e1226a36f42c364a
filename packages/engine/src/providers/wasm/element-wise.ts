/**
 * Element-wise kernels, sums and fill: the numbers of the functions, and nothing else.
 */
import type { BinaryOp, Kernels, UnaryOp } from '../provider.js';
import { roundUp } from './conv-plan.js';
import type { Engine } from './instance.js';
import type { Scratch } from './memory.js';
import { GRAIN, partsOf, partsOfRows, type Parts } from './threads/parts.js';
import type { Team } from './threads/team.js';

/** The order of the cases in assembly/unary.ts. */
const UNARY_OPS: readonly UnaryOp[] = [
  'relu',
  'step',
  'neg',
  'abs',
  'square',
  'sqrt',
  'rsqrt',
  'exp',
  'log',
  'sign',
];

/** The cases of assembly/binary.ts: plain, and with the operands swapped where that makes a difference. */
const BINARY_OPS: Readonly<Record<BinaryOp, readonly [plain: number, swapped: number]>> = {
  add: [0, 0],
  sub: [1, 2],
  mul: [3, 3],
  div: [4, 5],
  max: [6, 6],
  min: [7, 7],
  squaredDifference: [8, 8],
};
const PRELU = 9;
/** From so many parts of rows on sums are shared by rows. */
const FEW_ROWS = 4;

type ElementWise = Pick<
  Kernels,
  | 'unary'
  | 'clip'
  | 'addClip'
  | 'addClipGradient'
  | 'binary'
  | 'prelu'
  | 'preluGradient'
  | 'sum'
  | 'fill'
>;

export function elementWiseKernels({ team, scratch }: Engine): ElementWise {
  return {
    unary(op, x, y) {
      const parts = partsOf(x.length);
      team.run('unary', parts.tasks, [
        UNARY_OPS.indexOf(op),
        parts.from(x.byteOffset),
        parts.from(y.byteOffset),
        parts.count,
      ]);
    },
    clip(x, y, low, high) {
      const parts = partsOf(x.length);
      const [from, to] = [parts.from(x.byteOffset), parts.from(y.byteOffset)];
      team.run('clip', parts.tasks, [from, to, parts.count, low, high]);
    },
    addClip(a, b, y, low, high) {
      const parts = partsOf(a.length);
      const [one, other] = [parts.from(a.byteOffset), parts.from(b?.byteOffset ?? 0)];
      const to = parts.from(y.byteOffset);
      team.run('addClip', parts.tasks, [one, other, to, parts.count, low, high]);
    },
    addClipGradient(dy, y, dx, low, high) {
      const parts = partsOf(y.length);
      const [from, at] = [parts.from(dy.byteOffset), parts.from(y.byteOffset)];
      const to = parts.from(dx.byteOffset);
      team.run('addClipGradient', parts.tasks, [from, at, to, parts.count, low, high]);
    },
    binary(op, a, b, y, { inner, swapped }) {
      const code = BINARY_OPS[op][swapped ? 1 : 0];
      lineUp(team, code, a, b, y, inner);
    },
    prelu(x, alpha, y) {
      lineUp(team, PRELU, x, alpha, y, 1);
    },
    preluGradient(dy, x, alpha, dx, dalpha) {
      const [atDy, atX, atA] = [dy.byteOffset, x.byteOffset, alpha.byteOffset];
      const [atDx, atDa] = [dx.byteOffset, dalpha.byteOffset];
      const slopes = alpha.length;
      const parts =
        slopes === 1
          ? partsOf(x.length)
          : scaled(partsOfRows(x.length / slopes, slopes), slopes, x.length);
      scratch.scope(() => {
        const stride = 8 * roundUp(slopes, 4);
        const sums = scratch.take(stride * Math.max(1, parts.tasks));
        team.run('preluGradient', parts.tasks, [
          parts.from(atDy),
          parts.from(atX),
          atA,
          parts.from(atDx),
          parts.count,
          slopes,
          { at: sums, task: stride },
        ]);
        if (parts.tasks === 0) team.run('fill', 1, [atDa, slopes, 0]);
        else {
          team.run('addParts', 1, [sums, parts.tasks, stride, slopes, sums]);
          team.run('narrow', 1, [sums, atDa, slopes]);
        }
      });
    },
    sum(x, y, outer, reduced, inner) {
      const [from, to] = [x.byteOffset, y.byteOffset];
      scratch.scope(() => sums(team, scratch, from, to, outer, reduced, inner));
    },
    fill(y, value) {
      const parts = partsOf(y.length);
      team.run('fill', parts.tasks, [parts.from(y.byteOffset), parts.count, value]);
    },
  };
}

/** Parts of rows as parts of their entries. */
function scaled(rows: Parts, columns: number, count: number): Parts {
  const grain = rows.grain * columns;
  return {
    tasks: rows.tasks,
    grain,
    count: { left: count, grain },
    from: (address, bytes = 4) => rows.from(address, bytes * columns),
  };
}

/** Binary functions in parts within which b stands as it does from the start. */
function lineUp(
  team: Team,
  code: number,
  a: Float32Array,
  b: Float32Array,
  y: Float32Array,
  inner: number,
): void {
  const length = b.length;
  const [atA, atB, atY] = [a.byteOffset, b.byteOffset, y.byteOffset];
  const whole = length * inner;
  // One number, or entry by entry: any part will do. Else b repeats, and parts are whole repetitions; or each entry of b has a run.
  const all =
    length === 1 || whole >= a.length
      ? undefined
      : scaled(partsOfRows(a.length / whole, whole), whole, a.length);
  if (all) {
    const [one, to] = [all.from(atA), all.from(atY)];
    team.run('binary', all.tasks, [code, one, atB, to, all.count, length, inner]);
    return;
  }
  const runs = inner > 1 && length > 1;
  const parts = runs
    ? scaled(partsOfRows(a.length / inner, inner), inner, a.length)
    : partsOf(a.length);
  const other = length === 1 ? atB : { at: atB, task: (4 * parts.grain) / inner };
  const [one, to] = [parts.from(atA), parts.from(atY)];
  team.run('binary', parts.tasks, [code, one, other, to, parts.count, length, inner]);
}

/** Rows of the outer axis are shared where there are some; else each of them in parts, which are added up in their order. */
function sums(
  team: Team,
  scratch: Scratch,
  from: number,
  to: number,
  outer: number,
  reduced: number,
  inner: number,
): void {
  const rows = partsOfRows(outer, reduced * inner);
  if (rows.tasks >= FEW_ROWS || reduced * inner <= 2 * GRAIN) {
    const room = scratch.takeForEach(team.places, 8 * inner);
    const [x, y] = [rows.from(from, 4 * reduced * inner), rows.from(to, 4 * inner)];
    team.run('sumOuter', rows.tasks, [x, y, rows.count, reduced, inner, room]);
    return;
  }
  const parts = partsOfRows(reduced, inner);
  const stride = 8 * inner;
  const room = scratch.take(stride * parts.tasks);
  for (let o = 0; o < outer; o++) {
    const x = parts.from(from + 4 * o * reduced * inner, 4 * inner);
    const each = { at: room, task: stride };
    if (inner === 1) {
      const found = team.run('rowSum', parts.tasks, [x, parts.count]).slice(0, parts.tasks);
      new Float64Array(scratch.buffer, room, parts.tasks).set(found);
    } else team.run('columnSums', parts.tasks, [x, parts.count, inner, each]);
    team.run('addParts', 1, [room, parts.tasks, stride, inner, room]);
    team.run('narrow', 1, [room, to + 4 * o * inner, inner]);
  }
}
