/** Float convolution and dense layer as records. */
import type { Edge, NodeOf, PadValue, WeightType } from '../graph.js';
import type { ConvShape } from '../kernels/float-conv.js';
import { floats, scaledInt8s } from '../ops/stored.js';
import { convShape } from '../ops/windows.js';
import type { Arithmetic } from './assemble.js';
import { pointwiseShape } from './binary-nodes.js';
import type { KernelSet } from './kernel-set.js';
import { bitsAcross, blocksOf, floatBlocks, pairBlocks } from './layouts.js';
import type { FilterGroups } from './layouts.js';
import type { NodeScope } from './node-scope.js';
import { floatWord, windowWords } from './records.js';

type FloatNode = NodeOf<'conv2d'> | NodeOf<'dense'>;

export function floatRecords(
  node: FloatNode,
  scope: NodeScope,
  { floatLanes }: KernelSet,
  arithmetic: Arithmetic,
): number[][] {
  const input = scope.input();
  const shape = shapeOf(node, input);
  const { outChannels, groups } = shape;
  const sizes = { filters: outChannels / groups, groups };
  const window = [...windowWords(shape), shape.inChannels / groups, sizes.filters, groups];
  const scratch = [scope.scratch.address, scope.scratch.threadBytes];
  const bias = scope.floats('bias');
  if (input.type === 'i8') {
    const kernel = int8Blocks(shape, sizes, scope, floatLanes);
    const scale = scope.floats('scale');
    return [scope.record('int8Conv', [...window, kernel, scale, bias, ...scratch])];
  }
  const padValue: PadValue = node.op === 'conv2d' ? node.attributes.padValue : 0;
  const { weights } = node.attributes;
  const kernel =
    weights === 'bits'
      ? signBytes(shape, sizes, scope)
      : floatKernel(shape, sizes, weights, scope, floatLanes);
  const exact = arithmetic === 'exact' ? 1 : 0;
  const parameters = [scope.integers(), kernel, bias, floatWord(padValue), exact];
  const op = weights === 'bits' ? 'signWeightConv' : 'floatConv';
  return [scope.record(op, [...window, ...parameters, ...scratch])];
}

/** The address of a kernel of floats in blocks, whatever it is stored as. */
function floatKernel(
  shape: ConvShape,
  sizes: FilterGroups,
  weights: Exclude<WeightType, 'bits'>,
  scope: NodeScope,
  lanes: number,
): number {
  const count = numbersSeen(shape);
  const size = blocksOf(sizes, lanes) * lanes * count;
  const blocks = (kernel: Float32Array, buffer: ArrayBufferLike, at: number): void => {
    floatBlocks(kernel, sizes, lanes, count, new Float32Array(buffer, at, size));
  };
  if (weights === 'i8') {
    // Made of two tensors, so it is not shared with other nodes.
    const [kernel, scale] = [scope.required('kernel'), scope.required('scale')];
    return scope.own(4 * size, (buffer, at) =>
      blocks(scaledInt8s(kernel, floats(scale)), buffer, at),
    );
  }
  return scope.made('kernel', `float blocks of ${sizes.groups}`, 4 * size, (tensor, buffer, at) => {
    blocks(floats(tensor), buffer, at);
  });
}

/** The address of a kernel of signs: for each block of eight filters [K] bytes, bit j of a byte for filter j. */
function signBytes(shape: ConvShape, sizes: FilterGroups, scope: NodeScope): number {
  const count = numbersSeen(shape);
  const size = blocksOf(sizes, 8) * count;
  return scope.made('kernel', `sign bytes of ${sizes.groups}`, size, ({ bytes }, buffer, at) => {
    bitsAcross(bytes, sizes, count, new Uint8Array(buffer, at, size));
  });
}

/** The address of a kernel of int8 in blocks of pairs: [pairs of K, filters, 2], filled up with zeros. */
function int8Blocks(
  shape: ConvShape,
  sizes: FilterGroups,
  scope: NodeScope,
  lanes: number,
): number {
  const count = numbersSeen(shape);
  const size = blocksOf(sizes, lanes) * lanes * 2 * Math.ceil(count / 2);
  return scope.made('kernel', `int8 blocks of ${sizes.groups}`, size, ({ bytes }, buffer, at) => {
    pairBlocks(bytes, sizes, lanes, count, new Uint8Array(buffer, at, size));
  });
}

/** Bytes for the windows of one row of outputs: f64, f32, or pairs of int16. */
export function floatGathered(node: FloatNode, input: Edge, arithmetic: Arithmetic): number {
  const shape = shapeOf(node, input);
  const count = numbersSeen(shape);
  if (input.type === 'i8') return 4 * shape.outWidth * Math.ceil(count / 2);
  return (arithmetic === 'exact' ? 8 : 4) * shape.outWidth * count;
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
