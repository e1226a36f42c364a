/** Binary convolution and dense layer as records; a dense layer is the convolution of a 1 x 1 window. */
import type { Edge, NodeOf, PadValue } from '../graph.js';
import { bitsSeen, needsTapSums } from '../kernels/binary-conv.js';
import { wordsFor } from '../kernels/bits.js';
import type { ConvShape } from '../kernels/float-conv.js';
import { convShape } from '../ops/windows.js';
import { filterStarts, tapSums } from './filter-sums.js';
import type { KernelSet } from './kernel-set.js';
import { bitBlocks, blocksOf } from './layouts.js';
import type { NodeScope } from './node-scope.js';
import { windowWords } from './records.js';
import { rowsOf } from './stages.js';

type BinaryNode = NodeOf<'binaryConv2d'> | NodeOf<'binaryDense'>;

export function binaryRecords(node: BinaryNode, scope: NodeScope, kernels: KernelSet): number[][] {
  const input = scope.input();
  const shape = shapeOf(node, input);
  const padValue: PadValue = node.op === 'binaryConv2d' ? node.attributes.padValue : 0;
  const operand = input.type === 'unsigned' ? 'unsigned' : 'bits';
  const { outChannels, groups } = shape;
  const sizes = { filters: outChannels / groups, groups };
  const bits = bitsSeen(shape);
  const row = rowBytes(shape, kernels);
  const { lanes } = kernels.bitBlocks;
  const size = blocksOf(sizes, lanes) * lanes * row;
  const kernel = scope.made(
    'kernel',
    `blocks of ${groups} groups`,
    size,
    ({ bytes }, buffer, at) => {
      bitBlocks(bytes, sizes, kernels.bitBlocks, row, new Uint8Array(buffer, at, size));
    },
  );
  const starts = scope.made(
    'kernel',
    `starts, ${operand} ${bits}`,
    4 * (outChannels + lanes),
    (tensor, buffer, at) => {
      new Int32Array(buffer, at, outChannels).set(filterStarts(tensor, shape, operand));
    },
  );
  const taps = shape.filterHeight * shape.filterWidth;
  const sums = needsTapSums(operand, padValue)
    ? scope.made(
        'kernel',
        `sums of ${taps} taps, ${bits}`,
        4 * taps * outChannels,
        (tensor, buffer, at) => {
          new Int32Array(buffer, at, taps * outChannels).set(tapSums(tensor, shape));
        },
      )
    : 0;
  const setOutside = padValue === (operand === 'bits' ? -1 : 1) ? 1 : 0;
  return [
    scope.record('binaryConv', [
      ...windowWords(shape),
      shape.inChannels / groups,
      sizes.filters,
      groups,
      4 * wordsFor(shape.inChannels),
      row,
      kernel,
      starts,
      operand === 'bits' ? -2 : 1,
      sums,
      setOutside,
      scope.scratch.address,
      scope.scratch.threadBytes,
    ]),
  ];
}

/** Bytes for the windows of one row of outputs. */
export function binaryGathered(node: BinaryNode, input: Edge, kernels: KernelSet): number {
  const shape = shapeOf(node, input);
  return shape.outWidth * rowBytes(shape, kernels);
}

/** A window's bits, in whole words and in whole units. */
function rowBytes(shape: ConvShape, { bitBlocks: { unit } }: KernelSet): number {
  const step = Math.max(4, unit);
  return step * Math.ceil(bitsSeen(shape) / (8 * step));
}

function shapeOf(node: BinaryNode, input: Edge): ConvShape {
  return node.op === 'binaryConv2d'
    ? convShape(input, node.output, node.attributes)
    : pointwiseShape(input, node.output);
}

/** A dense layer on the rows of an edge. */
export function pointwiseShape(input: Edge, output: Edge): ConvShape {
  const { rows, positions, channels } = rowsOf(input);
  return {
    inHeight: rows,
    inWidth: positions,
    inChannels: channels,
    outHeight: rows,
    outWidth: positions,
    outChannels: rowsOf(output).channels,
    filterHeight: 1,
    filterWidth: 1,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: 0,
    padLeft: 0,
    groups: 1,
  };
}
