/** Ops of texts, [pieces, channels]: attention in float and on bits, and the first piece's row. */
import { quote } from '../format/json.js';
import { attentionScratchBytes, softmaxAttention as attend } from '../kernels/attention.js';
import type { AttentionShape } from '../kernels/attention.js';
import {
  bitAttention as attendBits,
  bitAttentionScratchBytes,
  exponentials,
  likely,
  notNegative,
} from '../kernels/bit-attention.js';
import type { ChooseKeys } from '../kernels/bit-attention.js';
import type { Edge, EdgeType, NodeOf } from '../graph.js';
import { AttributeReader, noAttributes } from './attributes.js';
import { asFloats, asIntegers, asWords } from './buffers.js';
import { channelsOf, checkType, misfit, positionsOf, sameShape } from './edges.js';
import type { Named } from './edges.js';
import type { Later, NodeMemory } from './memory.js';
import type { OpDefinition, Step } from './op.js';

/**
 * Most work of a node, which the size of a file does not bound: queries times keys times channels, of which a head counts 64 at least, because a
 * softmax takes as long as so many products. 4,096 pieces of 256 channels; 512 of BERT-large are a sixteenth of it.
 */
export const mostAttentionWork = 2 ** 32;
const leastOfHead = 64;

/** Float32 holds every integer up to here, as for sums of a binary layer. */
const largestSum = 2 ** 24;

export const softmaxAttention: OpDefinition<'softmaxAttention'> = {
  op: 'softmaxAttention',
  arity: [3, 3],
  attributes: (given, where) => {
    const read = new AttributeReader(given, where, ['heads', 'scale']);
    return { heads: read.count('heads'), scale: read.factor('scale') };
  },
  infer: (node, inputs) => attended(node, node.attributes.heads, inputs, 'f32', 'f32'),
  tensors: () => ({}),
  prepare: ({ attributes: { heads, scale } }, inputs, memory) => {
    const shape = attentionShape(inputs, heads);
    const scratch = memory.scratch(attentionScratchBytes(shape));
    return () => {
      const buffer = scratch();
      return ([q, k, v], out) => {
        attend(asFloats(q), asFloats(k), asFloats(v), shape, scale, asFloats(out), buffer);
      };
    };
  },
  kernel: ({ attributes: { heads } }) => `softmax attention, ${headsText(heads)}`,
};

export const bitAttention: OpDefinition<'bitAttention'> = {
  op: 'bitAttention',
  arity: [3, 3],
  attributes: (given, where) => {
    return { heads: new AttributeReader(given, where, ['heads']).count('heads') };
  },
  infer: (node, inputs) => attended(node, node.attributes.heads, inputs, 'bits', 'i32'),
  tensors: () => ({}),
  prepare: ({ attributes: { heads } }, inputs, memory) => {
    const shape = attentionShape(inputs, heads);
    return bitStep(shape, () => notNegative(shape), memory);
  },
  kernel: ({ attributes: { heads } }) =>
    `xor-popcount scores, and-popcount values, ${headsText(heads)}`,
};

export const elasticAttention: OpDefinition<'elasticAttention'> = {
  op: 'elasticAttention',
  arity: [3, 3],
  attributes: (given, where) => {
    const read = new AttributeReader(given, where, ['heads', 'factor', 'least']);
    return {
      heads: read.count('heads'),
      factor: read.factor('factor'),
      least: read.factor('least'),
    };
  },
  infer: (node, inputs) => attended(node, node.attributes.heads, inputs, 'bits', 'i32'),
  tensors: () => ({}),
  prepare: ({ attributes: { heads, factor, least } }, inputs, memory) => {
    const shape = attentionShape(inputs, heads);
    const table = memory.own(8 * (shape.width / heads + 1), () => exponentials(shape, factor));
    return bitStep(shape, () => likely(table(), least), memory);
  },
  kernel: ({ attributes: { heads } }) =>
    `xor-popcount scores, softmax, and-popcount values, ${headsText(heads)}`,
};

export const firstRow: OpDefinition<'firstRow'> = {
  op: 'firstRow',
  arity: [1, 1],
  attributes: noAttributes,
  infer: (node, [{ type, shape }]) => {
    if (shape.length > 1) return { type, shape: shape.slice(1) };
    throw misfit(node, `it reads the shape ${quote(shape)}; allowed: two axes or more`);
  },
  tensors: () => ({}),
  prepare:
    () =>
    () =>
    ([x], out) =>
      out.set(x.subarray(0, out.length)),
  kernel: () => 'first row',
};

/** That all three edges are [rows, width], keys and values of the same rows. */
export function attentionShape([queries, keys]: readonly Edge[], heads: number): AttentionShape {
  return {
    queries: positionsOf(queries),
    keys: positionsOf(keys),
    width: channelsOf(queries),
    heads,
  };
}

function attended(
  node: Named,
  heads: number,
  inputs: readonly Edge[],
  from: EdgeType,
  to: EdgeType,
): Edge {
  for (const input of inputs) checkType(node, input, [from]);
  const [queries, keys, values] = inputs;
  const width = channelsOf(queries);
  if (keys.shape.length !== 2 || channelsOf(keys) !== width) {
    throw misfit(
      node,
      `its keys have the shape ${quote(keys.shape)}; allowed: [pieces, ${width}], the channels of its queries`,
    );
  }
  if (!sameShape(keys.shape, values.shape)) {
    throw misfit(
      node,
      `its values have the shape ${quote(values.shape)}; allowed: that of its keys, ${quote(keys.shape)}`,
    );
  }
  if (to === 'i32' && keys.shape[0] > largestSum) {
    throw misfit(node, `its sums have ${keys.shape[0]} values; allowed: ${largestSum}`);
  }
  if (width % heads !== 0) {
    throw misfit(node, `its heads are ${heads}; allowed: divisors of its ${width} channels`);
  }
  const perPair = Math.max(width, leastOfHead * heads);
  const work = positionsOf(queries) * positionsOf(keys) * perPair;
  if (work > mostAttentionWork) {
    throw misfit(
      node,
      `its ${positionsOf(queries)} queries times ${positionsOf(keys)} keys times ${perPair} (its channels, or ${leastOfHead} for each head) are ${work}; allowed: ${mostAttentionWork}`,
    );
  }
  return { type: to, shape: queries.shape };
}

function bitStep(
  shape: AttentionShape,
  choose: Later<ChooseKeys>,
  memory: NodeMemory,
): Later<Step> {
  const scratch = memory.scratch(bitAttentionScratchBytes(shape));
  return () => {
    const [buffer, chosen] = [scratch(), choose()];
    return ([q, k, v], out) => {
      attendBits(asWords(q), asWords(k), asWords(v), shape, chosen, asIntegers(out), buffer);
    };
  };
}

function headsText(heads: NodeOf<'bitAttention'>['attributes']['heads']): string {
  return heads === 1 ? '1 head' : `${heads} heads`;
}
