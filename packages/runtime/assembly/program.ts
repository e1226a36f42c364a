/**
 * Walks a model's program: stages one after the other, each a list of records that a strip of rows goes through while it is in the
 * cache. src/program/records.ts has the layout.
 */
import { softmaxAttention } from './attention';
import { binaryConv } from './binary-conv';
import { bitAttention } from './bit-attention';
import { affine, clip, l2Norm, prelu, relu, sigmoid, softmax, tanh } from './element-wise';
import { floatConv } from './float-conv';
import { int8Conv } from './int8-conv';
import { layerNorm } from './layer-norm';
import { add, copy, place, regroup } from './joining';
import { gelu } from './normal';
import { averagePool, maxPool, maxPoolBits } from './pooling';
import { signWeightConv } from './sign-weight-conv';
import { quantize, signBits, signFloats, threshold } from './signs';
import { clearStatus, setStatus } from './status';
import { wait } from './barrier';
import { address, word } from './record';

/** Words of a program before its stages, and of a stage. */
const HEADER: usize = 4 * 4;
const STAGE: usize = 4 * 4;

/**
 * The share of one thread in some stages. A stage begins when all threads are done with the one before it.
 *
 * @param program [stages, status, barrier, 0], then for each stage [rows, rows of a strip, records, address of the first].
 */
export function run(program: usize, from: i32, to: i32, thread: i32, threads: i32): void {
  setStatus(address(program, 1));
  clearStatus(thread);
  for (let s = from; s < to; s++) {
    const stage = program + HEADER + <usize>s * STAGE;
    runStage(stage, thread, threads);
    if (threads > 1) wait(address(program, 2), threads);
  }
}

/** Threads take whole strips, one after the other in turn. */
function runStage(stage: usize, thread: i32, threads: i32): void {
  const rows = word(stage, 0);
  const strip = word(stage, 1);
  const records = word(stage, 2);
  const first = address(stage, 3);
  for (let y = thread * strip; y < rows; y += threads * strip) {
    const count = min(strip, rows - y);
    let record = first;
    for (let i = 0; i < records; i++) {
      compute(record, y, count, thread);
      record += (<usize>word(record, 1)) << 2;
    }
  }
}

/** The order of the ops in src/program/records.ts. */
function compute(record: usize, y: i32, rows: i32, thread: i32): void {
  switch (word(record, 0)) {
    case 0:
      return signBits(record, y, rows, thread);
    case 1:
      return signFloats(record, y, rows, thread);
    case 2:
      return threshold(record, y, rows, thread);
    case 3:
      return binaryConv(record, y, rows, thread);
    case 4:
      return floatConv(record, y, rows, thread);
    case 5:
      return affine(record, y, rows, thread);
    case 6:
      return prelu(record, y, rows, thread);
    case 7:
      return relu(record, y, rows, thread);
    case 8:
      return clip(record, y, rows, thread);
    case 9:
      return sigmoid(record, y, rows, thread);
    case 10:
      return tanh(record, y, rows, thread);
    case 11:
      return softmax(record, y, rows, thread);
    case 12:
      return maxPool(record, y, rows, thread);
    case 13:
      return maxPoolBits(record, y, rows, thread);
    case 14:
      return averagePool(record, y, rows, thread);
    case 15:
      return add(record, y, rows, thread);
    case 16:
      return place(record, y, rows, thread);
    case 17:
      return copy(record, y, rows, thread);
    case 18:
      return regroup(record, y, rows, thread);
    case 19:
      return quantize(record, y, rows, thread);
    case 20:
      return int8Conv(record, y, rows, thread);
    case 21:
      return signWeightConv(record, y, rows, thread);
    case 22:
      return l2Norm(record, y, rows, thread);
    case 23:
      return layerNorm(record, y, rows, thread);
    case 24:
      return gelu(record, y, rows, thread);
    case 25:
      return softmaxAttention(record, y, rows, thread);
    case 26:
      return bitAttention(record, y, rows, thread);
    default:
      unreachable();
  }
}
