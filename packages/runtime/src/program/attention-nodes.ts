/** Attention as records. Its keys and values are whole edges, and a thread has room for what it makes of them. */
import type { Edge, NodeOf } from '../graph.js';
import type { AttentionShape } from '../kernels/attention.js';
import { exponentials } from '../kernels/bit-attention.js';
import { wordsFor } from '../kernels/bits.js';
import { attentionShape } from '../ops/attention.js';
import type { NodeScope } from './node-scope.js';
import { floatWord } from './records.js';
import { rowsOf } from './stages.js';

export type AttentionNode =
  NodeOf<'softmaxAttention'> | NodeOf<'bitAttention'> | NodeOf<'elasticAttention'>;

export function attentionRecords(node: AttentionNode, scope: NodeScope): number[][] {
  const inputs = [0, 1, 2].map((i) => scope.input(i));
  const shape = attentionShape(inputs, node.attributes.heads);
  const { keys, width, heads } = shape;
  const sizes = [rowsOf(inputs[0]).positions, keys, width, heads];
  const places = [1, 2].map((i) => scope.place(i).address);
  const scratch = [scope.scratch.address, scope.scratch.threadBytes];
  switch (node.op) {
    case 'softmaxAttention': {
      const scale = floatWord(node.attributes.scale);
      return [scope.record('softmaxAttention', [...sizes, ...places, ...scratch, scale])];
    }
    case 'bitAttention':
      return [scope.record('bitAttention', [...sizes, ...places, ...scratch, 0, 0])];
    case 'elasticAttention': {
      const { factor, least } = node.attributes;
      const size = width / heads + 1;
      const table = scope.own(8 * size, (buffer, at) => {
        new Float64Array(buffer, at, size).set(exponentials(shape, factor));
      });
      return [
        scope.record('bitAttention', [...sizes, ...places, ...scratch, table, floatWord(least)]),
      ];
    }
  }
}

/**
 * Whether a node reads whole edges of keys and values, beside queries of which each row is for itself. It wants all rows of a thread in one strip, since it makes
 * something of its keys and values first.
 */
export function isAttention(node: { readonly op: string }): node is AttentionNode {
  return ['softmaxAttention', 'bitAttention', 'elasticAttention'].includes(node.op);
}

/** Bytes of a thread's scratch, whatever the strip. */
export function attentionScratch(node: AttentionNode, inputs: readonly Edge[]): number {
  const shape = attentionShape(inputs, node.attributes.heads);
  return node.op === 'softmaxAttention' ? floatScratch(shape) : bitScratch(shape);
}

/** The keys of each head turned, [heads, d, keys padded to 16] of f64, and the weights of the keys. */
function floatScratch({ keys, width }: AttentionShape): number {
  return 8 * padded(keys) * (width + 1);
}

/**
 * The values turned, [heads, d / lanes, words of keys, lanes] of 32 bits, at most 16 lanes; of the keys the bits that take part; a query's row; how many bits differ; the keys of each
 * head, [heads, keys] rows of bits.
 */
function bitScratch({ keys, width, heads }: AttentionShape): number {
  const keyWords = wordsFor(keys);
  const rowWords = wordsFor(width / heads);
  const turned = heads * Math.ceil(width / heads / 16) * keyWords;
  return 64 * turned + 4 * (keyWords + rowWords * (heads * keys + 1) + padded(keys)) + 256;
}

function padded(keys: number): number {
  return 16 * Math.ceil(keys / 16);
}
