/** Float convolution and dense layer as records. */
import type { Edge, NodeOf, PadValue } from '../graph.js';
import type { ConvShape } from '../kernels/float-conv.js';
import { floats, signs } from '../ops/stored.js';
import { convShape } from '../ops/windows.js';
import type { Arithmetic } from './assemble.js';
import { pointwiseShape } from './binary-nodes.js';
import type { KernelSet } from './kernel-set.js';
import { blocksOf, floatBlocks } from './layouts.js';
import type { NodeScope } from './node-scope.js';
import { floatWord, windowWords } from './records.js';

type FloatNode = NodeOf<'conv2d'> | NodeOf<'dense'>;

export function floatRecords(
  node: FloatNode,
  scope: NodeScope,
  { floatLanes }: KernelSet,
  arithmetic: Arithmetic,
): number[][] {
  const shape = shapeOf(node, scope.input());
  const { weights } = node.attributes;
  const padValue: PadValue = node.op === 'conv2d' ? node.attributes.padValue : 0;
  const { outChannels, groups } = shape;
  const sizes = { filters: outChannels / groups, groups };
  const count = numbersSeen(shape);
  const size = blocksOf(sizes, floatLanes) * floatLanes * count;
  const kernel = scope.made(
    'kernel',
    `float blocks of ${groups} groups`,
    4 * size,
    (tensor, buffer, at) => {
      const kernel = weights === 'bits' ? signs(tensor, outChannels, count) : floats(tensor);
      floatBlocks(kernel, sizes, floatLanes, count, new Float32Array(buffer, at, size));
    },
  );
  return [
    scope.record('floatConv', [
      ...windowWords(shape),
      shape.inChannels / groups,
      sizes.filters,
      groups,
      scope.integers(),
      kernel,
      scope.floats('bias'),
      floatWord(padValue),
      arithmetic === 'exact' ? 1 : 0,
      scope.scratch.address,
      scope.scratch.threadBytes,
    ]),
  ];
}

/** Bytes for the windows of one row of outputs. */
export function floatGathered(node: FloatNode, input: Edge, arithmetic: Arithmetic): number {
  const shape = shapeOf(node, input);
  return (arithmetic === 'exact' ? 8 : 4) * shape.outWidth * numbersSeen(shape);
}

function shapeOf(node: FloatNode, input: Edge): ConvShape {
  return node.op === 'conv2d'
    ? convShape(input, node.output, node.attributes)
    : pointwiseShape(input, node.output);
}

/** Of one group. */
function numbersSeen(s: ConvShape): number {
  return (s.filterHeight * s.filterWidth * s.inChannels) / s.groups;
}
