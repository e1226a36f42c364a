/**
 * Element-wise kernels, sums and fill: the numbers of the functions, and nothing else.
 */
import type { BinaryOp, Kernels, UnaryOp } from '../provider.js';
import { roundUp } from './conv-plan.js';
import type { Engine } from './instance.js';

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

export function elementWiseKernels({ wasm, scratch }: Engine): ElementWise {
  return {
    unary(op, x, y) {
      wasm.unary(UNARY_OPS.indexOf(op), x.byteOffset, y.byteOffset, x.length);
    },
    clip(x, y, low, high) {
      wasm.clip(x.byteOffset, y.byteOffset, x.length, low, high);
    },
    addClip(a, b, y, low, high) {
      wasm.addClip(a.byteOffset, b?.byteOffset ?? 0, y.byteOffset, a.length, low, high);
    },
    addClipGradient(dy, y, dx, low, high) {
      wasm.addClipGradient(dy.byteOffset, y.byteOffset, dx.byteOffset, y.length, low, high);
    },
    binary(op, a, b, y, { inner, swapped }) {
      const code = BINARY_OPS[op][swapped ? 1 : 0];
      wasm.binary(code, a.byteOffset, b.byteOffset, y.byteOffset, a.length, b.length, inner);
    },
    prelu(x, alpha, y) {
      wasm.binary(PRELU, x.byteOffset, alpha.byteOffset, y.byteOffset, x.length, alpha.length, 1);
    },
    preluGradient(dy, x, alpha, dx, dalpha) {
      const [atDy, atX, atA] = [dy.byteOffset, x.byteOffset, alpha.byteOffset];
      const [atDx, atDa] = [dx.byteOffset, dalpha.byteOffset];
      const [count, slopes] = [x.length, alpha.length];
      scratch.scope(() => {
        const sums = scratch.take(8 * roundUp(slopes, 4));
        wasm.preluGradient(atDy, atX, atA, atDx, atDa, count, slopes, sums);
      });
    },
    sum(x, y, outer, reduced, inner) {
      const [from, to] = [x.byteOffset, y.byteOffset];
      scratch.scope(() => wasm.sum(from, to, outer, reduced, inner, scratch.take(8 * inner)));
    },
    fill(y, value) {
      wasm.fill(y.byteOffset, y.length, value);
    },
  };
}
