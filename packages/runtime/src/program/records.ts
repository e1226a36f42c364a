/**
 * A packed model as a program for kernels outside JavaScript: 32-bit words in the memory in which its numbers lie. This is the only
 * description of the layout; assembly/ and the native kernels read what is written here.
 *
 * Header: stages, status, barrier, 0. Then for each stage four words: rows, rows of a strip, records, address of the first. Then the
 * records, each as long as its second word says:
 *
 *     0  op, its place in `programOps`      3  output   (three words)
 *     1  words of the record                6  input    (three words)
 *     2  index of the graph's node          9  what the op needs
 *
 * An operand is its address, the bytes of a row, and the bytes between two threads' copies: row y of thread t stands at
 * address + y * rowBytes + t * threadBytes. An edge that lives only inside its stage has rowBytes 0 and a copy for each
 * thread; it holds the rows of one strip.
 */
import type { PoolShape } from '../kernels/float-conv.js';

/** Names of the ops in the order of their numbers. */
export const programOps = [
  'signBits',
  'signFloats',
  'threshold',
  'binaryConv',
  'floatConv',
  'affine',
  'prelu',
  'relu',
  'clip',
  'sigmoid',
  'tanh',
  'softmax',
  'maxPool',
  'maxPoolBits',
  'averagePool',
  'add',
  'place',
  'copy',
  'regroup',
  'quantize',
  'int8Conv',
  'signWeightConv',
  'l2Norm',
  'layerNorm',
  'gelu',
  'softmaxAttention',
  'bitAttention',
] as const;

export type ProgramOp = (typeof programOps)[number];

/** Words before the stages, and of a stage. */
export const headerWords = 4;
export const stageWords = 4;

/** Bytes between two threads' status: a cache line. */
export const statusBytes = 64;
/** The barrier: how many threads have come, how often all have. */
export const barrierBytes = 64;

export interface Operand {
  readonly address: number;
  readonly rowBytes: number;
  readonly threadBytes: number;
}

/** Rows that go through one after the other in strips, and the records of each strip. */
export interface Stage {
  readonly rows: number;
  readonly stripRows: number;
  readonly records: readonly (readonly number[])[];
}

/** Words of a record. */
export function record(
  op: ProgramOp,
  node: number,
  out: Operand,
  input: Operand,
  parameters: readonly number[],
): number[] {
  const words = [...operandWords(out), ...operandWords(input), ...parameters];
  return [programOps.indexOf(op), 3 + words.length, node, ...words];
}

export function operandWords({ address, rowBytes, threadBytes }: Operand): number[] {
  return [address, rowBytes, threadBytes];
}

/** The sizes of a window, in the order of assembly/record.ts. */
export function windowWords(s: Omit<PoolShape, 'channels'>): number[] {
  return [
    s.inHeight,
    s.inWidth,
    s.outWidth,
    s.filterHeight,
    s.filterWidth,
    s.strideHeight,
    s.strideWidth,
    s.dilationHeight,
    s.dilationWidth,
    s.padTop,
    s.padLeft,
  ];
}

const view = new DataView(new ArrayBuffer(4));

/** The bits of a float32 as a word. */
export function floatWord(value: number): number {
  view.setFloat32(0, value);
  return view.getInt32(0);
}

/** Words of a program without what they point to. */
export function programWords(stages: readonly Stage[]): number {
  const ofStage = ({ records }: Stage) =>
    stageWords + records.reduce((sum, words) => sum + words.length, 0);
  return stages.reduce((sum, stage) => sum + ofStage(stage), headerWords);
}

/** Writes a program to `address`. */
export function writeProgram(
  stages: readonly Stage[],
  { status, barrier }: { readonly status: number; readonly barrier: number },
  buffer: ArrayBufferLike,
  address: number,
): void {
  const words = new Int32Array(buffer, address, programWords(stages));
  words.set([stages.length, status, barrier, 0]);
  let at = headerWords + stageWords * stages.length;
  stages.forEach(({ rows, stripRows, records }, i) => {
    words.set([rows, stripRows, records.length, address + 4 * at], headerWords + stageWords * i);
    for (const record of records) {
      words.set(record, at);
      at += record.length;
    }
  });
}
