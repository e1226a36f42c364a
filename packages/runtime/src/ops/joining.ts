/** Ops that bring edges together or give one another shape. */
import { quote } from '../format/json.js';
import { AttributeReader, noAttributes } from './attributes.js';
import { channelsOf, checkType, elementsOf, misfit, numbers, sameShape } from './edges.js';
import type { OpDefinition } from './op.js';

/** Most edges that a node joins. */
const mostJoined = 1024;

export const add: OpDefinition<'add'> = {
  op: 'add',
  arity: [2, mostJoined],
  attributes: noAttributes,
  infer: (node, inputs) => {
    const [{ shape }] = inputs;
    for (const input of inputs) {
      checkType(node, input, numbers);
      if (sameShape(input.shape, shape)) continue;
      throw misfit(node, `it adds the shapes ${quote(shape)} and ${quote(input.shape)}`);
    }
    return { type: 'f32', shape };
  },
  tensors: () => ({}),
  prepare: () => () => undefined,
  kernel: (_, inputs) => `add ${inputs.length}`,
};

export const concat: OpDefinition<'concat'> = {
  op: 'concat',
  arity: [2, mostJoined],
  attributes: noAttributes,
  infer: (node, inputs) => {
    const positions = inputs[0].shape.slice(0, -1);
    let channels = 0;
    for (const input of inputs) {
      checkType(node, input, numbers);
      channels += channelsOf(input);
      if (sameShape(input.shape.slice(0, -1), positions)) continue;
      const shapes = `${quote(inputs[0].shape)} and ${quote(input.shape)}`;
      throw misfit(node, `it joins the shapes ${shapes}, which differ before the last axis`);
    }
    return { type: 'f32', shape: [...positions, channels] };
  },
  tensors: () => ({}),
  prepare: () => () => undefined,
  kernel: (_, inputs) => `join ${inputs.length}`,
};

export const reshape: OpDefinition<'reshape'> = {
  op: 'reshape',
  arity: [1, 1],
  attributes: (given, where) => {
    return { shape: new AttributeReader(given, where, ['shape']).shape('shape') };
  },
  infer: (node, [input]) => {
    const output = { type: input.type, shape: node.attributes.shape };
    if (elementsOf(output) !== elementsOf(input)) {
      const sizes = `${elementsOf(input)} into ${elementsOf(output)}`;
      throw misfit(
        node,
        `it cannot turn ${quote(input.shape)} into ${quote(output.shape)}: ${sizes}`,
      );
    }
    return output;
  },
  tensors: () => ({}),
  prepare: () => () => undefined,
  kernel: () => 'reshape',
};
