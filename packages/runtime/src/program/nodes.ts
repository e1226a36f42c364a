/** The records of every op: the program's side of the op table. */
import type { Edge, GraphNode, NodeOf, OpName } from '../graph.js';
import { wordsFor } from '../kernels/bits.js';
import { channelsOf, elementsOf, operands, positionsOf } from '../ops/edges.js';
import { poolShape } from '../ops/windows.js';
import type { Arithmetic } from './assemble.js';
import { attentionRecords } from './attention-nodes.js';
import { binaryGathered, binaryRecords } from './binary-nodes.js';
import { floatGathered, floatRecords } from './float-nodes.js';
import type { KernelSet } from './kernel-set.js';
import type { NodeScope } from './node-scope.js';
import { floatWord, operandWords, windowWords } from './records.js';
import type { ProgramOp } from './records.js';
import { rowBytes, rowsOf } from './stages.js';

type Records = {
  readonly [Op in OpName]: (
    node: NodeOf<Op>,
    scope: NodeScope,
    kernels: KernelSet,
    arithmetic: Arithmetic,
  ) => number[][];
};

export const recordsOf: Records = {
  sign: ({ attributes: { values } }, scope) => {
    const [positions, channels] = perPosition(scope);
    if (values === 'f32') {
      return [scope.record('signFloats', [positions * channels, scope.integers()])];
    }
    const { complement } = valuesOf(values);
    const perRow = positions * channels;
    return [scope.record('signBits', [positions, channels, scope.integers(), complement, perRow])];
  },
  threshold: ({ attributes: { values } }, scope) => {
    const [positions, channels] = perPosition(scope);
    const thresholds = scope.integersOf('thresholds');
    const flips = scope.flips(wordsFor(channels));
    const { complement } = valuesOf(values);
    return [scope.record('threshold', [positions, channels, thresholds, flips, complement])];
  },
  quantize: ({ attributes: { factor } }, scope) => each('quantize', scope, [floatWord(factor)]),
  binaryConv2d: binaryRecords,
  binaryDense: binaryRecords,
  conv2d: floatRecords,
  dense: floatRecords,
  affine: (_, scope) => {
    const tensors = [scope.floats('a'), scope.floats('b')];
    return [scope.record('affine', [...perPosition(scope), scope.integers(), ...tensors])];
  },
  prelu: (_, scope) => [
    scope.record('prelu', [...perPosition(scope), scope.integers(), scope.floats('alpha')]),
  ],
  relu: (_, scope) => each('relu', scope),
  clip: ({ attributes: { min, max } }, scope) =>
    each('clip', scope, [floatWord(min), floatWord(max)]),
  sigmoid: (_, scope) => each('sigmoid', scope),
  tanh: (_, scope) => each('tanh', scope),
  l2Norm: (_, scope) => [
    scope.record('l2Norm', [...perPosition(scope), scope.integers(), scope.floats('scale')]),
  ],
  softmax: (_, scope) => [scope.record('softmax', [...perPosition(scope), scope.integers()])],
  layerNorm: ({ attributes: { epsilon } }, scope) => {
    const tensors = [scope.floats('gamma'), scope.floats('beta')];
    const parameters = [...perPosition(scope), scope.integers(), ...tensors, floatWord(epsilon)];
    return [scope.record('layerNorm', parameters)];
  },
  gelu: (_, scope) => each('gelu', scope),
  softmaxAttention: attentionRecords,
  bitAttention: attentionRecords,
  elasticAttention: attentionRecords,
  firstRow: (_, scope) => [scope.record('copy', [rowBytes(scope.input())])],
  maxPool2d: ({ attributes: { window }, output }, scope) => {
    const input = scope.input();
    const sizes = windowWords(poolShape(input, output, window));
    const channels = channelsOf(input);
    if (input.type !== 'bits') {
      return [scope.record('maxPool', [...sizes, channels, scope.integers()])];
    }
    const words = wordsFor(channels);
    return [scope.record('maxPoolBits', [...sizes, words, scope.flips(words)])];
  },
  averagePool2d: ({ attributes: { window }, output }, scope) => {
    const input = scope.input();
    const sizes = windowWords(poolShape(input, output, window));
    return [scope.record('averagePool', [...sizes, channelsOf(input), scope.integers()])];
  },
  add: ({ inputs }, scope) => {
    const perRow = perPosition(scope).reduce((a, b) => a * b, 1);
    return inputs.slice(1).map((_, i) => {
      const second = [scope.integers(i + 1), ...operandWords(scope.place(i + 1))];
      // From the second sum on the first number is the sum so far.
      const first = i === 0 ? scope.place(0) : scope.output();
      return scope.record('add', [perRow, i === 0 ? scope.integers(0) : 0, ...second], first);
    });
  },
  concat: ({ inputs, output }, scope) => {
    const whole = channelsOf(output);
    let first = 0;
    return inputs.map((_, i) => {
      const { positions, channels } = rowsOf(scope.input(i));
      const parameters = [positions, channels, scope.integers(i), whole, first];
      first += channels;
      return scope.record('place', parameters, scope.place(i));
    });
  },
  // A row of the input is two of the output: four times the channels of the row, each time one place further.
  double2d: (_, scope) => {
    const { positions, channels } = rowsOf(scope.input());
    const row = 2 * positions * channels;
    const out = scope.output();
    return [0, channels, row, row + channels].map((first) =>
      scope.record(
        'place',
        [positions, channels, scope.integers(), 2 * channels, first],
        scope.place(),
        { ...out, rowBytes: 2 * out.rowBytes },
      ),
    );
  },
  reshape: ({ output }, scope) => {
    const input = scope.input();
    const [from, to] = [channelsOf(input), channelsOf(output)];
    if (input.type === 'i8') return [scope.record('copy', [elementsOf(input)])];
    if (!operands.includes(input.type)) return [scope.record('copy', [4 * elementsOf(input)])];
    if (from === to) return [scope.record('copy', [4 * positionsOf(input) * wordsFor(from)])];
    return [scope.record('regroup', [positionsOf(input), from, to])];
  },
};

/** Bytes that a strip of one row needs for what the node's windows see. */
export function gatheredBytes(
  node: GraphNode,
  inputs: readonly Edge[],
  kernels: KernelSet,
  arithmetic: Arithmetic,
): number {
  if (node.op === 'binaryConv2d' || node.op === 'binaryDense') {
    return binaryGathered(node, inputs[0], kernels);
  }
  if (node.op === 'conv2d' || node.op === 'dense')
    return floatGathered(node, inputs[0], arithmetic);
  return 0;
}

/** Positions of a row, and channels, of the first edge. */
function perPosition(scope: NodeScope): [positions: number, channels: number] {
  const { positions, channels } = rowsOf(scope.input());
  return [positions, channels];
}

function each(op: ProgramOp, scope: NodeScope, parameters: readonly number[] = []): number[][] {
  const [positions, channels] = perPosition(scope);
  return [scope.record(op, [positions * channels, scope.integers(), ...parameters])];
}

/** Unsigned bits are 1 where signs' bits are 0. */
function valuesOf(values: 'bits' | 'unsigned'): { readonly complement: number } {
  return { complement: values === 'unsigned' ? -1 : 0 };
}
