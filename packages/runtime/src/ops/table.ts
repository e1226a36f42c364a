/** Every op that a model file may name. Used by the reader, the writer, the converter and the executor alike. */
import type { Edge, NodeOf, OpName } from '../graph.js';
import { bitAttention, elasticAttention, firstRow, softmaxAttention } from './attention.js';
import { binaryConv2d, binaryDense } from './binary.js';
import { misfit } from './edges.js';
import {
  affine,
  clip,
  gelu,
  l2Norm,
  layerNorm,
  prelu,
  relu,
  sigmoid,
  softmax,
  tanh,
} from './element-wise.js';
import { conv2d, dense } from './float.js';
import { add, concat, double2d, reshape } from './joining.js';
import type { OpDefinition } from './op.js';
import { averagePool2d, maxPool2d } from './pooling.js';
import { quantize } from './quantize.js';
import { sign, threshold } from './signs.js';

export const opTable: { readonly [Op in OpName]: OpDefinition<Op> } = {
  sign,
  threshold,
  binaryConv2d,
  binaryDense,
  quantize,
  conv2d,
  dense,
  affine,
  relu,
  clip,
  prelu,
  sigmoid,
  tanh,
  softmax,
  l2Norm,
  layerNorm,
  gelu,
  softmaxAttention,
  bitAttention,
  elasticAttention,
  firstRow,
  maxPool2d,
  averagePool2d,
  add,
  concat,
  double2d,
  reshape,
};

/**
 * The edge that a node makes of these inputs.
 * @throws ModelFileError naming the node when their number, types or shapes do not fit it.
 */
export function inferOutput<Op extends OpName>(
  node: Omit<NodeOf<Op>, 'output'>,
  inputs: readonly Edge[],
): Edge {
  const { arity, infer } = opTable[node.op];
  const [fewest, most] = arity;
  if (inputs.length < fewest || inputs.length > most) {
    const allowed = fewest === most ? fewest : `${fewest} to ${most}`;
    throw misfit(node, `it reads ${inputs.length} edges; allowed: ${allowed}`);
  }
  return infer(node, inputs);
}
