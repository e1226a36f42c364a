/**
 * BatchMatMul in all four transpositions, with broadcast batch dimensions.
 */
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { sizeOf, type KernelCall, type KernelEntry } from './entry.js';

export const batchMatMul: KernelEntry = {
  kernel: tf.BatchMatMul,
  uses: ['matMul'],
  leaves: 'types other than float32',
  run(call) {
    return call.areFloat('a', 'b') ? product(call) : undefined;
  },
};

/** op(a) op(b); both inputs are known to be float32. */
export function product(call: KernelCall): tf.TensorInfo {
  const { transposeA, transposeB } = call.attrs<tf.BatchMatMulAttrs>();
  const a = call.input('a');
  const b = call.input('b');
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [kOfB, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  if (k !== kOfB) {
    throw new InputError(
      `matMul: [${a.shape}] and [${b.shape}] with transposeA=${transposeA}, transposeB=${transposeB} share no inner size: ${k} and ${kOfB}`,
    );
  }
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const batch = tf.util.sizeFromShape(batchShape);
  const c = call.output([...batchShape, m, n]);
  const one = { m, k, n, transposeA, transposeB };
  const strideA = batchStride(batchA, batch, m * k);
  const strideB = batchStride(batchB, batch, k * n);
  call.compute((kernels, view) => {
    if (strideA !== undefined && strideB !== undefined) {
      kernels.matMul(view(a), view(b), view(c), { ...one, batch, strideA, strideB });
      return;
    }
    // Both sides are broadcast along some batch axes: no single stride says which matrix comes next.
    for (let i = 0; i < batch; i++) {
      kernels.matMul(
        matrix(view(a), broadcastIndex(i, batchShape, batchA), m * k),
        matrix(view(b), broadcastIndex(i, batchShape, batchB), k * n),
        matrix(view(c), i, m * n),
        { ...one, batch: 1, strideA: 0, strideB: 0 },
      );
    }
  });
  return c;
}

export const fusedMatMul: KernelEntry = {
  kernel: tf._FusedMatMul,
  uses: ['matMul', 'binary', 'unary'],
  leaves:
    'types other than float32; activations other than linear and relu; a bias that is not one number per column',
  run(call) {
    const { activation } = call.attrs<tf._FusedMatMulAttrs>();
    if (!call.areFloat('a', 'b') || !hasPlainEnd(call, activation)) return undefined;
    return finish(call, product(call), activation);
  },
};

/** Whether `finish` can do a fused kernel's bias and activation. */
export function hasPlainEnd(call: KernelCall, activation: string | null | undefined): boolean {
  if (activation && activation !== 'linear' && activation !== 'relu') return false;
  if (!call.has('bias')) return true;
  const bias = call.raw('bias');
  return bias.dtype === 'float32' && bias.shape.slice(0, -1).every((size) => size === 1);
}

/** Adds the bias to the last axis of y and applies relu, in place: y is the call's own output. */
export function finish(
  call: KernelCall,
  y: tf.TensorInfo,
  activation: string | null | undefined,
): tf.TensorInfo {
  const bias = call.has('bias') ? call.input('bias') : undefined;
  const channels = y.shape[y.shape.length - 1];
  if (bias && sizeOf(bias) !== 1 && sizeOf(bias) !== channels) {
    throw new InputError(`the bias [${bias.shape}] does not fit the ${channels} outputs`);
  }
  call.compute((kernels, view) => {
    if (bias) kernels.binary('add', view(y), view(bias), view(y), { inner: 1, swapped: false });
    if (activation === 'relu') kernels.unary('relu', view(y), view(y));
  });
  return y;
}

/** Entries from one matrix to the next; 0: one matrix for all; undefined: neither. */
function batchStride(shape: number[], batch: number, entries: number): number | undefined {
  const own = tf.util.sizeFromShape(shape);
  if (own === batch) return entries;
  return own === 1 ? 0 : undefined;
}

/** Which matrix of a side with batch dimensions `own` meets output matrix i. */
function broadcastIndex(i: number, shape: number[], own: number[]): number {
  let rest = i;
  let index = 0;
  let step = 1;
  for (let axis = 1; axis <= own.length; axis++) {
    const size = shape[shape.length - axis];
    const ownSize = own[own.length - axis];
    if (ownSize !== 1) index += (rest % size) * step;
    step *= ownSize;
    rest = Math.floor(rest / size);
  }
  return index;
}

function matrix(values: Float32Array, index: number, entries: number): Float32Array {
  return values.subarray(index * entries, (index + 1) * entries);
}
